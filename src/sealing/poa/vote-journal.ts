/**
 * Slashing protection for votes: no two votes of an authority contradict each other, even if the process is killed at
 * any moment. Each vote is on disk before it leaves. A file implements this, and in tests a twin in memory.
 */
import { bytesEqual } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import { mayVote, noVote, type VoteWatermark } from "../../consensus/finality/vote-rule.ts";
import { encodeVote, type Vote, VoteType } from "../../protocol/vote.ts";

export interface VoteJournal {
  /** What the last vote allows the next one; as in `noVote` if there is no vote yet. */
  readonly watermark: VoteWatermark;
  /** The last vote that is durable; it is sent again after a restart. */
  readonly last: Vote | undefined;
  /** The journal does not remember all votes that were cast below this target height. */
  readonly floorHeight: number;
  /** The vote for a target of this height, once it is durable. */
  votedAt(targetHeight: number): Vote | undefined;
  /**
   * Resolves when the vote is durable; the last vote again is fine. Rejects with an InvariantError if the watermark
   * forbids the vote, and with a JournalError if the disk failed. After a rejection the vote must not leave.
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

/** A copy by its bytes: the arrays of `vote` belong to the caller, or are parts of a whole block. */
export function copyOf(vote: Vote): Vote {
  return VoteType.deserialize(encodeVote(vote));
}

/** Throws if `vote` contradicts the votes before it. */
export function requireAllowed(vote: Vote, last: Vote | undefined): void {
  invariant(mayVote(vote, watermarkAfter(last)), "an authority's votes never contradict each other");
}
