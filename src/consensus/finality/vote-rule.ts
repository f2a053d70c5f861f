/** The two rules that an honest authority never breaks, and finality's own: all that safety rests on, side by side. */
import type { HeaderRecord } from "../../protocol/block.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import type { Link } from "../../protocol/vote.ts";

/** The highest that an authority has voted: kept on disk, and never lowered. */
export interface VoteWatermark {
  readonly sourceHeight: number;
  readonly targetHeight: number;
}

/** An authority that has never voted. */
export const noVote: VoteWatermark = { sourceHeight: 0, targetHeight: 0 };

/**
 * Whether the watermark allows a vote. The first half forbids two votes for one height, both together forbid a vote
 * that surrounds an earlier one or lies within it (the slashing conditions of Casper FFG, Buterin and Griffith 2017).
 */
export function mayVote({ source, target }: Link, watermark: VoteWatermark): boolean {
  return target.height > watermark.targetHeight && source.height >= watermark.sourceHeight;
}

/** The vote for a head that is due and allowed; undefined where there is none. */
export function voteOn(
  head: HeaderRecord,
  justified: Checkpoint,
  watermark: VoteWatermark,
): Link | undefined {
  const link = { source: justified, target: { height: head.header.height, hash: head.hash } };
  return mayVote(link, watermark) ? link : undefined;
}

/**
 * Whether a certified link makes its source final: every block between the two has to be certified, too. With none
 * between, the link alone is enough.
 */
export function linkFinalizes(
  sourceHeight: number,
  targetHeight: number,
  isJustified: (height: number) => boolean,
): boolean {
  for (let height = sourceHeight + 1; height < targetHeight; height += 1) {
    if (!isJustified(height)) return false;
  }
  return true;
}
