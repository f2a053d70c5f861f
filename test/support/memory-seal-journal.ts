/** The sign-once journal in memory: a simulation keeps it while its node restarts, as a disk would. */
import { toHex } from "../../src/base/bytes.ts";
import { floorHeightOf, journalHeightsKept } from "../../src/sealing/poa/journal.ts";
import {
  requireRemembered,
  requireSameBlock,
  type SealJournal,
  type SealJournalEntry,
} from "../../src/sealing/poa/seal-journal.ts";

/** `close()` forgets nothing: the same journal goes to the restarted node. */
export function createMemorySealJournal({ heightsKept = journalHeightsKept } = {}): SealJournal {
  const entries = new Map<string, SealJournalEntry>();
  let floorHeight = 0;
  return {
    get floorHeight() {
      return floorHeight;
    },
    sealedOn: (parentHash) => entries.get(toHex(parentHash))?.blockBytes,
    async record(entry) {
      const parentHex = toHex(entry.parentHash);
      const before = entries.get(parentHex);
      if (before) return requireSameBlock(before.blockBytes, entry.blockBytes);
      requireRemembered(entry.height, floorHeight);
      entries.set(parentHex, { ...entry, blockBytes: entry.blockBytes.slice() });
      floorHeight = Math.max(floorHeight, floorHeightOf(entry.height, heightsKept));
      for (const [hex, { height }] of entries) if (height < floorHeight) entries.delete(hex);
    },
    async close() {},
  };
}
