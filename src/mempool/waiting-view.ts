/** What people are shown of the pending transactions: pages, ages, fees and places in the queue; no answer looks at all of them. */
import type { Clock } from "../base/clock.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { FeeRange } from "./fee-histogram.ts";
import type { PendingLimits, PendingSet } from "./pending-set.ts";
import type { PendingTransaction } from "./pending-transaction.ts";

export interface Waiting {
  readonly decoded: DecodedTransaction;
  /** Ascending in the order in which they came; what a block that left the chain held came before the others. */
  readonly arrival: number;
  /** Since when it waits, by this node's clock: milliseconds since 1970. */
  readonly sinceMs: number;
  /** For how long. */
  readonly ageMs: number;
  /** Base units of AUR a byte. */
  readonly feePerByte: number;
}

export interface WaitingPage {
  readonly items: readonly Waiting[];
  /** The arrival that the next page goes on after; undefined if this is the last page. */
  readonly next: number | undefined;
}

/** What waits of one account. */
export interface AccountTotals {
  readonly outCount: number;
  readonly outUnits: bigint;
  readonly inCount: number;
  readonly inUnits: bigint;
}

/** What is offered to a block before a transaction, at most. */
export interface Ahead {
  readonly count: number;
  /** Of the transactions' own encoding. */
  readonly bytes: number;
}

/** Of what a block that left the chain held. */
const firstArrival = 0;

export class WaitingView {
  readonly #pending: PendingSet;
  readonly #clock: Clock;

  constructor(pending: PendingSet, clock: Clock) {
    this.#pending = pending;
    this.#clock = clock;
  }

  get count(): number {
    return this.#pending.count;
  }

  /** Of the transactions' own encoding. */
  get bytes(): number {
    return this.#pending.bytes;
  }

  /** The most that may wait. */
  get limits(): PendingLimits {
    return this.#pending.limits;
  }

  get(idHex: string): Waiting | undefined {
    const pending = this.#pending.get(idHex);
    return pending && this.#shown(pending);
  }

  /** Of one account, by sequence. */
  ofAccount(accountHex: string): Waiting[] {
    return (this.#pending.account(accountHex)?.values() ?? []).map((pending) => this.#shown(pending));
  }

  /** Transfers to an account by arrival, after one if it is given; as many as `limit`. */
  sentTo(accountHex: string, limit: number, after?: number): Waiting[] {
    const found: Waiting[] = [];
    for (const pending of this.#pending.incoming.of(accountHex)?.order.after(after) ?? []) {
      if (found.length >= limit) break;
      found.push(this.#shown(pending));
    }
    return found;
  }

  /** How many of what waits an account sends and would receive, and the AUR of both in base units, fees included. */
  totalsOf(accountHex: string): AccountTotals {
    const incoming = this.#pending.incoming.of(accountHex);
    const own = this.#pending.account(accountHex);
    return {
      outCount: own?.size ?? 0,
      outUnits: own?.aurNeeded ?? 0n,
      inCount: incoming?.count ?? 0,
      inUnits: incoming?.aurUnits ?? 0n,
    };
  }

  /**
   * A page, stable while others come and go.
   *
   * @param order by arrival
   * @param after the `next` of the page before
   */
  page(limit: number, order: "newest" | "oldest", after?: number): WaitingPage {
    const { order: arrivals } = this.#pending;
    const found: PendingTransaction[] = [];
    for (const pending of order === "newest" ? arrivals.before(after) : arrivals.after(after)) {
      // One more than is shown tells whether there is another page.
      if (found.push(pending) > limit) break;
    }
    const shown = found.slice(0, limit);
    return {
      items: shown.map((pending) => this.#shown(pending)),
      next: found.length > limit ? shown.at(-1)?.arrival : undefined,
    };
  }

  /** The ranges of fees that are not empty, the highest first. */
  fees(): FeeRange[] {
    return this.#pending.fees.ranges();
  }

  /** The one that waits longest. */
  oldest(): Waiting | undefined {
    // What came back from a block counts anew, and the one that came back first has the highest of its arrivals.
    const [back] = this.#pending.order.before(firstArrival);
    const [sent] = this.#pending.order.after(firstArrival);
    const oldest = back && sent ? (back.addedMs < sent.addedMs ? back : sent) : (back ?? sent);
    return oldest && this.#shown(oldest);
  }

  /**
   * How much is offered to a block before a transaction: what pays as much a byte or more, and what its account sends
   * before it, whatever that pays. Undefined if it is not pending.
   */
  aheadOf(idHex: string): Ahead | undefined {
    const pending = this.#pending.get(idHex);
    if (!pending) return undefined;
    let lowest = pending.feePerByte;
    for (const before of this.#pending.account(pending.decoded.senderHex)?.values() ?? []) {
      if (before.sequence >= pending.sequence) break;
      lowest = Math.min(lowest, before.feePerByte);
    }
    const { count, bytes } = this.#pending.fees.atLeast(lowest);
    return { count: count - 1, bytes: bytes - pending.bytes };
  }

  #shown({ decoded, arrival, addedMs, feePerByte }: PendingTransaction): Waiting {
    // Whole ones, as the wall clock has: rounded up, it would have come before it was sent.
    const ageMs = Math.floor(this.#clock.monotonicMs() - addedMs);
    return { decoded, arrival, sinceMs: Math.floor(this.#clock.nowMs()) - ageMs, ageMs, feePerByte };
  }
}
