/** A pending transaction, with what the pool orders and bounds it by. */
import { aurSpentBy } from "../ledger/apply-transaction.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";

export interface PendingTransaction {
  readonly decoded: DecodedTransaction;
  readonly sequence: number;
  readonly fee: bigint;
  /** Base units of AUR that it takes from its sender: the fee, and the amount of a transfer of AUR. */
  readonly aurNeeded: bigint;
  readonly bytes: number;
  readonly feePerByte: number;
  /** Lower came first. */
  readonly arrival: number;
  /** Monotonic. */
  readonly addedMs: number;
}

export function pendingOf(decoded: DecodedTransaction, arrival: number, addedMs: number): PendingTransaction {
  const { sequence, fee } = decoded.transaction;
  const bytes = decoded.bytes.length;
  return {
    decoded: withOwnBytes(decoded),
    sequence,
    fee,
    aurNeeded: fee + aurSpentBy(decoded.payload),
    bytes,
    feePerByte: Number(fee) / bytes,
    arrival,
    addedMs,
  };
}

/** Bytes that are a part of a message would keep the whole message in memory for as long as they wait. */
function withOwnBytes(decoded: DecodedTransaction): DecodedTransaction {
  const isWhole = decoded.bytes.buffer.byteLength === decoded.bytes.length;
  return isWhole ? decoded : { ...decoded, bytes: new Uint8Array(decoded.bytes) };
}

/** Negative where `left` is the better: offered to a block first, evicted last. More fee per byte, then earlier. */
export function comparePending(left: PendingTransaction, right: PendingTransaction): number {
  return right.feePerByte - left.feePerByte || left.arrival - right.arrival;
}
