/** How a batch of the chain changes the account index: pure, the same for both twins. */
import { toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import { type AccountItem, accountItems } from "../ledger/account-items.ts";
import type { StateChange } from "../ledger/entry.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import type { IndexProgress, StoredItem } from "./account-index.ts";
import type { CommitBatch, DisconnectedBlock } from "./chain-store.ts";

export interface IndexLookups {
  /** Whether blocks that join are to be added. What leaves is taken back in either case. */
  readonly isKept: boolean;
  itemCount(account: Uint8Array): number;
  item(account: Uint8Array, number: number): StoredItem | undefined;
  /** Of a canonical block. */
  stateChange(hash: Uint8Array): StateChange | undefined;
  hashAtHeight(height: number): Uint8Array | undefined;
}

/** What a batch does to one account's history. */
export interface HistoryChange {
  readonly account: Uint8Array;
  readonly countBefore: number;
  /** Items below this number stay. */
  readonly sharedCount: number;
  /** Items from `sharedCount` on. */
  readonly added: readonly StoredItem[];
}

/** What a batch does to the index. */
export interface IndexChange {
  readonly histories: Iterable<HistoryChange>;
  readonly progress: IndexProgress;
}

/**
 * The index covers the blocks below `before.blockCount`, never one above a gap. So a block that leaves is taken back
 * only if it was covered, and a block that joins is added only if it is the next one; else it is added later
 * ({@link CommitBatch.indexed}).
 *
 * @returns undefined if nothing changes
 */
export function indexChange(
  batch: CommitBatch,
  before: IndexProgress,
  stored: IndexLookups,
): IndexChange | undefined {
  const histories = new Histories(stored);
  let { blockCount } = before;
  let tipHash: Uint8Array | undefined;
  for (const block of batch.disconnected) {
    if (block.height >= blockCount) continue;
    takeBack(block, histories, stored);
    blockCount = block.height;
    tipHash = (blockCount > 0 && stored.hashAtHeight(blockCount - 1)) || zeroBytes32;
  }
  if (stored.isKept && !before.isClearing) {
    const added = batch.connected.filter(({ height }) => height >= blockCount);
    const later = (batch.indexed ?? []).map((block) => {
      const change = stored.stateChange(block.hash);
      invariant(change, "a block that is added to the index is canonical");
      return { ...block, change };
    });
    for (const { hash, height, transactions, change } of [...later, ...added]) {
      if (height !== blockCount) continue;
      for (const item of accountItems(transactions, change)) histories.push(item, height);
      blockCount += 1;
      tipHash = hash;
    }
  }
  if (!tipHash) return undefined;
  return { histories: histories.changes(), progress: { ...before, blockCount, tipHash } };
}

function takeBack(
  { hash, transactions }: DisconnectedBlock,
  histories: Histories,
  stored: IndexLookups,
): void {
  const change = stored.stateChange(hash);
  invariant(change, "a canonical block has an undo record");
  for (const item of accountItems(transactions, change)) histories.pop(item);
}

class Histories {
  readonly #stored: IndexLookups;
  readonly #byAccount = new Map<
    string,
    { account: Uint8Array; countBefore: number; sharedCount: number; added: StoredItem[] }
  >();

  constructor(stored: IndexLookups) {
    this.#stored = stored;
  }

  /** Blocks leave before others join, so there is nothing added yet. */
  pop(item: AccountItem): void {
    const history = this.#of(item);
    invariant(history.sharedCount > 0, "what a covered block added to a history is there");
    history.sharedCount -= 1;
  }

  push(item: AccountItem, height: number): void {
    const history = this.#of(item);
    const { position, direction, asset, credited } = item;
    const aurBalance = item.aurBalance ?? this.#lastAur(history);
    history.added.push({ height, position, direction, aurBalance, asset, credited });
  }

  /** Most items move AUR and say what is left of it. The others stand at what the item before them left. */
  #lastAur({ account, sharedCount, added }: Omit<HistoryChange, "countBefore">): bigint {
    const last = added.at(-1) ?? (sharedCount > 0 ? this.#stored.item(account, sharedCount - 1) : undefined);
    return last?.aurBalance ?? 0n;
  }

  changes(): Iterable<HistoryChange> {
    return this.#byAccount.values();
  }

  #of({ account, accountHex }: AccountItem) {
    const known = this.#byAccount.get(accountHex);
    if (known) return known;
    const countBefore = this.#stored.itemCount(account);
    const history = { account, countBefore, sharedCount: countBefore, added: [] };
    this.#byAccount.set(accountHex, history);
    return history;
  }
}

/** Whether the line of the store still is the one that the index follows. */
export function isOnLine(
  progress: IndexProgress,
  hashAtHeight: (height: number) => Uint8Array | undefined,
): boolean {
  if (progress.blockCount === 0) return true;
  const hash = hashAtHeight(progress.blockCount - 1);
  return hash !== undefined && toHex(hash) === toHex(progress.tipHash);
}
