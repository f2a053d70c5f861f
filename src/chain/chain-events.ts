/** What a chain tells its followers. */
import type { Entry } from "../ledger/entry.ts";
import type { Block, HeaderRecord } from "../protocol/block.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { Evidence } from "../protocol/evidence.ts";
import type { Vote } from "../protocol/vote.ts";

export interface HeadChange {
  readonly head: HeaderRecord;
  readonly previous: HeaderRecord;
  /** Blocks that left, highest first; not empty if the chain was reorganized. */
  readonly disconnected: readonly Block[];
  /** Blocks that joined, lowest first. */
  readonly connected: readonly Block[];
  /** Entries of the ledger that may have changed. An entry that is gone is given as it was. */
  readonly touched: readonly Entry[];
}

export interface ChainEvents {
  headChanged: [HeadChange];
  /** A block that had to wait (for its parent or its time) has now been imported. */
  waitingImported: [Block];
  /** A block is stored, on the canonical line or beside it. The block was made here or received. */
  blockStored: [Block];
  /** A reader found that a block's bytes on disk are damaged. */
  blockDamaged: [hash: Uint8Array];
  /** A damaged block is whole again. */
  blockMended: [HeaderRecord];
  /** A new vote counts. */
  voteCounted: [Vote];
  /** A higher block is final, and on disk as such. */
  finalChanged: [Checkpoint];
  /** This node or a peer saw an authority contradict itself. The evidence has to be sent on. */
  evidenceFound: [Evidence];
}
