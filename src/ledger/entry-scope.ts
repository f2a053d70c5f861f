/** Writes on top of a ledger that can be kept or dropped as one: a block's over the state, a transaction's over the block's. */
import {
  type AccountEntry,
  type AssetBalanceEntry,
  type AssetEntry,
  type Entry,
  entryKey,
  entryKeys,
  type UserEntry,
} from "./entry.ts";

/** The reads that transactions need: a ledger, or a scope over one. */
export interface EntryReader {
  account(accountHex: string): AccountEntry | undefined;
  asset(assetIdHex: string): AssetEntry | undefined;
  assetBalance(accountHex: string, assetIdHex: string): AssetBalanceEntry | undefined;
  userByName(name: string): UserEntry | undefined;
  userOfAccount(accountHex: string): UserEntry | undefined;
}

export class EntryScope implements EntryReader {
  readonly #below: EntryReader;
  readonly #writes = new Map<string, Entry>();
  readonly #usersByAccount = new Map<string, UserEntry>();

  constructor(below: EntryReader) {
    this.#below = below;
  }

  /** What was written, by key, in the order in which each key was written first. */
  get writes(): ReadonlyMap<string, Entry> {
    return this.#writes;
  }

  put(entry: Entry): void {
    this.#writes.set(entryKey(entry), entry);
    if (entry.type === "user") this.#usersByAccount.set(entry.account, entry);
  }

  account(accountHex: string): AccountEntry | undefined {
    const written = this.#writes.get(entryKeys.account(accountHex));
    return (written as AccountEntry | undefined) ?? this.#below.account(accountHex);
  }

  asset(assetIdHex: string): AssetEntry | undefined {
    const written = this.#writes.get(entryKeys.asset(assetIdHex));
    return (written as AssetEntry | undefined) ?? this.#below.asset(assetIdHex);
  }

  assetBalance(accountHex: string, assetIdHex: string): AssetBalanceEntry | undefined {
    const written = this.#writes.get(entryKeys.assetBalance(accountHex, assetIdHex));
    return (written as AssetBalanceEntry | undefined) ?? this.#below.assetBalance(accountHex, assetIdHex);
  }

  userByName(name: string): UserEntry | undefined {
    const written = this.#writes.get(entryKeys.user(name));
    return (written as UserEntry | undefined) ?? this.#below.userByName(name);
  }

  userOfAccount(accountHex: string): UserEntry | undefined {
    return this.#usersByAccount.get(accountHex) ?? this.#below.userOfAccount(accountHex);
  }
}
