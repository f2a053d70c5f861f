/** The JSON that the API answers with: hashes and keys are lower-case hex, amounts are decimal texts. */
import type { NodeStatus } from "./node-status.ts";

/** `balance` is the decimal text of the asset's own units, `balanceUnits` the same in base units. */
export interface AssetHolding {
  readonly assetId: string;
  readonly symbol: string;
  readonly balance: string;
  readonly balanceUnits: string;
}

export interface NodeAnswer extends NodeStatus {
  /** AUR that a transaction must at least pay. */
  readonly minimumFee: string;
  readonly minimumFeeUnits: string;
}

export interface AccountAnswer {
  readonly address: string;
  readonly name: string | null;
  readonly publicKey: string;
  /** AUR. */
  readonly balance: string;
  readonly balanceUnits: string;
  /** AUR that the account's blocks have earned and that cannot be spent yet; not part of `balance`. */
  readonly immature: string;
  readonly immatureUnits: string;
  /** What the ledger at the head expects next. */
  readonly sequence: number;
  /** What the account's next transaction should have, after those that wait. */
  readonly pendingSequence: number;
  readonly assets: readonly AssetHolding[];
  /** How many assets the account holds, also where `assets` stops before. */
  readonly assetCount: number;
}

export interface AssetAnswer {
  readonly assetId: string;
  readonly symbol: string;
  readonly name: string;
  readonly decimals: number;
  readonly supply: string;
  readonly supplyUnits: string;
  readonly issuer: string;
  readonly issuerName: string | null;
  readonly metadata: string;
}

/** Texts of people stand as they are where they are UTF-8, else as 0x and hex. */
export type PayloadAnswer =
  | {
      readonly kind: "transfer";
      readonly to: string;
      readonly toName: string | null;
      readonly assetId: string;
      /** Null where the head's ledger does not know the asset. */
      readonly symbol: string | null;
      readonly amount: string | null;
      readonly amountUnits: string;
      readonly memo: string;
    }
  | { readonly kind: "record"; readonly data: string }
  | { readonly kind: "registerUser"; readonly name: string }
  | {
      readonly kind: "issueAsset";
      readonly assetId: string;
      readonly symbol: string;
      readonly name: string;
      readonly decimals: number;
      readonly supply: string;
      readonly supplyUnits: string;
      readonly metadata: string;
    }
  | {
      readonly kind: "authorityVote";
      /** add or remove. */
      readonly action: string;
      /** Address of the node that the vote is about. */
      readonly authority: string;
      readonly authorityName: string | null;
      /** The same key as a libp2p peer id. */
      readonly nodeId: string;
      readonly expiresAtHeight: number;
    };

/** A transaction's own fields, readable. */
export interface TransactionFields {
  readonly sender: string;
  readonly senderName: string | null;
  readonly sequence: number;
  readonly fee: string;
  readonly feeUnits: string;
  readonly validUntil: number;
  readonly timestampMs: number;
  readonly payload: PayloadAnswer;
  readonly signature: string;
}

export interface Reason {
  readonly code: string;
  readonly message: string;
}

export type TransactionAnswer =
  | ({
      readonly id: string;
      readonly status: "committed";
      readonly block: { readonly height: number; readonly hash: string };
      readonly position: number;
    } & TransactionFields)
  | ({
      readonly id: string;
      readonly status: "pending";
      /** The next block can take it; else one with a lower sequence is missing. */
      readonly ready: boolean;
      /** In words: what has to happen before it can be committed. */
      readonly waitingFor: string;
      /** Null if it is ready. */
      readonly missingSequence: number | null;
      /** What had that sequence and was dropped, with the reason, if this node remembers it. */
      readonly missingBecause: { readonly id: string; readonly reason: Reason } | null;
      /** AUR that another transaction with its sequence has to pay to take its place. */
      readonly replacementFee: string;
      readonly replacementFeeUnits: string;
    } & TransactionFields)
  /** Of a dropped transaction only the reason is remembered. */
  | { readonly id: string; readonly status: "dropped"; readonly reason: Reason };

export interface BlockSummary {
  readonly height: number;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestampMs: number;
  /** Address; null for the genesis block, which nobody produced. */
  readonly producer: string | null;
  readonly producerName: string | null;
  readonly transactionCount: number;
  readonly bytes: number;
  /** False for a block that another branch has outweighed. */
  readonly canonical: boolean;
  /** True once nothing can replace it. */
  readonly final: boolean;
}

export interface BlockAnswer extends BlockSummary {
  readonly chainId: string;
  readonly transactionsRoot: string;
  readonly stateRoot: string;
  readonly consensusRoot: string;
  readonly target: string;
  readonly extraData: string;
  readonly nonce: string;
  /** The documented `SIG_{node_id}_{hash}_{signature}`; null where the seal is work. */
  readonly signature: string | null;
  readonly cumulativeWeight: string;
  readonly transactions: readonly ({ readonly id: string; readonly position: number } & TransactionFields)[];
}

export interface BlocksAnswer {
  readonly headHeight: number;
  /** Canonical, lowest first. */
  readonly blocks: readonly BlockSummary[];
}

export interface SubmitAnswer {
  readonly id: string;
  readonly status: "pending" | "committed";
}
