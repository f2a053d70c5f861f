/** A pending transaction, with what the pool orders and bounds it by. */
import { toHex } from "../base/bytes.ts";
import { aurSpentBy } from "../ledger/apply-transaction.ts";
import { entryKeys } from "../ledger/entry.ts";
import { parseUserName } from "../ledger/text-rules.ts";
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
  /** What of the ledger, besides its sender's own, decides whether it can be executed: keys of entries, or {@link voteKey}. */
  readonly watches: readonly string[];
}

/** Stands for all that a vote depends on: the set of authorities, and the votes that are open. */
export const voteKey = "authority votes";

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
    watches: watchedBy(decoded),
  };
}

function watchedBy({ payload }: DecodedTransaction): readonly string[] {
  switch (payload.kind) {
    case "transfer": {
      const isAur = payload.assetId.every((byte) => byte === 0);
      return isAur ? nothing : [entryKeys.asset(toHex(payload.assetId))];
    }
    case "registerUser": {
      const name = parseUserName(payload.name);
      return name.ok ? [entryKeys.user(name.value)] : nothing;
    }
    case "authorityVote":
      return [voteKey];
    default:
      return nothing;
  }
}

const nothing: readonly string[] = [];

/** Bytes that are a part of a message would keep the whole message in memory for as long as they wait. */
function withOwnBytes(decoded: DecodedTransaction): DecodedTransaction {
  const isWhole = decoded.bytes.buffer.byteLength === decoded.bytes.length;
  return isWhole ? decoded : { ...decoded, bytes: new Uint8Array(decoded.bytes) };
}

/** Negative where `left` is the better: offered to a block first, evicted last. More fee per byte, then earlier. */
export function comparePending(left: PendingTransaction, right: PendingTransaction): number {
  return right.feePerByte - left.feePerByte || left.arrival - right.arrival;
}
