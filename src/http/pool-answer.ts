/** What the API says of the node's mining pool: `GET /v1/pool`. */

export interface PoolMemberAnswer {
  readonly address: string;
  readonly sharesAccepted: number;
  readonly sharesRejected: number;
  readonly hashesPerSecond: number;
  readonly blocksFound: number;
  /** Decimal AUR: its parts of all blocks of the pool that stand in the chain, mature or not. */
  readonly earned: string;
  /** The part of it that is in blocks that have not matured. */
  readonly immature: string;
  /** In payments that stand in the chain, their fees included. */
  readonly paid: string;
  /** Earned less paid. Negative if a block left the chain after it was paid for: the next earnings make up for it. */
  readonly owed: string;
  /** The same as `earned`, under its old name. */
  readonly due: string;
  /** Id of the last payment; null: none yet. */
  readonly payoutTransaction: string | null;
}

export interface PoolAnswer {
  /** Of the account that earns the blocks and pays the members. */
  readonly address: string;
  /** Multiaddrs for `aurex-node pool join`. */
  readonly addresses: readonly string[];
  readonly feePercent: number;
  readonly payoutMinimum: string;
  readonly payoutEveryBlocks: number;
  /** Connections of members, of which one may have several. */
  readonly sessions: number;
  /** Liars that were dropped since the start. */
  readonly dropped: number;
  readonly hashesPerSecond: number;
  readonly sharesAccepted: number;
  readonly sharesRejected: number;
  readonly blocksFound: number;
  readonly blocksOrphaned: number;
  /** Decimal AUR, of all members, as in their rows. */
  readonly earned: string;
  readonly owed: string;
  /** The same as `earned`, under its old name. */
  readonly due: string;
  /** The part of it that is in blocks that have not matured. */
  readonly immature: string;
  readonly paid: string;
  readonly memberCount: number;
  /** Those that have earned most, at most 1,000. */
  readonly members: readonly PoolMemberAnswer[];
}
