/**
 * LevelDB with what it lacks: a checksum in every value, reads that see whole batches only, no writing on a full disk,
 * and a way back after a write error.
 */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type BatchOptions, type DatabaseOptions, Level } from "level";
import { bytesEqual } from "../base/bytes.ts";
import type { Logger } from "../base/logger.ts";
import type { Operation } from "./batch-operations.ts";
import { payloadOf, ValueWriter } from "./checked-value.ts";
import { corruptStore, diskFull, fileError, levelError, storeMoved } from "./store-errors.ts";
import { describeKey, type KeyPrefix, keyRange } from "./store-keys.ts";

/** Opening writes the log's contents to a table and a new manifest; with less room than this it is not tried. */
const reopenBytesMin = 16 * 1024 * 1024;
const keysPerRead = 1000;
/** `level` types only what browsers share; `sync` is classic-level's. */
const synced: BatchOptions<Uint8Array, Uint8Array> = { sync: true };

export interface LevelDatabaseOptions {
  readonly directory: string;
  readonly createIfMissing: boolean;
  /** With less free space nothing is written. */
  readonly freeBytesMin: number;
}

export interface LevelDatabaseModules {
  readonly logger: Logger;
  /** Free space of the file system that holds a directory. */
  readonly freeBytes: (directory: string) => Promise<number>;
}

/** What stood under each key, with its checksum; undefined where nothing did. */
type Undo = readonly { readonly key: Uint8Array; readonly value: Uint8Array | undefined }[];
type Handle = Level<Uint8Array, Uint8Array>;

/** One writer at a time is the caller's duty. */
export class LevelDatabase {
  readonly #options: LevelDatabaseOptions;
  readonly #modules: LevelDatabaseModules;
  #handle: Handle;
  /** LevelDB's file of this name as it was at the opening, which alone replaces it. */
  #current: Stats;
  /** What reads see: replaced once a batch is on disk, so that no reader meets half of it. */
  #snapshot: ReturnType<Handle["snapshot"]>;
  /** Resolves when the snapshots that reads no longer use are closed. */
  #retired: Promise<void> = Promise.resolve();
  /**
   * Set after a failed write, when the handle takes no further one: the batch that undoes the failed one. LevelDB may
   * have logged a batch whose write it reported as failed, and brings it back when it is opened again.
   */
  #undoOfFailed: Undo | undefined;
  readonly #values = new ValueWriter();

  private constructor(
    options: LevelDatabaseOptions,
    modules: LevelDatabaseModules,
    handle: Handle,
    current: Stats,
  ) {
    this.#current = current;
    this.#options = options;
    this.#modules = modules;
    this.#handle = handle;
    this.#snapshot = handle.snapshot();
  }

  static async open(options: LevelDatabaseOptions, modules: LevelDatabaseModules): Promise<LevelDatabase> {
    const handle = await openHandle(options.directory, options.createIfMissing);
    return new LevelDatabase(options, modules, handle, await currentOf(options.directory));
  }

  /**
   * The payload under a key.
   *
   * @throws StoreError store/corrupt where its checksum fails, store/io while the store is being reopened
   */
  get(key: Uint8Array): Uint8Array | undefined {
    const value = this.#read(key);
    if (value === undefined) return undefined;
    const payload = payloadOf(key, value);
    if (payload === undefined) {
      throw corruptStore(
        this.#options.directory,
        `the value of ${describeKey(key)} does not match its checksum`,
      );
    }
    return payload;
  }

  /** How many bytes stand under a key; 0 if none do. */
  sizeOf(key: Uint8Array): number {
    return this.#read(key)?.length ?? 0;
  }

  #read(key: Uint8Array): Uint8Array | undefined {
    try {
      return this.#handle.getSync(key, { snapshot: this.#snapshot });
    } catch (thrown) {
      throw levelError(this.#options.directory, thrown, `reading ${describeKey(key)}`);
    }
  }

  /** How many keys of one kind there are. */
  async countKeys(prefix: KeyPrefix): Promise<number> {
    const iterator = this.#handle.keys({ ...keyRange(prefix), snapshot: this.#snapshot });
    let count = 0;
    try {
      for (;;) {
        const keys = await iterator.nextv(keysPerRead);
        if (keys.length === 0) return count;
        count += keys.length;
      }
    } catch (thrown) {
      throw levelError(this.#options.directory, thrown, `counting ${prefix}/`);
    } finally {
      await iterator.close();
    }
  }

  /**
   * The last pairs of one kind in the order of their keys, last first; `max` at most, all unless told.
   *
   * @throws StoreError store/corrupt where a checksum fails
   */
  async newestOf(
    prefix: KeyPrefix,
    max: number = -1,
  ): Promise<(readonly [key: Uint8Array, payload: Uint8Array])[]> {
    const range = { ...keyRange(prefix), reverse: true, limit: max, snapshot: this.#snapshot };
    const keys = await this.#handle
      .keys(range)
      .all()
      .catch((thrown: unknown) => {
        throw levelError(this.#options.directory, thrown, `listing ${prefix}/`);
      });
    return keys.map((key) => [key, this.get(key) ?? new Uint8Array(0)] as const);
  }

  /** What stands behind the letter of each key from one to another, both included; `max` at most. */
  async idsBetween(first: Uint8Array, last: Uint8Array, max: number): Promise<Uint8Array[]> {
    try {
      const keys = await this.#handle
        .keys({ gte: first, lte: last, limit: max, snapshot: this.#snapshot })
        .all();
      return keys.map((key) => new Uint8Array(key.subarray(1)));
    } catch (thrown) {
      throw levelError(this.#options.directory, thrown, `listing from ${describeKey(first)}`);
    }
  }

  /**
   * Deletes up to `keysMax` keys of one kind. They are gone for good with the next {@link write}, and may come back
   * after a power cut before it.
   *
   * @returns whether none is left
   */
  async clearSome(prefix: KeyPrefix, keysMax: number): Promise<boolean> {
    try {
      await this.#handle.clear({ ...keyRange(prefix), limit: keysMax });
      const [left] = await this.#handle.keys({ ...keyRange(prefix), limit: 1 }).all();
      return left === undefined;
    } catch (thrown) {
      throw levelError(this.#options.directory, thrown, `clearing ${prefix}/`);
    }
  }

  /**
   * Resolves when all operations are on disk; reads see them from {@link show} on.
   *
   * @throws StoreError having changed nothing
   */
  async write(operations: readonly Operation[]): Promise<void> {
    const { directory, freeBytesMin } = this.#options;
    await this.#checkPlace();
    const freeBytes = await this.#modules.freeBytes(directory);
    const bytesMin = this.#undoOfFailed ? Math.max(freeBytesMin, reopenBytesMin) : freeBytesMin;
    if (freeBytes < bytesMin) {
      throw diskFull(directory, `${mebibytes(freeBytes)} are free, ${mebibytes(bytesMin)} are kept free`);
    }
    if (this.#undoOfFailed) await this.#reopen(this.#undoOfFailed);
    // The batch has its own copy of a value when it is put: the next one may take its place.
    const checked = ({ key, payload }: Operation) => payload && this.#values.valueOf(key, payload);
    await this.#writeBatch(operations, checked, "writing a batch");
  }

  /** Deletes each key that has no value. */
  async #writeBatch<Each extends { readonly key: Uint8Array }>(
    batch: readonly Each[],
    toValue: (each: Each) => Uint8Array | undefined,
    doing: string,
  ): Promise<void> {
    try {
      // Put by put, which costs a third less than handing over an array: a full block has thousands of operations.
      const chained = this.#handle.batch();
      for (const each of batch) {
        const value = toValue(each);
        if (value) chained.put(each.key, value);
        else chained.del(each.key);
      }
      await chained.write(synced);
    } catch (thrown) {
      this.#undoOfFailed ??= this.#undoOf(batch);
      throw levelError(this.#options.directory, thrown, doing);
    }
  }

  /** LevelDB goes on in files that were deleted: what it then reports as written would be gone with the process. */
  async #checkPlace(): Promise<void> {
    const { directory } = this.#options;
    const found = await currentOf(directory);
    if (found.ino === this.#current.ino && found.dev === this.#current.dev) return;
    throw storeMoved(directory);
  }

  /**
   * From here on reads see what was written last. In one turn with whatever else the caller changes, so that nobody
   * finds the database ahead of it.
   */
  show(): void {
    const previous = this.#snapshot;
    this.#snapshot = this.#handle.snapshot();
    this.#retired = this.#retired.then(() => previous.close());
  }

  #undoOf(batch: readonly { readonly key: Uint8Array }[]): Undo {
    return batch.map(({ key }) => ({ key, value: this.#read(key) }));
  }

  /** Reads in the meantime throw store/io: the few milliseconds between close and open. */
  async #reopen(undo: Undo): Promise<void> {
    const { directory } = this.#options;
    await this.#retired;
    await this.#snapshot.close();
    await this.#handle.close();
    this.#handle = await openHandle(directory, false);
    this.#current = await currentOf(directory);
    this.#snapshot = this.#handle.snapshot();
    const cameBack = undo.some(({ key, value }) => {
      const found = this.#read(key);
      return found && value ? !bytesEqual(found, value) : found !== value;
    });
    this.#modules.logger.info({ directory, cameBack }, "the store was reopened after a write error");
    if (cameBack) {
      await this.#writeBatch(undo, ({ value }) => value, "undoing the batch that had failed");
      this.show();
    }
    this.#undoOfFailed = undefined;
  }

  async close(): Promise<void> {
    await this.#retired;
    await this.#snapshot.close();
    await this.#handle.close();
  }
}

/** @throws StoreError if the file is not there: then the whole store is gone from its place */
async function currentOf(directory: string): Promise<Stats> {
  try {
    return await stat(join(directory, "CURRENT"));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") throw storeMoved(directory);
    throw fileError(directory, thrown);
  }
}

async function openHandle(directory: string, createIfMissing: boolean): Promise<Handle> {
  // Hashes, keys and signatures do not compress, and the start-up check reads the tables as they are.
  const options: DatabaseOptions<Uint8Array, Uint8Array> = {
    keyEncoding: "view",
    valueEncoding: "view",
    createIfMissing,
    compression: false,
  };
  const handle = new Level<Uint8Array, Uint8Array>(directory, options);
  try {
    await handle.open();
    return handle;
  } catch (thrown) {
    throw levelError(directory, thrown, "opening the store");
  }
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MiB`;
}
