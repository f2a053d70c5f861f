/** What a step from one schema version to the next is made of. */
import type { DatabaseSync } from "node:sqlite";

/** Told of rows that have been rewritten since it was called last. */
export type OnMoved = (rows: number) => void;

export interface Migration {
  readonly from: number;
  readonly to: number;
  /** Rows that it rewrites, for its progress. */
  rows(db: DatabaseSync): number;
  /**
   * Rewrites tables, inside a transaction that the caller holds and without the old version's views. The caller then writes
   * views, data dictionary and README anew, and the indexes over hashes.
   *
   * @throws if the rows do not allow it: then the ledger has to be written anew from the chain
   */
  migrate(db: DatabaseSync, onMoved: OnMoved): void;
}
