/**
 * Slashing protection for blocks: an authority never signs two blocks on one parent, even if the process is killed at
 * any moment. Each block is on disk before it leaves. A file implements this, and in tests a twin in memory.
 */
import { invariant } from "../../base/invariant.ts";
import { JournalError } from "./journal.ts";

export interface SealJournalEntry {
  /** 32 bytes. */
  readonly parentHash: Uint8Array;
  /** Of the sealed block. */
  readonly height: number;
  readonly blockBytes: Uint8Array;
}

export interface SealJournal {
  /** The journal does not remember all blocks that were sealed below this height. */
  readonly floorHeight: number;
  /** The bytes of the block that was sealed on this parent, once they are durable. */
  sealedOn(parentHash: Uint8Array): Uint8Array | undefined;
  /**
   * Resolves when the entry is durable; the same block again is fine. Rejects with an InvariantError if another block
   * was sealed on that parent, and with {@link JournalError} if that cannot be known or the disk failed. After a
   * rejection the block must not leave.
   */
  record(entry: SealJournalEntry): Promise<void>;
  close(): Promise<void>;
}

/** Throws if a block of this height may have been sealed and forgotten. */
export function requireRemembered(height: number, floorHeight: number): void {
  if (height >= floorHeight) return;
  throw new JournalError(
    "journal/height-forgotten",
    `height ${height} is not sealed: this authority remembers what it signed from height ${floorHeight} on only`,
    `wait until the chain's head has passed height ${floorHeight}`,
  );
}

/** Throws if `now` is another block than the one sealed before. */
export function requireSameBlock(before: Uint8Array, now: Uint8Array): void {
  invariant(Buffer.compare(before, now) === 0, "an authority never seals two blocks on one parent");
}
