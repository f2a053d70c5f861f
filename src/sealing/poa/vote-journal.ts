/**
 * The vote journal: what an authority voted, on disk before it leaves, so that no two of its votes contradict each
 * other, whatever is killed when. Two twins implement it, a file and memory; one contract suite holds both.
 */
import { bytesEqual } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import { mayVote, noVote, type VoteWatermark } from "../../consensus/finality/vote-rule.ts";
import { encodeVote, type Vote, VoteType } from "../../protocol/vote.ts";

export interface VoteJournal {
  /** What the last vote allows the next one; as in `noVote` where there is none. */
  readonly watermark: VoteWatermark;
  /** The last vote that is durable: to be sent again after a restart. */
  readonly last: Vote | undefined;
  /** Below this target height votes may have been cast and forgotten. */
  readonly floorHeight: number;
  /** The vote for a target of this height, once it is durable. */
  votedAt(targetHeight: number): Vote | undefined;
  /**
   * Resolves when the vote is durable; the last vote again is fine. Rejects with an InvariantError where the watermark
   * forbids it, and with a JournalError where the disk failed: the vote must not leave then.
   */
  record(vote: Vote): Promise<void>;
  close(): Promise<void>;
}

export function watermarkAfter(last: Vote | undefined): VoteWatermark {
  return last ? { sourceHeight: last.source.height, targetHeight: last.target.height } : noVote;
}

export function isSameVote(a: Vote, b: Vote): boolean {
  return bytesEqual(encodeVote(a), encodeVote(b));
}

/** By its bytes: the vote's arrays are the caller's, or parts of a whole block. */
export function copyOf(vote: Vote): Vote {
  return VoteType.deserialize(encodeVote(vote));
}

/** The one thing that the journal is for. */
export function requireAllowed(vote: Vote, last: Vote | undefined): void {
  invariant(mayVote(vote, watermarkAfter(last)), "an authority's votes never contradict each other");
}
