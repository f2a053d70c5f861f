/** How much waits at which fee: kept with every transaction that comes and goes, so that nobody has to look at all of them. */
import type { PendingTransaction } from "./pending-transaction.ts";

/** What waits with a fee in one range. */
export interface FeeRange {
  /** Base units of AUR a byte: from this one on, */
  readonly from: number;
  /** and below this one. */
  readonly below: number;
  readonly count: number;
  /** Of the transactions' own encoding. */
  readonly bytes: number;
}

interface Bucket {
  count: number;
  bytes: number;
}

/** Each range ends where its fee is so many times what it begins with: two ranges for each doubling. */
const rangesPerDoubling = 2;
/** Of transactions that pay nothing: below one base unit for the largest transaction that there is. */
const freeRange = -26;

export class FeeHistogram {
  readonly #buckets = new Map<number, Bucket>();

  add({ feePerByte, bytes }: PendingTransaction): void {
    const range = rangeOf(feePerByte);
    const bucket = this.#buckets.get(range) ?? { count: 0, bytes: 0 };
    this.#buckets.set(range, { count: bucket.count + 1, bytes: bucket.bytes + bytes });
  }

  remove({ feePerByte, bytes }: PendingTransaction): void {
    const range = rangeOf(feePerByte);
    const bucket = this.#buckets.get(range);
    if (!bucket) return;
    if (bucket.count === 1) this.#buckets.delete(range);
    else this.#buckets.set(range, { count: bucket.count - 1, bytes: bucket.bytes - bytes });
  }

  /** The ranges that are not empty, the highest fee first. */
  ranges(): FeeRange[] {
    return [...this.#buckets]
      .sort(([left], [right]) => right - left)
      .map(([range, { count, bytes }]) => ({ from: lowest(range), below: lowest(range + 1), count, bytes }));
  }

  /** What waits with this fee a byte or more, and, since ranges are counted whole, a little of what pays less. */
  atLeast(feePerByte: number): { readonly count: number; readonly bytes: number } {
    const least = rangeOf(feePerByte);
    let [count, bytes] = [0, 0];
    for (const [range, bucket] of this.#buckets) {
      if (range < least) continue;
      count += bucket.count;
      bytes += bucket.bytes;
    }
    return { count, bytes };
  }
}

function rangeOf(feePerByte: number): number {
  return feePerByte > 0 ? Math.floor(rangesPerDoubling * Math.log2(feePerByte)) : freeRange;
}

function lowest(range: number): number {
  return range === freeRange ? 0 : 2 ** (range / rangesPerDoubling);
}
