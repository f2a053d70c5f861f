/** The vote journal in memory: a simulation keeps it while its node restarts, as a disk would. */
import type { Vote } from "../../src/protocol/vote.ts";
import { floorHeightOf, journalHeightsKept } from "../../src/sealing/poa/journal.ts";
import {
  copyOf,
  isSameVote,
  requireAllowed,
  type VoteJournal,
  watermarkAfter,
} from "../../src/sealing/poa/vote-journal.ts";

/** `close()` forgets nothing: the same journal goes to the restarted node. */
export function createMemoryVoteJournal({ heightsKept = journalHeightsKept } = {}): VoteJournal {
  const votes = new Map<number, Vote>();
  let last: Vote | undefined;
  let floorHeight = 0;
  return {
    get watermark() {
      return watermarkAfter(last);
    },
    get last() {
      return last;
    },
    get floorHeight() {
      return floorHeight;
    },
    votedAt: (targetHeight) => votes.get(targetHeight),
    async record(vote) {
      if (last && isSameVote(last, vote)) return;
      requireAllowed(vote, last);
      last = copyOf(vote);
      votes.set(vote.target.height, last);
      floorHeight = floorHeightOf(vote.target.height, heightsKept);
      for (const height of votes.keys()) if (height < floorHeight) votes.delete(height);
    },
    async close() {},
  };
}
