/** How far a search for a nonce is. */
import type { Miner } from "../../learn/use-miner.ts";
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
