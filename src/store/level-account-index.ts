/** The account index as it lies in LevelDB: for each account the end of its history, and full parts before that. */
import { concatBytes, toHex } from "../base/bytes.ts";
import { InvariantError, invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import {
  type AccountIndex,
  decodeEnd,
  decodeItem,
  decodeProgress,
  emptyEnd,
  emptyProgress,
  encodeEnd,
  encodeItem,
  encodeProgress,
  type HistoryEnd,
  type IndexProgress,
  itemOffsets,
  itemsPerRecord,
  type StoredItem,
} from "./account-index.ts";
import { type HistoryChange, indexChange, isOnLine } from "./account-operations.ts";
import type { Operation } from "./batch-operations.ts";
import { type ChainStore, type CommitBatch, StoreError } from "./chain-store.ts";
import type { LevelDatabase } from "./level-database.ts";
import { describeKey, historyEndKey, historyPartKey, indexProgressKey, keyPrefixes } from "./store-keys.ts";

/** Keys that are removed in one turn, so that a block's commit does not wait for all of them. */
const clearedKeysPerTurn = 20_000;
const unusable: IndexProgress = { ...emptyProgress, isClearing: true };
/** No history is so long; a caller may ask for any number. */
const itemNumberMax = 2 ** 40;
const noItems = new Uint8Array(0);

/** What else of the store it looks at. */
type LineReader = Pick<ChainStore, "stateChange" | "hashAtHeight">;

const partOf = (number: number) => Math.floor(number / itemsPerRecord);

export class LevelAccountIndex implements AccountIndex {
  readonly isKept: boolean;
  readonly #database: LevelDatabase;
  readonly #logger: Logger;
  #progress: IndexProgress;
  /** The record that was read last: those who read go from one item to the next. */
  #lastRead:
    | { readonly keyText: string; readonly bytes: Uint8Array; readonly offsets: readonly number[] }
    | undefined;

  /** @param isKept whether blocks that join are added */
  constructor(isKept: boolean, database: LevelDatabase, line: LineReader, logger: Logger) {
    this.isKept = isKept;
    this.#database = database;
    this.#logger = logger;
    this.#progress = emptyProgress;
    this.#guarded(() => {
      const bytes = database.get(indexProgressKey);
      const found = bytes ? decodeProgress(bytes) : emptyProgress;
      invariant(found, "the progress of the account index decodes");
      // An older program may have moved the head and left the index behind: it is about another line then.
      const isUsable = isOnLine(found, (height) => line.hashAtHeight(height));
      this.#progress = isUsable ? found : unusable;
    });
  }

  get blockCount(): number {
    return this.#progress.blockCount;
  }

  get isClearing(): boolean {
    return this.#progress.isClearing;
  }

  itemCount(account: Uint8Array): number {
    return this.#guarded(() => this.#end(account).count) ?? 0;
  }

  item(account: Uint8Array, number: number): StoredItem | undefined {
    return this.#guarded(() => this.#item(account, number));
  }

  #end(account: Uint8Array): HistoryEnd {
    const key = historyEndKey(account);
    const bytes = this.#database.get(key);
    const end = bytes ? decodeEnd(bytes) : emptyEnd;
    if (!end) throw new InvariantError(`the value of ${describeKey(key)} does not decode`);
    return end;
  }

  #item(account: Uint8Array, number: number): StoredItem | undefined {
    if (number > itemNumberMax) return undefined;
    const part = partOf(number);
    const key = historyPartKey(account, part);
    const keyText = toHex(key);
    if (this.#lastRead?.keyText !== keyText) {
      const { count, items } = this.#end(account);
      if (number >= count) return undefined;
      const bytes = part === partOf(count) ? items : this.#part(account, part);
      this.#lastRead = { keyText, bytes, offsets: offsetsIn(bytes) };
    }
    const { bytes, offsets } = this.#lastRead;
    const within = number % itemsPerRecord;
    // The last offset is where the items end.
    return within < offsets.length - 1 ? decodeItem(bytes, offsets[within] as number) : undefined;
  }

  /** A part that is full. */
  #part(account: Uint8Array, part: number): Uint8Array {
    const key = historyPartKey(account, part);
    const bytes = this.#database.get(key);
    if (!bytes) throw new InvariantError(`the value of ${describeKey(key)} is missing`);
    return bytes;
  }

  /** The index can be made anew from the blocks. So if it is damaged, it is given up, and the chain goes on. */
  #guarded<Value>(use: () => Value): Value | undefined {
    try {
      return use();
    } catch (thrown) {
      const isDamage =
        thrown instanceof InvariantError || (thrown instanceof StoreError && thrown.code === "store/corrupt");
      if (!isDamage) throw thrown;
      this.#logger.error({ error: toError(thrown) }, "the account index is damaged; the node builds it anew");
      this.#become(unusable);
      return undefined;
    }
  }

  #become(progress: IndexProgress): void {
    this.#progress = progress;
    this.#lastRead = undefined;
  }

  /**
   * What a batch does to the index. Its effect is to be written with the batch's own operations.
   *
   * @returns the operations, and what is to be called when they are on disk; undefined if it changes nothing
   */
  follow(
    batch: CommitBatch,
    line: LineReader,
  ): { readonly operations: readonly Operation[]; readonly written: () => void } | undefined {
    const before = this.#progress;
    return this.#guarded(() => {
      // Asked for more than once; they are read once.
      const ends = new Map<Uint8Array, HistoryEnd>();
      const endOf = (account: Uint8Array) => {
        const end = ends.get(account) ?? this.#end(account);
        ends.set(account, end);
        return end;
      };
      const change = indexChange(batch, before, {
        isKept: this.isKept,
        itemCount: (account) => endOf(account).count,
        item: (account, number) => this.#item(account, number),
        stateChange: (hash) => line.stateChange(hash),
        hashAtHeight: (height) => line.hashAtHeight(height),
      });
      if (!change) return undefined;
      const operations: Operation[] = [];
      for (const history of change.histories) this.#rewrite(history, endOf(history.account), operations);
      operations.push({ key: indexProgressKey, payload: encodeProgress(change.progress) });
      return { operations, written: () => this.#become(change.progress) };
    });
  }

  /** Cuts a history where the batch says so, appends to it, and leaves no record behind its new end. */
  #rewrite(
    { account, countBefore, sharedCount, added }: HistoryChange,
    end: HistoryEnd,
    operations: Operation[],
  ): void {
    const parts = [sharedCount === countBefore ? end.items : this.#cut(account, sharedCount, end)];
    let count = sharedCount;
    for (const item of added) {
      parts.push(encodeItem(item));
      count += 1;
      if (count % itemsPerRecord !== 0) continue;
      const payload = concatBytes(parts.splice(0));
      operations.push({ key: historyPartKey(account, partOf(count) - 1), payload });
    }
    const payload = count > 0 ? encodeEnd(count, parts) : undefined;
    operations.push({ key: historyEndKey(account), payload });
    for (let part = partOf(count); part < partOf(countBefore); part += 1) {
      operations.push({ key: historyPartKey(account, part), payload: undefined });
    }
  }

  /** The items of the record in which a history is to end now. */
  #cut(account: Uint8Array, sharedCount: number, end: HistoryEnd): Uint8Array {
    const left = sharedCount % itemsPerRecord;
    if (left === 0) return noItems;
    const part = partOf(sharedCount);
    const items = part === partOf(end.count) ? end.items : this.#part(account, part);
    return items.subarray(0, offsetsIn(items)[left]);
  }

  /** Notes that the index is being removed; to be run as a commit. */
  async beginClearing(): Promise<void> {
    await this.#write(unusable);
  }

  /**
   * Removes some of what is left; to be run as a commit.
   *
   * @returns whether nothing is left
   */
  async clearSome(): Promise<boolean> {
    invariant(this.#progress.isClearing, "an index is cleared after that was noted");
    for (const prefix of [keyPrefixes.historyPart, keyPrefixes.historyEnd]) {
      if (!(await this.#database.clearSome(prefix, clearedKeysPerTurn))) return false;
    }
    await this.#write(emptyProgress);
    return true;
  }

  async #write(progress: IndexProgress): Promise<void> {
    await this.#database.write([{ key: indexProgressKey, payload: encodeProgress(progress) }]);
    this.#database.show();
    this.#become(progress);
  }
}

function offsetsIn(items: Uint8Array): readonly number[] {
  const offsets = itemOffsets(items);
  invariant(offsets, "the items of a history decode");
  return offsets;
}
