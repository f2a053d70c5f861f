/** The bounds of the mempool, and what they are where nobody says otherwise. */

export interface MempoolOptions {
  /** 50,000 */
  readonly transactionsMax?: number;
  /** Of the transactions' own encoding: 64 MiB. */
  readonly bytesMax?: number;
  /** 256 */
  readonly perAccountMax?: number;
  /** How far a sequence may be ahead of the ledger's: 512. */
  readonly sequenceGapMax?: number;
  /** A transaction that waited so long is dropped: 3 hours. */
  readonly expiryMs?: number;
  /** Transactions whose signature is being verified: 8192. */
  readonly verifyingMax?: number;
  /** Dropped transactions whose reason is remembered: 10,000. */
  readonly droppedRememberedMax?: number;
}

export const mempoolDefaults: Required<MempoolOptions> = {
  transactionsMax: 50_000,
  bytesMax: 64 * 1024 * 1024,
  perAccountMax: 256,
  sequenceGapMax: 512,
  expiryMs: 3 * 60 * 60 * 1000,
  verifyingMax: 8192,
  droppedRememberedMax: 10_000,
};
