/** Journal entries that tests can tell apart. */
import { sha256 } from "../../src/protocol/hashing.ts";
import type { SealJournalEntry } from "../../src/sealing/poa/seal-journal.ts";

/** @param variant a different block on the same parent; @param branch a different parent at the same height */
export function entryOf(height: number, { variant = 0, branch = 0, bytes = 90 } = {}): SealJournalEntry {
  const blockBytes = new Uint8Array(bytes);
  for (let offset = 0; offset < bytes; offset += 32) {
    const chunk = sha256(Uint8Array.of(height % 256, height >> 8, variant, branch, offset % 251));
    blockBytes.set(chunk.subarray(0, Math.min(32, bytes - offset)), offset);
  }
  return { parentHash: sha256(Uint8Array.of(height % 256, height >> 8, branch)), height, blockBytes };
}
