/** All that safety rests on: the two rules that an honest authority never breaks, and the rule that makes a block final. */
import type { HeaderRecord } from "../../protocol/block.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import type { Link } from "../../protocol/vote.ts";

/** The highest source and target that an authority has voted for. It is kept on disk and never lowered. */
export interface VoteWatermark {
  readonly sourceHeight: number;
  readonly targetHeight: number;
}

/** An authority that has never voted. */
export const noVote: VoteWatermark = { sourceHeight: 0, targetHeight: 0 };

/**
 * Whether the watermark allows a vote. The rule for the target forbids two votes for one height. Together with the rule
 * for the source it forbids a vote that surrounds an earlier one or lies within it (the slashing conditions of Casper
 * FFG, Buterin and Griffith 2017).
 */
export function mayVote({ source, target }: Link, watermark: VoteWatermark): boolean {
  return target.height > watermark.targetHeight && source.height >= watermark.sourceHeight;
}

/** The vote for a head, if it is due and allowed. */
export function voteOn(
  head: HeaderRecord,
  justified: Checkpoint,
  watermark: VoteWatermark,
): Link | undefined {
  const link = { source: justified, target: { height: head.header.height, hash: head.hash } };
  return mayVote(link, watermark) ? link : undefined;
}

/**
 * Whether a certified link makes its source final: every block between source and target must be certified, too. If
 * there is no block between them, the link alone is enough.
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
