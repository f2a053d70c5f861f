/** The buttons of one node, and what there is to be seen once one was pressed. */
import { useState } from "preact/hooks";
import {
  type LabActed,
  type LabAction,
  type LabNode,
  type LabTrouble,
  labDelayMsMax,
} from "../../../api/lab.ts";
import { ApiProblem } from "../../../client/index.ts";
import { offsetText } from "../../lab/node-badges.ts";
import { type ActionInput, act } from "../../lab/use-lab.ts";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Note } from "../../parts/note.tsx";
import { sentence } from "../../parts/sentence-text.ts";
import { UserText } from "../../parts/user-text.tsx";

/** One press each; the others take a value. */
const simple = ["send", "start", "stop", "kill", "restart", "cut", "heal", "withhold", "release"] as const;
const delayStepMs = 100;
const hourMs = 3_600_000;
const clockChoices = [-hourMs, 0, hourMs] as const;
const tamperChoices = [
  ["block", "Change a block"],
  ["balance", "Change a balance"],
] as const;

type Outcome = { readonly acted: LabActed } | { readonly problem: unknown };

export function NodeActions({ node, troubles }: { node: LabNode; troubles: readonly LabTrouble[] }) {
  const { name, can, delayMs, clockOffsetMs } = node;
  const [running, setRunning] = useState<string>();
  const [outcome, setOutcome] = useState<Outcome>();
  const [wantedMs, setWantedMs] = useState<number>();
  const troubleOf = (action: LabAction) => troubles.find((trouble) => trouble.action === action);
  const press = async (action: LabAction, input?: ActionInput) => {
    setRunning(troubleOf(action)?.title ?? action);
    setOutcome(undefined);
    try {
      setOutcome({ acted: await act(name, action, input) });
    } catch (problem) {
      setOutcome({ problem });
    }
    setRunning(undefined);
  };
  const isBusy = (action: LabAction) => running !== undefined && action !== "kill";
  return (
    <div class="lab-actions">
      <div class="row">
        {simple
          .filter((action) => can.includes(action))
          .map((action) => (
            <span key={action} title={troubleOf(action)?.does}>
              <Button
                kind={
                  action === "kill" ? "danger" : action === "start" || action === "send" ? "main" : "plain"
                }
                disabled={isBusy(action)}
                onClick={() => press(action)}
              >
                {troubleOf(action)?.title ?? action}
              </Button>
            </span>
          ))}
      </div>
      <details>
        <summary>Delay, clock, tamper</summary>
        <div class="stack lab-more">
          {can.includes("delay") && (
            <div class="lab-delay">
              <Field label={`Delay: ${wantedMs ?? delayMs} ms each way`} hint={troubleOf("delay")?.does}>
                {(props) => (
                  <input
                    {...props}
                    type="range"
                    min={0}
                    max={labDelayMsMax}
                    step={delayStepMs}
                    value={wantedMs ?? delayMs}
                    onInput={({ currentTarget }) => setWantedMs(currentTarget.valueAsNumber)}
                  />
                )}
              </Field>
              <Button
                disabled={isBusy("delay") || (wantedMs ?? delayMs) === delayMs}
                onClick={() => press("delay", { ms: wantedMs ?? delayMs }).then(() => setWantedMs(undefined))}
              >
                Set delay
              </Button>
            </div>
          )}
          {can.includes("clock") && (
            <fieldset class="lab-choices">
              <legend>{troubleOf("clock")?.title ?? "Clock"}</legend>
              <p class="small soft">{troubleOf("clock")?.does}</p>
              <div class="row">
                {clockChoices.map((offsetMs) => (
                  <Button
                    key={offsetMs}
                    disabled={isBusy("clock") || offsetMs === clockOffsetMs}
                    onClick={() => press("clock", { offsetMs })}
                  >
                    {offsetMs === 0 ? "Right" : offsetText(offsetMs)}
                  </Button>
                ))}
              </div>
            </fieldset>
          )}
          {can.includes("tamper") && (
            <fieldset class="lab-choices">
              <legend>{troubleOf("tamper")?.title ?? "Tamper"}</legend>
              <p class="small soft">{troubleOf("tamper")?.does}</p>
              <div class="row">
                {tamperChoices.map(([what, title]) => (
                  <Button
                    key={what}
                    kind="danger"
                    disabled={isBusy("tamper")}
                    onClick={() => press("tamper", { what })}
                  >
                    {title}
                  </Button>
                ))}
              </div>
            </fieldset>
          )}
        </div>
      </details>
      <div role="status" class="lab-outcome">
        {running !== undefined && <p class="small soft">{running} …</p>}
        {outcome && <OutcomeNote name={name} outcome={outcome} />}
      </div>
    </div>
  );
}

function OutcomeNote({ name, outcome }: { name: string; outcome: Outcome }) {
  if ("acted" in outcome) {
    const { did, lookFor } = outcome.acted;
    return (
      <Note kind="good" title={`${name} ${did}`}>
        <strong>Look for this:</strong> <UserText text={lookFor} />
      </Note>
    );
  }
  const { problem } = outcome;
  if (problem instanceof ApiProblem) {
    return (
      <Note kind="bad" title="That was not done">
        <UserText text={`${sentence(problem.message)} ${sentence(problem.next)}`} />
      </Note>
    );
  }
  return (
    <Note kind="bad" title="That may not have been done">
      The demonstration gave no answer. Look at the node's state, then press again.
    </Note>
  );
}
