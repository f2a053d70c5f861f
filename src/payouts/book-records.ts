/** What a pool's books hold, what can happen to them, and what they show. Accounts, hashes and signed bytes are hex. */

/**
 * What the chain says of a found block: it has not come to its height yet; it stands there; it stands there, as deep as
 * rewards need to mature; something else stands there. Any of the last three can become any other of them.
 */
export type BlockState = "found" | "immature" | "matured" | "orphaned";

/** A block that the pool has found. It is kept for good: a reorganization of any depth can reach it. */
export interface BlockRecord {
  readonly state: BlockState;
  readonly hash: string;
  readonly height: number;
}

/** Signed bytes and their id. */
export interface SignedBytes {
  readonly transactionId: string;
  readonly transaction: string;
}

/** Open: it may be included, or leave the chain soon. Settled: in the chain, deep. Void: its sequence is used, deep. */
export type PaymentState = "open" | "settled" | "void";

/** A payment that was signed. It is kept for good, as blocks are. */
export interface PaymentRecord extends SignedBytes {
  readonly state: PaymentState;
  /** Of the pool's account: no two payments have the same. */
  readonly sequence: number;
  readonly account: string;
  /** What the payment takes from what the member is owed: the amount transferred and the fee. */
  readonly units: bigint;
  /** The canonical block that holds the payment; of a settled one the block that did when it was settled. */
  readonly includedIn: { readonly height: number; readonly hash: string } | null;
  /** A transfer to the pool itself with the same sequence and a higher fee: it is sent instead of the payment. */
  readonly withdrawnBy: SignedBytes | null;
}

/** The block up to which the books say what the chain that ends in it says. */
export interface TipRecord {
  readonly height: number;
  readonly hash: string;
  /** It was the head, and there was nothing above it. Otherwise the books are being brought to another branch. */
  readonly isComplete: boolean;
}

export interface FoundBlock {
  readonly hash: string;
  readonly height: number;
  /** Subsidy and fees. */
  readonly earnedUnits: bigint;
  /** Expected hashes behind a block of its target. */
  readonly work: bigint;
}

export type BookEvent =
  | {
      readonly kind: "shareAccepted";
      readonly account: string;
      readonly work: bigint;
      readonly block: FoundBlock | undefined;
    }
  | { readonly kind: "shareRejected"; readonly account: string }
  /** The chain says another thing of a block than before. */
  | { readonly kind: "blockMoved"; readonly block: BlockRecord; readonly to: BlockState }
  | ({
      readonly kind: "paymentSigned";
      readonly account: string;
      readonly sequence: number;
      /** Amount and fee. */
      readonly units: bigint;
    } & SignedBytes)
  | {
      readonly kind: "paymentIncluded";
      readonly sequence: number;
      readonly height: number;
      readonly hash: string;
    }
  /** The block that held the payment has left the chain. */
  | { readonly kind: "paymentReverted"; readonly sequence: number }
  /** In the chain for good. */
  | { readonly kind: "paymentSettled"; readonly sequence: number }
  /** Its sequence is used by another transaction for good. */
  | { readonly kind: "paymentVoided"; readonly sequence: number }
  /** A reorganization reaches a payment that was settled or void: it may be included, or not. */
  | { readonly kind: "paymentReopened"; readonly payment: PaymentRecord }
  /** The payment is not owed any more: this transaction with its sequence is sent instead. */
  | ({ readonly kind: "paymentWithdrawn"; readonly sequence: number } & SignedBytes)
  /** The books now say what the chain says up to this block. */
  | ({ readonly kind: "chainFollowed" } & TipRecord);

export interface BookTerms {
  /** The pool's own part of a block is paid at once: this account has the coins already. */
  readonly poolAccount: string;
  /** Blocks' worth of work that the window holds. */
  readonly windowBlocks: number;
  readonly feePercent: number;
}

/** How many of what the books hold. */
export interface BookLimits {
  readonly membersMax: number;
  /** Shares of the window. */
  readonly sharesMax: number;
  /** Found blocks that the chain has not decided on. */
  readonly openBlocksMax: number;
  /** Decided blocks and payments that are read, and moved, at once. */
  readonly archivePieceMax: number;
}

export const bookLimits: BookLimits = {
  membersMax: 10_000,
  sharesMax: 65_536,
  openBlocksMax: 4_096,
  archivePieceMax: 256,
};

/** A member as the `mining_pool` table shows it. */
export interface PoolMemberRow {
  /** Public keys. */
  readonly poolAccount: Uint8Array;
  readonly member: Uint8Array;
  readonly sharesAccepted: number;
  readonly sharesRejected: number;
  /** From its accepted work in the last ten minutes of this process. */
  readonly hashesPerSecond: number;
  /** Blocks that another block took the place of are not counted. */
  readonly blocksFound: number;
  /** All that it has earned: its parts of blocks in the chain, mature or not, and of blocks on their way there. */
  readonly dueUnits: bigint;
  /** The part of it that stands in blocks that have not matured. */
  readonly immatureUnits: bigint;
  /** In payments that stand in the canonical chain, their fees included; more than what is due if paid blocks left. */
  readonly paidUnits: bigint;
  /** The last payment's transaction id in hex. */
  readonly payoutTransaction: string | null;
}

export interface PoolStatus {
  readonly members: number;
  readonly hashesPerSecond: number;
  readonly shares: number;
  readonly sharesRejected: number;
  /** Found, orphaned ones not counted. */
  readonly blocks: number;
  readonly blocksOrphaned: number;
  /** As in {@link PoolMemberRow}, of all members. */
  readonly dueUnits: bigint;
  /** The part of it that stands in blocks that have not matured. */
  readonly immatureUnits: bigint;
  readonly paidUnits: bigint;
  /** The pool's fee, of blocks that matured. */
  readonly keptUnits: bigint;
  /** Signed and not settled. */
  readonly openPayments: number;
}
