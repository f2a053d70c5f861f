/** Says aloud that blocks came: politely, and not each of them if they come fast. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { StripBlock } from "./strip-layout.ts";

const pauseMs = 15_000;

export function NewBlockVoice({ head }: { head: StripBlock | undefined }) {
  const [said, setSaid] = useState("");
  const last = useRef<{ readonly hash: string; readonly atMs: number }>(undefined);
  useEffect(() => {
    if (!head) return;
    const nowMs = Date.now();
    const before = last.current;
    if (before && (before.hash === head.hash || nowMs - before.atMs < pauseMs)) return;
    last.current = { hash: head.hash, atMs: nowMs };
    // Not of the block that was there when the page was opened: nothing has happened.
    if (before) setSaid(`Block ${head.height} with ${head.transactionCount} transactions`);
  }, [head?.hash]);
  return (
    <p class="unseen" role="status">
      {said}
    </p>
  );
}
