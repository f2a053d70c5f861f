/** The pending transactions of one account, in sequence, with gaps. */
import { invariant } from "../base/invariant.ts";
import type { PendingTransaction } from "./pending-transaction.ts";

export class AccountQueue {
  /** Ascending; short enough (see perAccountMax) that moving the rest for an insertion costs nothing. */
  readonly #bySequence: PendingTransaction[] = [];
  #aurNeeded = 0n;

  get size(): number {
    return this.#bySequence.length;
  }

  /** Base units of AUR that all of them together take from the account. */
  get aurNeeded(): bigint {
    return this.#aurNeeded;
  }

  /** Of these, what those with lower sequences take. */
  aurNeededBefore(sequence: number): bigint {
    return this.#bySequence
      .slice(0, this.#indexFrom(sequence))
      .reduce((sum, pending) => sum + pending.aurNeeded, 0n);
  }

  /** The one with the highest sequence. */
  get tail(): PendingTransaction | undefined {
    return this.#bySequence.at(-1);
  }

  at(sequence: number): PendingTransaction | undefined {
    const pending = this.#bySequence[this.#indexFrom(sequence)];
    return pending?.sequence === sequence ? pending : undefined;
  }

  insert(pending: PendingTransaction): void {
    const index = this.#indexFrom(pending.sequence);
    invariant(this.#bySequence[index]?.sequence !== pending.sequence, "one transaction a sequence");
    this.#bySequence.splice(index, 0, pending);
    this.#aurNeeded += pending.aurNeeded;
  }

  remove(pending: PendingTransaction): void {
    const index = this.#indexFrom(pending.sequence);
    invariant(this.#bySequence[index] === pending, "only what is pending is removed");
    this.#bySequence.splice(index, 1);
    this.#aurNeeded -= pending.aurNeeded;
  }

  values(): readonly PendingTransaction[] {
    return this.#bySequence;
  }

  /** Where the first sequence not below `sequence` is. */
  #indexFrom(sequence: number): number {
    let low = 0;
    let high = this.#bySequence.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#bySequence[middle] as PendingTransaction).sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
