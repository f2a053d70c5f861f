/** Why an answer did not come: what the node said, and its next step. */
import { ApiProblem, ApiUnreachable } from "../../client/index.ts";
import { Note } from "./note.tsx";

interface ProblemNoteProps {
  readonly problem: unknown;
  /** What is missing now, for people. */
  readonly what?: string;
  readonly next?: string;
}

export function ProblemNote({ problem, what, next }: ProblemNoteProps) {
  const said = saidOf(problem);
  return (
    <div role="alert">
      <Note kind="bad" title={what ?? said.what}>
        {what !== undefined && <p>{said.what}</p>}
        <p>{next ?? said.next}</p>
      </Note>
    </div>
  );
}

function saidOf(problem: unknown): { what: string; next: string } {
  if (problem instanceof ApiProblem) return { what: problem.message, next: problem.next };
  if (problem instanceof ApiUnreachable) {
    return { what: "The node does not answer", next: "This page asks again by itself." };
  }
  return { what: problem instanceof Error ? problem.message : String(problem), next: "Reload the page." };
}
