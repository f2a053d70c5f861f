/** The account index as it lies in LevelDB. */
import { InvariantError, invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import {
  type AccountIndex,
  decodeCount,
  decodeItem,
  decodeProgress,
  emptyProgress,
  encodeProgress,
  type IndexProgress,
  type StoredItem,
} from "./account-index.ts";
import { indexChange, isOnLine } from "./account-operations.ts";
import { indexOperations, type Operation } from "./batch-operations.ts";
import { type ChainStore, type CommitBatch, StoreError } from "./chain-store.ts";
import type { LevelDatabase } from "./level-database.ts";
import { describeKey, indexProgressKey, itemCountKey, itemKey, keyPrefixes } from "./store-keys.ts";

/** Keys that are removed in one turn, so that a block's commit does not wait for all of them. */
const clearedKeysPerTurn = 20_000;

const unusable: IndexProgress = { ...emptyProgress, isClearing: true };

/** What else of the store it looks at. */
type LineReader = Pick<ChainStore, "stateChange" | "hashAtHeight">;

export class LevelAccountIndex implements AccountIndex {
  readonly isKept: boolean;
  readonly #database: LevelDatabase;
  readonly #logger: Logger;
  #progress: IndexProgress;

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
    return this.#guarded(() => this.#itemCount(account)) ?? 0;
  }

  item(account: Uint8Array, number: number): StoredItem | undefined {
    return this.#guarded(() => this.#item(account, number));
  }

  #item(account: Uint8Array, number: number): StoredItem | undefined {
    const key = itemKey(account, number);
    const bytes = this.#database.get(key);
    const item = bytes && decodeItem(bytes);
    const isBeyond = !bytes && number >= this.#itemCount(account);
    invariant(item || isBeyond, `the value of ${describeKey(key)} is there and decodes`);
    return item;
  }

  #itemCount(account: Uint8Array): number {
    const key = itemCountKey(account);
    const bytes = this.#database.get(key);
    const count = bytes ? decodeCount(bytes) : 0;
    invariant(count !== undefined, `the value of ${describeKey(key)} decodes`);
    return count;
  }

  /** The index can be made anew from the blocks. So if it is damaged, it is given up, and the chain goes on. */
  #guarded<Value>(use: () => Value): Value | undefined {
    try {
      return use();
    } catch (thrown) {
      const isDamage =
        thrown instanceof InvariantError || (thrown instanceof StoreError && thrown.code === "store/corrupt");
      if (!isDamage) throw thrown;
      this.#logger.error({ error: toError(thrown) }, "the account index is damaged and is built anew");
      this.#progress = unusable;
      return undefined;
    }
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
      const change = indexChange(batch, before, {
        isKept: this.isKept,
        itemCount: (account) => this.#itemCount(account),
        item: (account, number) => this.#item(account, number),
        stateChange: (hash) => line.stateChange(hash),
        hashAtHeight: (height) => line.hashAtHeight(height),
      });
      return (
        change && {
          operations: indexOperations(change),
          written: () => {
            this.#progress = change.progress;
          },
        }
      );
    });
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
    for (const prefix of [keyPrefixes.item, keyPrefixes.itemCount]) {
      if (!(await this.#database.clearSome(prefix, clearedKeysPerTurn))) return false;
    }
    await this.#write(emptyProgress);
    return true;
  }

  async #write(progress: IndexProgress): Promise<void> {
    await this.#database.write([{ key: indexProgressKey, payload: encodeProgress(progress) }]);
    this.#database.show();
    this.#progress = progress;
  }
}
