/** The bounded set of pending transactions: who finds a place, and who gives way for it. */
import TinyQueue from "tinyqueue";
import { invariant } from "../base/invariant.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { MempoolFault } from "../protocol/faults.ts";
import { AccountQueue } from "./account-queue.ts";
import { ArrivalOrder } from "./arrival-order.ts";
import { FeeHistogram } from "./fee-histogram.ts";
import { IncomingTransfers } from "./incoming.ts";
import { PendingIndex } from "./pending-index.ts";
import { comparePending, type PendingTransaction } from "./pending-transaction.ts";

export interface PendingLimits {
  readonly transactionsMax: number;
  /** Of the transactions' own encoding. */
  readonly bytesMax: number;
  readonly perAccountMax: number;
}

/** One that gave way to another, and why. */
export interface Displaced {
  readonly pending: PendingTransaction;
  readonly fault: MempoolFault;
}

/** 110 % of the fee that is replaced, rounded up, and at least one unit more: so that resending is never free. */
export function replacementFee(fee: bigint): bigint {
  const raised = (fee * 110n + 99n) / 100n;
  return raised > fee ? raised : fee + 1n;
}

function worstFirst(tails: PendingTransaction[]): TinyQueue<PendingTransaction> {
  return new TinyQueue(tails, (left, right) => comparePending(right, left));
}

export class PendingSet {
  /** Finds those that an entry or a height concerns. */
  readonly index = new PendingIndex();
  readonly order = new ArrivalOrder();
  readonly fees = new FeeHistogram();
  readonly incoming = new IncomingTransfers();
  readonly limits: PendingLimits;
  readonly #byId = new Map<string, PendingTransaction>();
  readonly #byAccount = new Map<string, AccountQueue>();
  /** Worst first. Holds every account's last transaction, and some that no longer are: these are passed over. */
  #tails = worstFirst([]);
  #bytes = 0;
  #largestAur = 0n;

  constructor(limits: PendingLimits) {
    this.limits = limits;
  }

  get count(): number {
    return this.#byId.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** No pending transaction takes more AUR from its sender than this. */
  get largestAur(): bigint {
    return this.#largestAur;
  }

  get(idHex: string): PendingTransaction | undefined {
    return this.#byId.get(idHex);
  }

  values(): IterableIterator<PendingTransaction> {
    return this.#byId.values();
  }

  account(accountHex: string): AccountQueue | undefined {
    return this.#byAccount.get(accountHex);
  }

  /** Inserts, and says who gave way for it; a fault where nobody worse could: then nothing has changed. */
  place(candidate: PendingTransaction): Result<readonly Displaced[], MempoolFault> {
    const displaced: Displaced[] = [];
    const fault = this.#makeRoom(candidate, displaced);
    if (fault) {
      for (const { pending } of displaced) this.#insert(pending);
      return fail(fault);
    }
    this.#insert(candidate);
    return ok(displaced);
  }

  /** What {@link place} would find wrong; changes nothing. */
  placeFault(candidate: PendingTransaction): MempoolFault | undefined {
    const displaced: Displaced[] = [];
    const fault = this.#makeRoom(candidate, displaced);
    for (const { pending } of displaced) this.#insert(pending);
    return fault;
  }

  remove(pending: PendingTransaction): void {
    const { idHex, senderHex } = pending.decoded;
    const queue = this.#byAccount.get(senderHex);
    invariant(queue, "every pending transaction is in its account's queue");
    queue.remove(pending);
    this.#byId.delete(idHex);
    this.index.remove(pending);
    this.order.remove(pending);
    this.fees.remove(pending);
    this.incoming.remove(pending);
    this.#bytes -= pending.bytes;
    if (this.count === 0) this.#largestAur = 0n;
    if (queue.size === 0) this.#byAccount.delete(senderHex);
    else this.#noteTail(queue);
  }

  #insert(pending: PendingTransaction): void {
    const { idHex, senderHex } = pending.decoded;
    const queue = this.#byAccount.get(senderHex) ?? new AccountQueue();
    queue.insert(pending);
    this.#byAccount.set(senderHex, queue);
    this.#byId.set(idHex, pending);
    this.index.add(pending);
    this.order.add(pending);
    this.fees.add(pending);
    this.incoming.add(pending);
    this.#bytes += pending.bytes;
    if (pending.aurNeeded > this.#largestAur) this.#largestAur = pending.aurNeeded;
    this.#noteTail(queue);
  }

  #makeRoom(candidate: PendingTransaction, displaced: Displaced[]): MempoolFault | undefined {
    const displace = (pending: PendingTransaction, fault: MempoolFault) => {
      this.remove(pending);
      displaced.push({ pending, fault });
    };
    const { transactionsMax, bytesMax, perAccountMax } = this.limits;
    const queue = this.#byAccount.get(candidate.decoded.senderHex);
    const rival = queue?.at(candidate.sequence);
    if (rival) {
      const { idHex: id } = rival.decoded;
      const needed = replacementFee(rival.fee);
      if (candidate.fee < needed) {
        return { code: "mempool/replacement-fee-too-low", id, needed, actual: candidate.fee };
      }
      displace(rival, { code: "mempool/replaced", by: candidate.decoded.idHex });
    } else if (queue?.tail && queue.size >= perAccountMax) {
      const fault: MempoolFault = { code: "mempool/account-full", transactionsMax: perAccountMax };
      if (queue.tail.sequence < candidate.sequence) return fault;
      displace(queue.tail, fault);
    }
    for (;;) {
      const isOverCount = this.count >= transactionsMax;
      if (!isOverCount && this.#bytes + candidate.bytes <= bytesMax) return undefined;
      const limit = isOverCount ? `${transactionsMax} transactions` : `${bytesMax} bytes`;
      const fault: MempoolFault = { code: "mempool/full", limit };
      const worst = this.#worstTail(candidate);
      if (!worst || comparePending(worst, candidate) < 0) return fault;
      displace(worst, fault);
    }
  }

  /** The worst last transaction of any account, but none that the candidate itself has to follow. */
  #worstTail(candidate: PendingTransaction): PendingTransaction | undefined {
    let passedOver: PendingTransaction | undefined;
    let worst = this.#tails.peek();
    for (; worst; worst = this.#tails.peek()) {
      if (this.#isTail(worst)) {
        const isFollowed =
          worst.decoded.senderHex === candidate.decoded.senderHex && worst.sequence < candidate.sequence;
        if (!isFollowed) break;
        passedOver = worst;
      }
      this.#tails.pop();
    }
    if (passedOver) this.#tails.push(passedOver);
    return worst;
  }

  #isTail(pending: PendingTransaction): boolean {
    return this.#byAccount.get(pending.decoded.senderHex)?.tail === pending;
  }

  #noteTail(queue: AccountQueue): void {
    if (queue.tail) this.#tails.push(queue.tail);
    // Those that no longer are tails are cleared away before they outnumber the others.
    if (this.#tails.length <= 2 * this.#byAccount.size + 1024) return;
    this.#tails = worstFirst([...this.#byAccount.values()].flatMap(({ tail }) => tail ?? []));
  }
}
