/** What keeps a ledger in step with a chain, wherever it runs: in this thread, or in one of its own. */
import type { NodeRecord } from "../protocol/node-record.ts";
import type { Cursor } from "./chain-meta.ts";
import type { PoolRow } from "./pool-rows.ts";

export interface ExportProgress {
  readonly index: number;
  readonly headHeight: number;
  /** Written by this call so far. */
  readonly blocks: number;
  readonly transactions: number;
}

export interface CatchUpReport {
  readonly blocks: number;
  readonly transactions: number;
  readonly reorganizations: number;
  /** The last block in the ledger; undefined where the call was stopped before the first. */
  readonly cursor: Cursor | undefined;
}

/** Calls may overlap: one is carried out after the other. */
export interface LedgerJob {
  /** Path of the ledger. */
  readonly file: string;
  /** The last block of this chain in the ledger, as this job saw it last. */
  readonly cursor: Cursor | undefined;
  /** Bytes of the write-ahead log beside the file. */
  readonly logBytes: number;
  /** Opens the ledger now rather than at the first use. */
  open(): void | Promise<void>;
  /**
   * Writes every block up to the head, following reorganizations, and what is final; does nothing if the ledger is in step.
   *
   * @param onProgress called after each SQL transaction
   * @param signal stops between two SQL transactions
   * @throws ExportError; the ledger then stands at the last SQL transaction, and the next call goes on from there
   */
  catchUp(onProgress?: (progress: ExportProgress) => void, signal?: AbortSignal): Promise<CatchUpReport>;
  /** Brings the `nodes` table up to date. */
  recordNodes(records: readonly NodeRecord[]): Promise<void>;
  /** Makes these rows all that the `mining_pool` table says of their pools. */
  recordPool(rows: readonly PoolRow[]): Promise<void>;
  /** Empties the write-ahead log, if nobody holds it; false if another program does. */
  tidy(): Promise<boolean>;
  /** Closes the ledger; false if another program has it open, so that its log stays beside it. */
  close(): boolean | Promise<boolean>;
}
