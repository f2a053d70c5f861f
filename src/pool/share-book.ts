/** What the pool's server needs of the books: who is a member, and that a share is stored before it is acknowledged. */

/** A block that a share has found. */
export interface ShareBlock {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly height: number;
  /** Subsidy and fees, in base units. */
  readonly earnedUnits: bigint;
  /** Expected number of hashes behind a block of its target. */
  readonly work: bigint;
}

export interface AcceptedShare {
  /** Who is paid: 32-byte public key. */
  readonly account: Uint8Array;
  /** Expected number of hashes behind it: 2^256 / (shareTarget + 1). */
  readonly work: bigint;
  /** Where it meets the block's own target, too. */
  readonly block?: ShareBlock;
}

export interface ShareBook {
  /** Whether the account is a member. */
  hasAccount(account: Uint8Array): boolean;
  /** Whether there is room for it: members are bounded. */
  mayJoin(account: Uint8Array): boolean;
  /** Resolves once the share, and the split of the block that it found, are on disk; rejects where they may not be. */
  recordShare(share: AcceptedShare): Promise<void>;
  /** Counted; on disk with the next share. */
  recordRejected(account: Uint8Array): void;
}
