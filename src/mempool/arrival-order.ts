/** The pending transactions in the order of their arrival, so that a page of them is found without looking at the others. */
import type { PendingTransaction } from "./pending-transaction.ts";

/** Arrivals that share a bucket: a page looks at no more than this besides what it shows. */
const bucketArrivals = 256;

export class ArrivalOrder {
  /** Numbers of the buckets that are not empty, ascending. */
  readonly #numbers: number[] = [];
  readonly #buckets = new Map<number, Map<number, PendingTransaction>>();

  add(pending: PendingTransaction): void {
    const number = bucketOf(pending.arrival);
    const bucket = this.#buckets.get(number);
    if (bucket) {
      bucket.set(pending.arrival, pending);
      return;
    }
    this.#buckets.set(number, new Map([[pending.arrival, pending]]));
    this.#numbers.splice(this.#indexFrom(number), 0, number);
  }

  remove({ arrival }: PendingTransaction): void {
    const number = bucketOf(arrival);
    const bucket = this.#buckets.get(number);
    bucket?.delete(arrival);
    if (bucket?.size !== 0) return;
    this.#buckets.delete(number);
    this.#numbers.splice(this.#indexFrom(number), 1);
  }

  /** Those that came after an arrival, the earliest first; all of them without one. */
  *after(arrival = Number.NEGATIVE_INFINITY): Iterable<PendingTransaction> {
    for (let index = this.#indexFrom(bucketOf(arrival)); index < this.#numbers.length; index += 1) {
      for (const pending of this.#sorted(index)) if (pending.arrival > arrival) yield pending;
    }
  }

  /** Those that came before an arrival, the latest first; all of them without one. */
  *before(arrival = Number.POSITIVE_INFINITY): Iterable<PendingTransaction> {
    const last = this.#indexFrom(bucketOf(arrival) + 1) - 1;
    for (let index = last; index >= 0; index -= 1) {
      for (const pending of this.#sorted(index).reverse()) if (pending.arrival < arrival) yield pending;
    }
  }

  #sorted(index: number): PendingTransaction[] {
    const bucket = this.#buckets.get(this.#numbers[index] as number);
    return [...(bucket?.values() ?? [])].sort((left, right) => left.arrival - right.arrival);
  }

  /** Where the first bucket with this number or a higher one is. */
  #indexFrom(number: number): number {
    let low = 0;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#numbers[middle] as number) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function bucketOf(arrival: number): number {
  return Math.floor(arrival / bucketArrivals);
}
