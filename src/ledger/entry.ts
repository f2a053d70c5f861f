/** The ledger's entries and their bytes: what the state root commits to, one leaf an entry. */

/** All keys and ids are lower-case hex of 32 bytes; amounts are base units. */
export interface AccountEntry {
  readonly type: "account";
  readonly account: string;
  /** The sequence that the account's next transaction must have; a new account's is 0. */
  readonly sequence: number;
  readonly balance: bigint;
}
export interface AssetEntry {
  readonly type: "asset";
  readonly assetId: string;
  readonly issuer: string;
  readonly symbol: string;
  readonly name: string;
  readonly decimals: number;
  readonly supply: bigint;
  readonly metadata: string;
}
export interface AssetBalanceEntry {
  readonly type: "assetBalance";
  readonly account: string;
  readonly assetId: string;
  readonly balance: bigint;
}
export interface UserEntry {
  readonly type: "user";
  readonly account: string;
  readonly name: string;
}
export interface AuthorityEntry {
  readonly type: "authority";
  readonly account: string;
  readonly sinceHeight: number;
  readonly removed: boolean;
}
/** A slot of the ring in which rewards wait, one for each block until they are mature. */
export interface RewardEntry {
  readonly type: "reward";
  /** `height` modulo the chain's `rewardMaturityBlocks`. */
  readonly slot: number;
  /** Who is credited `amount`, which may be 0, by block `height + rewardMaturityBlocks`. */
  readonly account: string;
  readonly amount: bigint;
  /** The block that earned it. */
  readonly height: number;
}
export type Entry = AccountEntry | AssetEntry | AssetBalanceEntry | UserEntry | AuthorityEntry | RewardEntry;

/** One entry before and after a block; `before` undefined: it first appeared there, at the next free index. */
export interface EntryChange {
  readonly index: number;
  readonly before: Entry | undefined;
  readonly after: Entry;
}

/** What a block does to the ledger; undoing it is applying its inverse. Every index at most once. */
export interface StateChange {
  readonly entryCountBefore: number;
  readonly entryCountAfter: number;
  readonly changes: readonly EntryChange[];
}

/** An entry with its leaf's index under the state root. */
export interface LocatedEntry {
  readonly index: number;
  readonly entry: Entry;
}

/** Read access to a ledger at one block; what mempool, chain and API are handed. */
export interface LedgerView {
  readonly entryCount: number;
  account(accountHex: string): AccountEntry | undefined;
  asset(assetIdHex: string): AssetEntry | undefined;
  assetBalance(accountHex: string, assetIdHex: string): AssetBalanceEntry | undefined;
  /** By the name itself, e.g. `alice@example.com`. */
  userByName(name: string): UserEntry | undefined;
  userOfAccount(accountHex: string): UserEntry | undefined;
  authority(accountHex: string): AuthorityEntry | undefined;
  /** Of an account, by index: from one index upward, as many as `max`; by default all. */
  assetBalancesOf(accountHex: string, fromIndex?: number, max?: number): readonly AssetBalanceEntry[];
  assetBalanceCount(accountHex: string): number;
  /** The entry at an index below `entryCount`. */
  entryAt(index: number): Entry;
  /** What an account's blocks have earned that it cannot spend yet, in base units. */
  immatureOf(accountHex: string): bigint;
  /** Where an entry stands, by its {@link entryKey}. */
  locate(key: string): LocatedEntry | undefined;
  stateRoot(): Uint8Array;
}

/** What an entry is about, as one string: two entries of one key are the same entry at two times. */
export function entryKey(entry: Entry): string {
  switch (entry.type) {
    case "account":
      return entryKeys.account(entry.account);
    case "asset":
      return entryKeys.asset(entry.assetId);
    case "assetBalance":
      return entryKeys.assetBalance(entry.account, entry.assetId);
    case "user":
      return entryKeys.user(entry.name);
    case "authority":
      return entryKeys.authority(entry.account);
    case "reward":
      return entryKeys.reward(entry.slot);
  }
}

/** The key of each type's entries from its own fields, for looking them up. */
export const entryKeys = {
  /** Bare, since most look-ups are of accounts: a string remembers its hash, a new one must be hashed each time. */
  account: (accountHex: string) => accountHex,
  asset: (assetIdHex: string) => `asset/${assetIdHex}`,
  assetBalance: (accountHex: string, assetIdHex: string) => `assetBalance/${accountHex}/${assetIdHex}`,
  user: (name: string) => `user/${name}`,
  authority: (accountHex: string) => `authority/${accountHex}`,
  reward: (slot: number) => `reward/${slot}`,
} as const;
