/** Every fault: what can be wrong with bytes, transactions and blocks that somebody hands in. */

export interface CodecFault {
  readonly code: "codec/malformed";
  readonly what: string;
  readonly reason: string;
}

export type TransactionFault =
  | CodecFault
  | { readonly code: "transaction/version-unknown"; readonly version: number }
  | { readonly code: "transaction/kind-unknown"; readonly kind: number }
  | { readonly code: "transaction/kind-not-open"; readonly kind: string }
  | { readonly code: "transaction/signature-invalid" }
  | { readonly code: "transaction/sequence-used"; readonly expected: number; readonly actual: number }
  | { readonly code: "transaction/sequence-gap"; readonly expected: number; readonly actual: number }
  | { readonly code: "transaction/fee-too-low"; readonly minimum: bigint; readonly actual: bigint }
  | { readonly code: "transaction/expired"; readonly validUntil: number; readonly height: number }
  | {
      readonly code: "transaction/balance-too-low";
      readonly asset: string;
      readonly balance: bigint;
      readonly needed: bigint;
      /** Of the chain's own coin: what the account has earned and cannot spend yet, where that is known and not zero. */
      readonly immature?: bigint;
    }
  | { readonly code: "transaction/amount-zero" }
  | { readonly code: "transaction/amount-overflow" }
  | { readonly code: "transaction/data-empty" }
  | { readonly code: "transaction/name-invalid"; readonly reason: string }
  | { readonly code: "transaction/name-taken"; readonly name: string }
  | { readonly code: "transaction/sender-has-name"; readonly name: string }
  | { readonly code: "transaction/asset-unknown"; readonly asset: string }
  | { readonly code: "transaction/asset-invalid"; readonly reason: string }
  | { readonly code: "transaction/vote-invalid"; readonly reason: string }
  | { readonly code: "transaction/voter-not-authority"; readonly voter: string }
  /** Well made, but it can change nothing on the chain that it stands on. */
  | { readonly code: "transaction/vote-useless"; readonly reason: string };

export type MempoolFault =
  | { readonly code: "mempool/known"; readonly id: string }
  | { readonly code: "mempool/full"; readonly limit: string }
  | { readonly code: "mempool/account-full"; readonly transactionsMax: number }
  /** Larger than what a block of this chain has room for. */
  | { readonly code: "mempool/too-large"; readonly bytes: number; readonly bytesMax: number }
  | { readonly code: "mempool/sequence-too-far"; readonly expected: number; readonly actual: number }
  | {
      readonly code: "mempool/replacement-fee-too-low";
      readonly id: string;
      readonly needed: bigint;
      readonly actual: bigint;
    }
  /** It was asked to replace none, and one waits with its sequence. */
  | { readonly code: "mempool/sequence-taken"; readonly sequence: number; readonly by: string }
  /** Submitted here, but the disk did not take it, so it could be lost. */
  | { readonly code: "mempool/not-stored"; readonly reason: string }
  /** Why a transaction that was pending is no longer: another took its sequence, its sender took it back, or it waited too long. */
  | { readonly code: "mempool/replaced"; readonly by: string }
  | { readonly code: "mempool/withdrawn"; readonly reason: string }
  | { readonly code: "mempool/expired"; readonly expiryMs: number };

export type BlockFault =
  | CodecFault
  | { readonly code: "block/version-unknown"; readonly version: number }
  | { readonly code: "block/wrong-chain"; readonly chainId: string }
  | { readonly code: "block/known" }
  | { readonly code: "block/parent-unknown"; readonly parentHash: string }
  /** Its parent is unknown, and nothing speaks for it that would make the parent worth fetching. */
  | { readonly code: "block/orphan-unlikely"; readonly reason: string }
  | { readonly code: "block/parent-invalid"; readonly parentHash: string }
  | { readonly code: "block/known-invalid"; readonly hash: string }
  | { readonly code: "block/height-wrong"; readonly expected: number; readonly actual: number }
  | { readonly code: "block/timestamp-too-early"; readonly earliestMs: number; readonly actualMs: number }
  | { readonly code: "block/timestamp-ahead"; readonly latestMs: number; readonly actualMs: number }
  | { readonly code: "block/producer-unknown"; readonly producer: string }
  | { readonly code: "block/seal-malformed"; readonly reason: string }
  | { readonly code: "block/seal-invalid" }
  | { readonly code: "block/target-wrong"; readonly expected: string; readonly actual: string }
  | { readonly code: "block/target-above-floor"; readonly easiest: string; readonly actual: string }
  | { readonly code: "block/work-insufficient"; readonly hash: string; readonly target: string }
  | { readonly code: "block/too-large"; readonly bytes: number; readonly bytesMax: number }
  | {
      readonly code: "block/too-many-transactions";
      readonly transactions: number;
      readonly transactionsMax: number;
    }
  | { readonly code: "block/transaction-count-wrong"; readonly declared: number; readonly actual: number }
  | { readonly code: "block/transactions-root-wrong" }
  | { readonly code: "block/transaction-duplicate"; readonly id: string }
  | {
      readonly code: "block/transaction-invalid";
      readonly position: number;
      readonly id: string;
      readonly fault: TransactionFault;
    }
  | { readonly code: "block/state-root-wrong"; readonly expected: string; readonly actual: string }
  | { readonly code: "block/consensus-root-wrong" }
  | { readonly code: "block/consensus-state-wrong"; readonly expected: string; readonly actual: string }
  | { readonly code: "block/consensus-section-not-open" }
  | { readonly code: "block/certificate-invalid"; readonly reason: string }
  | { readonly code: "block/evidence-invalid"; readonly reason: string }
  | { readonly code: "block/conflicts-with-final"; readonly finalHeight: number; readonly finalHash: string }
  /** A block beside the chain for which there is no use, or no room: `bytesMax` is the limit of all such blocks. */
  | { readonly code: "block/far-behind"; readonly bytesMax?: number }
  | { readonly code: "block/queue-full"; readonly pendingMax: number };

/** Why a finality vote does not count. */
export type VoteFault =
  | CodecFault
  | { readonly code: "vote/known" }
  /** At or below the final height, or too far below the head to matter. */
  | { readonly code: "vote/stale"; readonly targetHeight: number }
  | { readonly code: "vote/target-unknown"; readonly targetHash: string }
  | { readonly code: "vote/target-height-wrong"; readonly expected: number; readonly actual: number }
  | { readonly code: "vote/source-wrong"; readonly expected: string; readonly actual: string }
  | { readonly code: "vote/voter-not-authority"; readonly voter: string }
  | { readonly code: "vote/signature-invalid" };

export type EvidenceFault =
  | CodecFault
  | { readonly code: "evidence/invalid"; readonly reason: string }
  | { readonly code: "evidence/known" }
  /** Out already, never in, or the last one, which stays. */
  | { readonly code: "evidence/offender-not-removable"; readonly offender: string };

export type MessageFault =
  | CodecFault
  | { readonly code: "message/empty" }
  /** A handshake names another key than the one that its sender's peer id is made of. */
  | { readonly code: "message/key-wrong"; readonly key: string }
  | { readonly code: "record/signature-invalid" }
  | { readonly code: "record/stale" }
  | { readonly code: "record/timestamp-ahead" }
  | { readonly code: "record/invalid"; readonly reason: string };

export type Fault = TransactionFault | MempoolFault | BlockFault | VoteFault | EvidenceFault | MessageFault;
export type FaultCode = Fault["code"];

/** One line for logs and people: the code and its fields. */
export function describeFault(fault: Fault): string {
  const { code, ...fields } = fault;
  const parts = Object.entries(fields).map(([name, value]) =>
    name === "fault" ? `(${describeFault(value as Fault)})` : `${name} ${String(value)}`,
  );
  return parts.length === 0 ? code : `${code}: ${parts.join(", ")}`;
}
