/** The ledger's accounts, holders, names and assets in order, so that a page of a list does not look at all of them. */
import sortedBtree from "sorted-btree";
import type { Chain, HeadChange } from "../chain/chain.ts";
import {
  type AccountEntry,
  type AssetBalanceEntry,
  type AssetEntry,
  type Entry,
  entryKey,
  type UserEntry,
} from "../ledger/entry.ts";
import { ApiError } from "./api-error.ts";

// CommonJS: its class is the default of its default.
const BTree = sortedBtree.default;

/** Entries that are put in order at once while the lists are built; then others get their turn. */
const entriesPerTurn = 2_000;
/** Changed entries that are remembered until somebody asks; with more, the lists are dropped and built anew when asked for. */
const changedMax = 50_000;

const compareText = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
const compareUnits = (left: bigint, right: bigint) => (left > right ? -1 : left < right ? 1 : 0);

export type AccountPlace = Pick<AccountEntry, "balance" | "account">;
export type HolderPlace = Pick<AssetBalanceEntry, "assetId" | "balance" | "account">;
export type AssetPlace = Pick<AssetEntry, "symbol" | "assetId">;
export type UserPlace = Pick<UserEntry, "name">;

/** Keys in an order. */
class Order<Key> {
  readonly #compare: (left: Key, right: Key) => number;
  readonly #tree: InstanceType<typeof BTree<Key, undefined>>;

  constructor(compare: (left: Key, right: Key) => number) {
    this.#compare = compare;
    this.#tree = new BTree<Key, undefined>(undefined, compare);
  }

  get size(): number {
    return this.#tree.size;
  }

  add(key: Key): void {
    this.#tree.set(key, undefined);
  }

  remove(key: Key): void {
    this.#tree.delete(key);
  }

  /** From a key on, with it if it is there; from the first without one. */
  from(max: number, start?: Key): readonly Key[] {
    const found: Key[] = [];
    for (const key of this.#tree.keys(start)) {
      if (found.length >= max) break;
      found.push(key);
    }
    return found;
  }

  after(max: number, start?: Key): readonly Key[] {
    if (start === undefined) return this.from(max);
    return this.from(max + 1, start)
      .filter((key) => this.#compare(key, start) !== 0)
      .slice(0, max);
  }
}

/** The orders, and what of the ledger is in them. */
class Orders {
  readonly accounts = new Order<AccountEntry>(
    (a, b) => compareUnits(a.balance, b.balance) || compareText(a.account, b.account),
  );
  readonly holders = new Order<AssetBalanceEntry>(
    (a, b) =>
      compareText(a.assetId, b.assetId) ||
      compareUnits(a.balance, b.balance) ||
      compareText(a.account, b.account),
  );
  readonly users = new Order<UserEntry>((a, b) => compareText(a.name, b.name));
  readonly assets = new Order<AssetEntry>(
    (a, b) => compareText(a.symbol, b.symbol) || compareText(a.assetId, b.assetId),
  );
  /** Each entry as it stands in its order, by its key. */
  readonly #placed = new Map<string, Entry>();

  /** @param now undefined if the ledger has no such entry any more */
  place(key: string, now: Entry | undefined): void {
    const before = this.#placed.get(key);
    if (before === now) return;
    if (before) this.#change(before, "remove");
    if (now && this.#change(now, "add")) this.#placed.set(key, now);
    else this.#placed.delete(key);
  }

  /** False if such an entry is in no order. */
  #change(entry: Entry, how: "add" | "remove"): boolean {
    if (entry.type === "account") this.accounts[how](entry);
    else if (entry.type === "assetBalance" && entry.balance > 0n) this.holders[how](entry);
    else if (entry.type === "user") this.users[how](entry);
    else if (entry.type === "asset") this.assets[how](entry);
    else return false;
    return true;
  }
}

/**
 * Lists of the ledger at the head. Costs nothing until somebody asks for one: then all entries are put in order once, a
 * few at a time, and from then on an answer costs as much as its page and what has changed since the last one.
 */
export class LedgerLists {
  readonly #chain: Pick<Chain, "ledger" | "events">;
  readonly #changed = new Set<string>();
  #orders: Orders | undefined;
  #working: Promise<void> | undefined;

  constructor(chain: Pick<Chain, "ledger" | "events">) {
    this.#chain = chain;
    chain.events.on("headChanged", this.#onHead);
  }

  /** Follows the chain no more. */
  close(): void {
    this.#chain.events.off("headChanged", this.#onHead);
  }

  #onHead = ({ touched }: HeadChange) => {
    if (!this.#orders && !this.#working) return;
    for (const entry of touched) this.#changed.add(entryKey(entry));
    // While they are being built, the lists need all that changes.
    if (this.#changed.size > changedMax && !this.#working) this.#forget();
  };

  /** Resolves when the lists can be asked; to be awaited before each answer, which is then made without a pause. */
  async ready(): Promise<void> {
    while (!this.#orders || this.#changed.size > entriesPerTurn) {
      this.#working ??= this.#work().finally(() => {
        this.#working = undefined;
      });
      await this.#working;
    }
  }

  /** Puts everything in order, or enough of what has changed; others get their turn in between. */
  async #work(): Promise<void> {
    if (!this.#orders) return this.#build();
    const orders = this.#orders;
    while (this.#orders === orders && this.#changed.size > entriesPerTurn) {
      this.#place(orders, entriesPerTurn);
      await new Promise(setImmediate);
    }
  }

  #place(orders: Orders, max: number): void {
    const { ledger } = this.#chain;
    let left = max;
    for (const key of this.#changed) {
      if (left-- === 0) return;
      this.#changed.delete(key);
      orders.place(key, ledger.locate(key)?.entry);
    }
  }

  accountCount(): number {
    return this.#inOrder().accounts.size;
  }

  userCount(): number {
    return this.#inOrder().users.size;
  }

  assetCount(): number {
    return this.#inOrder().assets.size;
  }

  /** Those with most AUR first, after a place if it is given. */
  accounts(max: number, after?: AccountPlace): readonly AccountEntry[] {
    return this.#inOrder().accounts.after(max, after as AccountEntry | undefined);
  }

  /** Who has any of an asset, those with most first. */
  holders(assetId: string, max: number, after?: HolderPlace): readonly AssetBalanceEntry[] {
    // Before all of the asset: nobody has more than a uint64 holds.
    const start = after ?? { assetId, balance: 2n ** 64n, account: "" };
    const found = this.#inOrder().holders.after(max, start as AssetBalanceEntry);
    return found.filter((holder) => holder.assetId === assetId);
  }

  /** By name, after a name if it is given. */
  users(max: number, after?: UserPlace): readonly UserEntry[] {
    return this.#inOrder().users.after(max, after as UserEntry | undefined);
  }

  /** By symbol, then by id. */
  assets(max: number, after?: AssetPlace): readonly AssetEntry[] {
    return this.#inOrder().assets.after(max, after as AssetEntry | undefined);
  }

  usersFrom(prefix: string, max: number): readonly UserEntry[] {
    const found = this.#inOrder().users.from(max, { name: prefix } as UserEntry);
    return found.filter(({ name }) => name.startsWith(prefix));
  }

  assetsFrom(prefix: string, max: number): readonly AssetEntry[] {
    const start = { symbol: prefix, assetId: "" } as AssetEntry;
    const found = this.#inOrder().assets.from(max, start);
    return found.filter(({ symbol }) => symbol.startsWith(prefix));
  }

  /** The lists with every change of the ledger placed. */
  #inOrder(): Orders {
    const orders = this.#orders;
    if (!orders) {
      // So much has changed since they were ready that they have just been dropped.
      throw new ApiError(503, "lists/building", "the lists are being put in order", "ask again");
    }
    this.#place(orders, Number.POSITIVE_INFINITY);
    return orders;
  }

  #forget(): void {
    this.#orders = undefined;
    this.#changed.clear();
  }

  /** What changes meanwhile is put in its place by the first answer. */
  async #build(): Promise<void> {
    const orders = new Orders();
    const { ledger } = this.#chain;
    for (let index = 0; index < ledger.entryCount; index += 1) {
      const entry = ledger.entryAt(index);
      orders.place(entryKey(entry), entry);
      if (index % entriesPerTurn === entriesPerTurn - 1) await new Promise(setImmediate);
    }
    this.#orders = orders;
  }
}
