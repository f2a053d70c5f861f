/** What a chain tells those who follow it. */

import type { Entry } from "../ledger/entry.ts";
import type { Block, HeaderRecord } from "../protocol/block.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { Evidence } from "../protocol/evidence.ts";
import type { Vote } from "../protocol/vote.ts";

export interface HeadChange {
  readonly head: HeaderRecord;
  readonly previous: HeaderRecord;
  /** Blocks that left, highest first; not empty where the chain was reorganized. */
  readonly disconnected: readonly Block[];
  /** Blocks that joined, lowest first. */
  readonly connected: readonly Block[];
  /** Entries of the ledger that may differ from what they were; one that is gone, as it was. */
  readonly touched: readonly Entry[];
}

export interface ChainEvents {
  headChanged: [HeadChange];
  /** A block that had to wait (for its parent or its time) has now been imported. */
  waitingImported: [Block];
  /** A block, mined here or received, is stored; on the canonical line or beside it. */
  blockStored: [Block];
  /** A block's bytes on disk were found damaged as somebody wanted to read them. */
  blockDamaged: [hash: Uint8Array];
  /** A damaged block is whole again. */
  blockMended: [HeaderRecord];
  /** A vote that had not been known counts. */
  voteCounted: [Vote];
  /** A higher block is final, and on disk as such. */
  finalChanged: [Checkpoint];
  /** An authority was seen to contradict itself, here or by a peer; the evidence is to be sent on. */
  evidenceFound: [Evidence];
}
