/** The pending transfers by who would receive them, so that an account's are found without looking at the others. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import { ArrivalOrder } from "./arrival-order.ts";
import type { PendingTransaction } from "./pending-transaction.ts";

interface Arrivals {
  readonly order: ArrivalOrder;
  count: number;
  aurUnits: bigint;
}

export class IncomingTransfers {
  readonly #byReceiver = new Map<string, Arrivals>();

  add(pending: PendingTransaction): void {
    const { payload } = pending.decoded;
    if (payload.kind !== "transfer") return;
    const receiverHex = toHex(payload.to);
    const arrivals = this.#byReceiver.get(receiverHex) ?? {
      order: new ArrivalOrder(),
      count: 0,
      aurUnits: 0n,
    };
    this.#byReceiver.set(receiverHex, arrivals);
    arrivals.order.add(pending);
    arrivals.count += 1;
    arrivals.aurUnits += aurOf(pending);
  }

  remove(pending: PendingTransaction): void {
    const { payload } = pending.decoded;
    const receiverHex = payload.kind === "transfer" ? toHex(payload.to) : "";
    const arrivals = this.#byReceiver.get(receiverHex);
    if (!arrivals) return;
    arrivals.order.remove(pending);
    arrivals.count -= 1;
    arrivals.aurUnits -= aurOf(pending);
    if (arrivals.count === 0) this.#byReceiver.delete(receiverHex);
  }

  /** Undefined if nothing is on its way to the account. */
  of(receiverHex: string): Readonly<Arrivals> | undefined {
    return this.#byReceiver.get(receiverHex);
  }
}

function aurOf({ decoded: { payload } }: PendingTransaction): bigint {
  return payload.kind === "transfer" && bytesEqual(payload.assetId, zeroBytes32) ? payload.amount : 0n;
}
