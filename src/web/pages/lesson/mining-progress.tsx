/** How far a search for a nonce is. */
import type { Miner } from "../../learn/use-miner.ts";
import { Note } from "../../parts/note.tsx";
import { wholeNumber } from "./whole-number.ts";

export function MiningProgress({ of: { progress } }: { of: Miner }) {
  if (!progress) return null;
  return (
    <span class="soft small">
      {wholeNumber(progress.attempts)} tries
      {progress.hashesPerSecond > 0 && `, ${wholeNumber(progress.hashesPerSecond)} a second`} …
    </span>
  );
}

/** Why the last search ended without a nonce. */
export function MiningProblem({ of: { problem } }: { of: Miner }) {
  if (!problem) return null;
  return (
    <Note kind="bad" title="Mining ended">
      {problem}
    </Note>
  );
}
