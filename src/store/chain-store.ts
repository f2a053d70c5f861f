/**
 * What a chain keeps: blocks, the canonical line, undo records, entries and the head, changed by one atomic batch at a
 * time. Two twins implement it, LevelDB and memory; one contract suite holds both.
 */
import { ActionableError } from "../base/actionable-error.ts";
import type { Entry, StateChange } from "../ledger/entry.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { AccountIndex, IndexedBlock } from "./account-index.ts";

/** A stored block that is not on the canonical line. */
export interface SideBlock {
  readonly height: number;
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
}

/** A side block with its size on disk. */
export interface SizedSideBlock extends SideBlock {
  readonly bytes: number;
}

export interface StoredHead {
  readonly hash: Uint8Array;
  readonly height: number;
  readonly entryCount: number;
}

/** What has an id of 32 bytes. */
export type IdKind = "block" | "transaction" | "account";

export interface TransactionLocation {
  readonly blockHash: Uint8Array;
  readonly position: number;
}

/** A block whose header and body are stored, whether or not it is canonical. */
export interface StoredBlock {
  readonly record: HeaderRecord;
  readonly bytes: Uint8Array;
}

export interface ConnectedBlock {
  readonly hash: Uint8Array;
  readonly height: number;
  readonly change: StateChange;
  readonly transactions: readonly DecodedTransaction[];
}

export interface DisconnectedBlock {
  readonly hash: Uint8Array;
  readonly height: number;
  readonly transactions: readonly DecodedTransaction[];
}

/** Everything that one step of the chain changes; committed whole or not at all. */
export interface CommitBatch {
  /** Blocks not yet stored. */
  readonly blocks: readonly StoredBlock[];
  /** Blocks leaving the canonical line, highest first. */
  readonly disconnected: readonly DisconnectedBlock[];
  /** Blocks joining it, lowest first. */
  readonly connected: readonly ConnectedBlock[];
  /** Entries as they are after the batch, by index; indexes from `head.entryCount` upward are deleted. */
  readonly entries: ReadonlyMap<number, Entry>;
  /** Absent where only side-branch blocks are stored. */
  readonly head: StoredHead | undefined;
  /** Headers of blocks found invalid when executed: their hashes are remembered. */
  readonly invalid: readonly Uint8Array[];
  /** The highest final block, canonical once the batch is committed; absent where it stays the one that it was. */
  readonly final?: Checkpoint;
  /** New records of blocks that are stored: what the engine made of them is another than before. */
  readonly restated?: readonly HeaderRecord[];
  /** Side blocks that are removed. No block that is kept descends from one of them. */
  readonly dropped?: readonly Pick<SideBlock, "height" | "hash">[];
  /** Canonical blocks that the account index does not cover yet, lowest first, from the next one that it lacks. */
  readonly indexed?: readonly IndexedBlock[];
}

export interface ChainStore {
  readonly head: StoredHead | undefined;
  /** The highest final block, which is canonical; undefined where no batch named one. */
  readonly final: Checkpoint | undefined;
  headerRecord(hash: Uint8Array): HeaderRecord | undefined;
  hashAtHeight(height: number): Uint8Array | undefined;
  /** @throws StoreError store/corrupt if they are damaged; the block is then one of {@link damagedBlocks} */
  blockBytes(hash: Uint8Array): Uint8Array | undefined;
  /** Blocks whose bytes were found damaged and are not mended, in the order in which they were found. */
  damagedBlocks(): readonly Uint8Array[];
  /** Takes note that a block's bytes are not those of its header; returns the error for whoever wanted to read it. */
  foundDamaged(hash: Uint8Array, why: string): StoreError;
  /**
   * Writes the bytes of a damaged block anew; on disk when it resolves.
   *
   * @returns false, and nothing is written, if they are not those that the block's header record was made from
   */
  mendBlock(hash: Uint8Array, bytes: Uint8Array): Promise<boolean>;
  isInvalid(hash: Uint8Array): boolean;
  /** The change that a canonical block made; undefined for blocks that are not canonical. */
  stateChange(hash: Uint8Array): StateChange | undefined;
  /** Where a transaction stands on the canonical line. */
  transactionLocation(id: Uint8Array): TransactionLocation | undefined;
  /** Stored blocks that are not canonical, highest first; of the highest as many as `sideBlocksMax`. */
  sideBlocks(): readonly SideBlock[];
  /** Every stored block that is not canonical, in no order that means anything. Read from disk: asked once at the start. */
  sizedSideBlocks(): Promise<readonly SizedSideBlock[]>;
  /** The ledger of the head, by index from 0, for rebuilding it in memory at start. */
  entries(): Iterable<readonly [index: number, entry: Entry]>;
  /**
   * Ids from one to another, both included, ascending, as many as `max`. Of stored blocks, of canonical transactions, and
   * of accounts with a history (by the account index).
   */
  idsBetween(kind: IdKind, first: Uint8Array, last: Uint8Array, max: number): Promise<Uint8Array[]>;
  readonly accountIndex: AccountIndex;
  /**
   * Removes the account index; blocks are added to it again when it is gone. Safe to be killed in: a store that was
   * clearing says so when it is opened, and is to be told again.
   */
  clearAccountIndex(): Promise<void>;
  /** Resolves when the batch is on disk; rejects with {@link StoreError} and changes nothing. */
  commit(batch: CommitBatch): Promise<void>;
  close(): Promise<void>;
}

export type StoreErrorCode =
  | "store/corrupt"
  | "store/newer-version"
  | "store/older-version"
  | "store/in-use"
  | "store/disk-full"
  | "store/wrong-chain"
  | "store/io";

/** What the disk did, with what to do about it: not a peer's fault and not our bug. */
export class StoreError extends ActionableError<StoreErrorCode> {
  override name = "StoreError";
}
