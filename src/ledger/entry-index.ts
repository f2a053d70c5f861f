/** Finds entries' indexes by what they are about: by key, a user by account, asset balances by holder, all rewards. */
import { invariant } from "../base/invariant.ts";
import { type Entry, entryKey } from "./entry.ts";

const endInvariant = "entries are removed from the end";

export class EntryIndex {
  readonly #byKey = new Map<string, number>();
  readonly #userByAccount = new Map<string, number>();
  readonly #balancesByAccount = new Map<string, number[]>();
  /** As many as there are slots at most. */
  readonly #rewards: number[] = [];

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

  /** Ascending. */
  rewards(): readonly number[] {
    return this.#rewards;
  }

  /** Adds an entry at an index above all that are there. */
  add(entry: Entry, index: number): void {
    const key = entryKey(entry);
    invariant(!this.#byKey.has(key), "every entry stands at one index");
    this.#byKey.set(key, index);
    if (entry.type === "user") this.#userByAccount.set(entry.account, index);
    if (entry.type === "reward") this.#rewards.push(index);
    if (entry.type !== "assetBalance") return;
    const balances = this.#balancesByAccount.get(entry.account);
    if (balances === undefined) this.#balancesByAccount.set(entry.account, [index]);
    else balances.push(index);
  }

  /** Removes the entry with the highest index. */
  remove(entry: Entry, index: number): void {
    this.#byKey.delete(entryKey(entry));
    if (entry.type === "user") this.#userByAccount.delete(entry.account);
    if (entry.type === "reward") invariant(this.#rewards.pop() === index, endInvariant);
    if (entry.type !== "assetBalance") return;
    const balances = this.#balancesByAccount.get(entry.account);
    invariant(balances?.pop() === index, endInvariant);
    if (balances.length === 0) this.#balancesByAccount.delete(entry.account);
  }
}
