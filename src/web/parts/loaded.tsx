/** An answer that may still be on its way, may have failed, or may be old. */
import type { ComponentChildren } from "preact";
import type { Answer } from "../live/use-answer.ts";
import { OldNote } from "./old-note.tsx";
import { ProblemNote } from "./problem-note.tsx";

interface LoadedProps<Value> {
  readonly of: Answer<Value>;
  /** Drawn with the newest answer, also while the next one is on its way. */
  readonly children: (value: Value) => ComponentChildren;
}

export function Loaded<Value>({ of: { answer, problem, isLoading }, children }: LoadedProps<Value>) {
  if (answer === undefined) {
    if (problem !== undefined && !isLoading) return <ProblemNote problem={problem} />;
    return <p class="loading">Loading …</p>;
  }
  return (
    <>
      <OldNote problem={problem} />
      {children(answer)}
    </>
  );
}
