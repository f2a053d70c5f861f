/** Says that what is shown could not be read again, and stays what it was. */
import { ApiProblem } from "../../client/index.ts";
import { useNode } from "../live/node-view.ts";
import { ProblemNote } from "./problem-note.tsx";

/** @param problem of the last try; undefined: what is shown is up to date */
export function OldNote({ problem }: { problem: unknown }) {
  const { connection } = useNode();
  // That nobody answers at all is said above every page.
  if (problem === undefined || connection.kind === "lost") return null;
  const isPassing = !(problem instanceof ApiProblem) || problem.status === 429 || problem.status >= 500;
  if (!isPassing) return <ProblemNote problem={problem} />;
  const why = problem instanceof ApiProblem ? `: ${problem.message}` : "";
  return <p class="old-note">This could not be read again{why}. It is tried again by itself.</p>;
}
