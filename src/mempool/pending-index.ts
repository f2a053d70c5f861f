/** Finds, among the pending transactions, those that an entry of the ledger or a height concerns, without looking at all. */
import type { PendingTransaction } from "./pending-transaction.ts";

export class PendingIndex {
  /** By watched key: how many transactions of each account watch it. */
  readonly #watchers = new Map<string, Map<string, number>>();
  /** By the last height that may include them; those without a limit are not here. */
  readonly #byValidUntil = new Map<number, Set<PendingTransaction>>();
  #expiredTo = 0;

  add(pending: PendingTransaction): void {
    const { senderHex, transaction } = pending.decoded;
    for (const key of pending.watches) {
      const accounts = this.#watchers.get(key) ?? new Map<string, number>();
      this.#watchers.set(key, accounts.set(senderHex, (accounts.get(senderHex) ?? 0) + 1));
    }
    const { validUntil } = transaction;
    if (validUntil === 0) return;
    const expiring = this.#byValidUntil.get(validUntil) ?? new Set();
    this.#byValidUntil.set(validUntil, expiring.add(pending));
    this.#expiredTo = Math.min(this.#expiredTo, validUntil - 1);
  }

  remove(pending: PendingTransaction): void {
    const { senderHex, transaction } = pending.decoded;
    for (const key of pending.watches) {
      const accounts = this.#watchers.get(key);
      const count = accounts?.get(senderHex);
      if (!accounts || count === undefined) continue;
      if (count > 1) accounts.set(senderHex, count - 1);
      else accounts.delete(senderHex);
      if (accounts.size === 0) this.#watchers.delete(key);
    }
    const expiring = this.#byValidUntil.get(transaction.validUntil);
    expiring?.delete(pending);
    if (expiring?.size === 0) this.#byValidUntil.delete(transaction.validUntil);
  }

  /** The accounts with a pending transaction that depends on a key. */
  watchersOf(key: string): Iterable<string> {
    return this.#watchers.get(key)?.keys() ?? [];
  }

  /** Those that a block of this height is too late for. Looks at each height once. */
  expiredAt(height: number): PendingTransaction[] {
    const last = height - 1;
    const expired: PendingTransaction[] = [];
    const collect = (validUntil: number) => expired.push(...(this.#byValidUntil.get(validUntil) ?? []));
    if (last - this.#expiredTo > this.#byValidUntil.size) {
      for (const validUntil of this.#byValidUntil.keys()) if (validUntil <= last) collect(validUntil);
    } else {
      for (let validUntil = this.#expiredTo + 1; validUntil <= last; validUntil += 1) collect(validUntil);
    }
    this.#expiredTo = last;
    return expired;
  }
}
