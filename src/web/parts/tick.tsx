/** One step that was checked, is being checked, or failed. */
import type { ComponentChildren } from "preact";

export type TickState = "good" | "bad" | "waiting";

const marks = { good: "✓", bad: "✗", waiting: "…" } as const;
const words = { good: "Right: ", bad: "Wrong: ", waiting: "Waiting: " } as const;

export function Tick({ state, children }: { state: TickState; children?: ComponentChildren }) {
  return (
    <li class={`tick ${state}`}>
      <span class="tick-mark" aria-hidden="true">
        {marks[state]}
      </span>
      <span>
        <span class="unseen">{words[state]}</span>
        {children}
      </span>
    </li>
  );
}
