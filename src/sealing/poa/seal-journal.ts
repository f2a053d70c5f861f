/**
 * The sign-once journal: what an authority signed, on disk before it leaves, so that it never signs two blocks on one
 * parent, whatever is killed when. Two twins implement it, a file and memory; one contract suite holds both.
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
  /** Below this height blocks may have been sealed and forgotten. */
  readonly floorHeight: number;
  /** The bytes of the block that was sealed on this parent, once they are durable. */
  sealedOn(parentHash: Uint8Array): Uint8Array | undefined;
  /**
   * Resolves when the entry is durable; the same block again is fine. Rejects with an InvariantError where another
   * block was sealed on that parent, and with {@link JournalError} where that cannot be known or the disk failed:
   * the block must not leave then.
   */
  record(entry: SealJournalEntry): Promise<void>;
  close(): Promise<void>;
}

/** Throws where a block of this height may have been sealed and forgotten. */
export function requireRemembered(height: number, floorHeight: number): void {
  if (height >= floorHeight) return;
  throw new JournalError(
    "journal/height-forgotten",
    `height ${height} is not sealed: this authority remembers what it signed from height ${floorHeight} on only`,
    `wait until the chain's head has passed height ${floorHeight}`,
  );
}

/** Sign-once: the one thing that the journal is for. */
export function requireSameBlock(before: Uint8Array, now: Uint8Array): void {
  invariant(Buffer.compare(before, now) === 0, "an authority never seals two blocks on one parent");
}
