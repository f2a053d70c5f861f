/** Finds entries' indexes by what they are about: by key, a user by account, asset balances by holder. */
import { invariant } from "../base/invariant.ts";
import { type Entry, entryKey } from "./entry.ts";

export class EntryIndex {
  readonly #byKey = new Map<string, number>();
  readonly #userByAccount = new Map<string, number>();
  readonly #balancesByAccount = new Map<string, number[]>();

  byKey(key: string): number | undefined {
    return this.#byKey.get(key);
  }

  userOf(accountHex: string): number | undefined {
    return this.#userByAccount.get(accountHex);
  }

  /** Ascending. */
  balancesOf(accountHex: string): readonly number[] {
    return this.#balancesByAccount.get(accountHex) ?? [];
  }

  /** Adds an entry at an index above all that are there. */
  add(entry: Entry, index: number): void {
    const key = entryKey(entry);
    invariant(!this.#byKey.has(key), "every entry stands at one index");
    this.#byKey.set(key, index);
    if (entry.type === "user") this.#userByAccount.set(entry.account, index);
    if (entry.type !== "assetBalance") return;
    const balances = this.#balancesByAccount.get(entry.account);
    if (balances === undefined) this.#balancesByAccount.set(entry.account, [index]);
    else balances.push(index);
  }

  /** Removes the entry with the highest index. */
  remove(entry: Entry, index: number): void {
    this.#byKey.delete(entryKey(entry));
    if (entry.type === "user") this.#userByAccount.delete(entry.account);
    if (entry.type !== "assetBalance") return;
    const balances = this.#balancesByAccount.get(entry.account);
    invariant(balances?.pop() === index, "entries are removed from the end");
    if (balances.length === 0) this.#balancesByAccount.delete(entry.account);
  }
}
