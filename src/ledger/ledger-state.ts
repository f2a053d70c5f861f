/** The ledger in memory at one block, and drafts of what comes next; both read alike and give their state root. */
import { invariant } from "../base/invariant.ts";
import { chunkBytes } from "../protocol/merkle.ts";
import {
  type AccountEntry,
  type AssetBalanceEntry,
  type AssetEntry,
  type AuthorityEntry,
  type Entry,
  entryKey,
  entryKeys,
  type LedgerView,
  type LocatedEntry,
  type RewardEntry,
  type StateChange,
  type UserEntry,
} from "./entry.ts";
import { entryLeaf } from "./entry-codec.ts";
import { EntryIndex } from "./entry-index.ts";
import { type StateProof, StateTree, type TreeDraft } from "./state-tree.ts";

/** Reading by key, on top of three questions that state and draft answer each in their way. */
abstract class IndexedLedger implements LedgerView {
  abstract get entryCount(): number;
  /** The entry at an index below `entryCount`. */
  abstract entryAt(index: number): Entry;
  abstract stateRoot(): Uint8Array;
  /** The proof that an entry stands at `index` under {@link stateRoot}. */
  abstract proof(index: number): StateProof;
  protected abstract indexOf(key: string): number | undefined;
  protected abstract indexOfUser(accountHex: string): number | undefined;
  protected abstract indexesOfBalances(accountHex: string): readonly number[];
  protected abstract indexesOfRewards(): readonly number[];

  locate(key: string): LocatedEntry | undefined {
    const index = this.indexOf(key);
    return index === undefined ? undefined : { index, entry: this.entryAt(index) };
  }

  account(accountHex: string): AccountEntry | undefined {
    return this.#entry(this.indexOf(entryKeys.account(accountHex))) as AccountEntry | undefined;
  }

  asset(assetIdHex: string): AssetEntry | undefined {
    return this.#entry(this.indexOf(entryKeys.asset(assetIdHex))) as AssetEntry | undefined;
  }

  assetBalance(accountHex: string, assetIdHex: string): AssetBalanceEntry | undefined {
    const index = this.indexOf(entryKeys.assetBalance(accountHex, assetIdHex));
    return this.#entry(index) as AssetBalanceEntry | undefined;
  }

  userByName(name: string): UserEntry | undefined {
    return this.#entry(this.indexOf(entryKeys.user(name))) as UserEntry | undefined;
  }

  userOfAccount(accountHex: string): UserEntry | undefined {
    return this.#entry(this.indexOfUser(accountHex)) as UserEntry | undefined;
  }

  authority(accountHex: string): AuthorityEntry | undefined {
    return this.#entry(this.indexOf(entryKeys.authority(accountHex))) as AuthorityEntry | undefined;
  }

  assetBalancesOf(
    accountHex: string,
    fromIndex = 0,
    max = Number.POSITIVE_INFINITY,
  ): readonly AssetBalanceEntry[] {
    const indexes = this.indexesOfBalances(accountHex);
    const start = firstNotBelow(indexes, fromIndex);
    return indexes.slice(start, start + max).map((index) => this.entryAt(index) as AssetBalanceEntry);
  }

  assetBalanceCount(accountHex: string): number {
    return this.indexesOfBalances(accountHex).length;
  }

  immatureOf(accountHex: string): bigint {
    return this.indexesOfRewards()
      .map((index) => this.entryAt(index) as RewardEntry)
      .reduce((sum, { account, amount }) => (account === accountHex ? sum + amount : sum), 0n);
  }

  #entry(index: number | undefined): Entry | undefined {
    return index === undefined ? undefined : this.entryAt(index);
  }
}

/** The ledger of the head. It changes only by committing a draft. */
export class LedgerState extends IndexedLedger {
  readonly #entries: Entry[];
  readonly #index = new EntryIndex();
  readonly #tree: StateTree;

  private constructor(entries: Entry[]) {
    super();
    const leaves = new Uint8Array(entries.length * chunkBytes);
    for (const [index, entry] of entries.entries()) {
      this.#index.add(entry, index);
      leaves.set(entryLeaf(entry), index * chunkBytes);
    }
    this.#entries = entries;
    this.#tree = StateTree.fromLeaves(leaves);
  }

  /** The ledger whose entries, by index from 0, are these; every key once. */
  static fromEntries(entries: Iterable<Entry>): LedgerState {
    return new LedgerState([...entries]);
  }

  override get entryCount(): number {
    return this.#entries.length;
  }

  override entryAt(index: number): Entry {
    const entry = this.#entries[index];
    invariant(entry !== undefined, "an entry stands at every index below the count");
    return entry;
  }

  override stateRoot(): Uint8Array {
    return this.#tree.root();
  }

  override proof(index: number): StateProof {
    return this.#tree.proof(index);
  }

  draft(): LedgerDraft {
    return new LedgerDraft(this, this.#index, this.#tree);
  }

  /** Takes over what a draft holds; every other draft of this state ends. */
  commit(draft: LedgerDraft): void {
    invariant(draft.base === this, "a draft is committed to the state it was made on");
    draft.commitTree(this.#tree);
    for (let index = this.#entries.length - 1; index >= draft.sharedCount; index -= 1) {
      this.#index.remove(this.entryAt(index), index);
    }
    this.#entries.length = draft.sharedCount;
    for (const [index, entry] of [...draft.changedEntries()].sort(([left], [right]) => left - right)) {
      if (index >= draft.sharedCount) this.#index.add(entry, index);
      this.#entries[index] = entry;
    }
  }

  protected override indexOf(key: string): number | undefined {
    return this.#index.byKey(key);
  }

  protected override indexOfUser(accountHex: string): number | undefined {
    return this.#index.userOf(accountHex);
  }

  protected override indexesOfBalances(accountHex: string): readonly number[] {
    return this.#index.balancesOf(accountHex);
  }

  protected override indexesOfRewards(): readonly number[] {
    return this.#index.rewards();
  }
}

/**
 * What the ledger would be after more blocks, or fewer: changes are applied and reverted on top of a state that stays
 * as it is. A draft ends, with an invariant, once its state has moved on.
 */
export class LedgerDraft extends IndexedLedger {
  readonly base: LedgerState;
  readonly #baseIndex: EntryIndex;
  readonly #tree: TreeDraft;
  readonly #changed = new Map<number, Entry>();
  readonly #added = new EntryIndex();
  readonly #leavesDue = new Set<number>();
  #entryCount: number;
  #sharedCount: number;

  constructor(base: LedgerState, baseIndex: EntryIndex, baseTree: StateTree) {
    super();
    this.base = base;
    this.#baseIndex = baseIndex;
    this.#tree = baseTree.draft();
    this.#entryCount = base.entryCount;
    this.#sharedCount = base.entryCount;
  }

  override get entryCount(): number {
    return this.#entryCount;
  }

  /** Indexes below it belong to the same entries as in the base; those from it upward the draft has made anew. */
  get sharedCount(): number {
    return this.#sharedCount;
  }

  /** Applies a block's change on top. */
  apply(change: StateChange): void {
    this.#tree.assertCurrent();
    invariant(change.entryCountBefore === this.#entryCount, "a change is applied where it was made");
    for (const { index, before, after } of change.changes) {
      if (before === undefined) this.#append(index, after);
      else this.#replace(index, before, after);
    }
    invariant(change.entryCountAfter === this.#entryCount, "a change adds as many entries as it says");
  }

  /** Undoes the block's change that was applied last. */
  revert(change: StateChange): void {
    this.#tree.assertCurrent();
    invariant(change.entryCountAfter === this.#entryCount, "a change is undone where it ended");
    for (const { index, before, after } of change.changes) {
      if (before !== undefined) this.#replace(index, after, before);
    }
    this.#truncate(change.entryCountBefore);
  }

  override stateRoot(): Uint8Array {
    this.#hashLeaves();
    return this.#tree.root();
  }

  override proof(index: number): StateProof {
    this.#hashLeaves();
    return this.#tree.proof(index);
  }

  /** Every entry that may differ from the base's, as it is now; indexes from `entryCount` upward are gone. */
  changedEntries(): ReadonlyMap<number, Entry> {
    return this.#changed;
  }

  /** Every entry that may differ from the base's: as it is now, and one that is gone as it was. Before the commit. */
  touchedEntries(): Entry[] {
    const gone: Entry[] = [];
    for (let index = this.#sharedCount; index < this.base.entryCount; index += 1) {
      gone.push(this.base.entryAt(index));
    }
    return [...this.#changed.values(), ...gone];
  }

  /** For {@link LedgerState.commit}: flushes the leaves and nodes into the base's tree. */
  commitTree(tree: StateTree): void {
    this.#hashLeaves();
    tree.commit(this.#tree);
  }

  override entryAt(index: number): Entry {
    this.#tree.assertCurrent();
    invariant(index < this.#entryCount, "an entry stands at every index below the count");
    return this.#changed.get(index) ?? this.base.entryAt(index);
  }

  protected override indexOf(key: string): number | undefined {
    this.#tree.assertCurrent();
    return this.#added.byKey(key) ?? this.#shared(this.#baseIndex.byKey(key));
  }

  protected override indexOfUser(accountHex: string): number | undefined {
    this.#tree.assertCurrent();
    return this.#added.userOf(accountHex) ?? this.#shared(this.#baseIndex.userOf(accountHex));
  }

  protected override indexesOfBalances(accountHex: string): readonly number[] {
    this.#tree.assertCurrent();
    return this.#joined(this.#baseIndex.balancesOf(accountHex), this.#added.balancesOf(accountHex));
  }

  protected override indexesOfRewards(): readonly number[] {
    this.#tree.assertCurrent();
    return this.#joined(this.#baseIndex.rewards(), this.#added.rewards());
  }

  #joined(base: readonly number[], added: readonly number[]): number[] {
    return [...base.filter((index) => index < this.#sharedCount), ...added];
  }

  #shared(index: number | undefined): number | undefined {
    return index !== undefined && index < this.#sharedCount ? index : undefined;
  }

  #append(index: number, entry: Entry): void {
    invariant(index === this.#entryCount, "new entries take the next free index");
    invariant(this.indexOf(entryKey(entry)) === undefined, "an entry appears once");
    this.#entryCount += 1;
    this.#added.add(entry, index);
    this.#set(index, entry);
  }

  #replace(index: number, from: Entry, to: Entry): void {
    invariant(
      index < this.#entryCount && isSameEntry(this.entryAt(index), from),
      "a change starts from what is there",
    );
    this.#set(index, to);
  }

  #set(index: number, entry: Entry): void {
    this.#changed.set(index, entry);
    this.#leavesDue.add(index);
  }

  #truncate(entryCount: number): void {
    for (let index = this.#entryCount - 1; index >= entryCount; index -= 1) {
      const entry = this.#changed.get(index);
      if (index >= this.#sharedCount && entry !== undefined) this.#added.remove(entry, index);
      this.#changed.delete(index);
      this.#leavesDue.delete(index);
    }
    this.#entryCount = entryCount;
    this.#sharedCount = Math.min(this.#sharedCount, entryCount);
    // Leaves are hashed late, so the tree may not have come this far yet.
    this.#tree.truncate(Math.min(entryCount, this.#tree.leafCount));
  }

  /** Hashes the leaves of the entries that changed since the last root, new ones in the order of their indexes. */
  #hashLeaves(): void {
    for (const index of [...this.#leavesDue].sort((left, right) => left - right)) {
      this.#tree.setLeaf(index, entryLeaf(this.entryAt(index)));
    }
    this.#leavesDue.clear();
  }
}

/** Where, in ascending numbers, the first that is not below `wanted` stands. */
function firstNotBelow(numbers: readonly number[], wanted: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Entries are flat, so their fields decide. */
function isSameEntry(left: Entry, right: Entry): boolean {
  if (left === right) return true;
  const fields = Object.entries(left);
  return (
    fields.length === Object.keys(right).length &&
    fields.every(([name, value]) => value === (right as unknown as Record<string, unknown>)[name])
  );
}
