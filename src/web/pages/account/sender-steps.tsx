/** Leads from a transaction to the sender's one before and the one after it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useNode } from "../../live/node-view.ts";
import { Button } from "../../parts/button.tsx";
import { useGo } from "../../shell/place.ts";
import { type SenderPlace, senderStep } from "./sender-step.ts";

export function SenderSteps(place: SenderPlace) {
  const { api } = useNode();
  const go = useGo();
  const [said, setSaid] = useState("");
  const over = useRef(new AbortController());
  useEffect(() => () => over.current.abort(), []);
  const lead = async (step: -1 | 1) => {
    setSaid("");
    const { signal } = over.current;
    try {
      const id = await senderStep(api, place, step, signal);
      if (id !== undefined) return go("transaction", { id });
      setSaid(step < 0 ? "It is not in the chain nearby." : "There is none so far.");
    } catch (problem) {
      if (!signal.aborted) setSaid(String((problem as Error).message));
    }
  };
  const { sequence } = place;
  return (
    <span class="row">
      <span>{sequence}</span>
      <Button disabled={sequence === 0} onClick={() => void lead(-1)}>
        <span aria-hidden="true">←</span>
        <span class="unseen">The sender's one before, </span>
        {sequence > 0 ? sequence - 1 : ""}
      </Button>
      <Button onClick={() => void lead(1)}>
        <span class="unseen">The sender's one after, </span>
        {sequence + 1}
        <span aria-hidden="true">→</span>
      </Button>
      <span class="small soft" role="status">
        {said}
      </span>
    </span>
  );
}
