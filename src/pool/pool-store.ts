/** Where a pool's books lie on disk: a LevelDB of their own, one synced batch for each write, a checksum in each value. */
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { type BatchOptions, type DatabaseOptions, Level } from "level";
import { syncDirectory } from "../base/durable-file.ts";
import { fileLockHolder } from "../store/directory-lock.ts";
import { damageOfLevelFiles } from "../store/level-files.ts";
import {
  type BookChange,
  type BookLimits,
  type BookRecord,
  bookLimits,
  decodeRecord,
  encodeRecord,
  recordKey,
} from "./book-records.ts";
import { bookStoreError, damagedBooks, PoolError } from "./pool-error.ts";

/** What the books need of a disk. */
export interface PoolStore {
  /**
   * Every record, as the disk has them; opens the database anew where a write has failed, since such a write may be
   * there all the same.
   *
   * @throws PoolError where it cannot be read
   */
  load(): Promise<readonly BookRecord[]>;
  /**
   * On disk, whole, when it resolves. Where it rejects, what is there is told by the next {@link load}, and no write
   * may come before it.
   */
  write(changes: readonly BookChange[]): Promise<void>;
  close(): Promise<void>;
}

export interface PoolStoreOptions {
  /** The books' own; created where it is missing or empty. */
  readonly directory: string;
  /** In hex, both: the books belong to one chain, and to the account that the blocks' earnings go to. */
  readonly chainId: string;
  readonly poolAccount: string;
  readonly limits?: BookLimits;
}

/** Of keys and records; newer ones are refused. */
export const bookFormatVersion = 1;
const formatKey = "format";
const checksumDigits = 8;

interface BookFormat {
  readonly version: number;
  /** Lower-case hex. */
  readonly chainId: string;
  readonly poolAccount: string;
}

/** @throws PoolError where the books are damaged, somebody else's, written by a newer program, or in use */
export async function openPoolStore(options: PoolStoreOptions): Promise<PoolStore> {
  const { directory } = options;
  try {
    const holder = await fileLockHolder(join(directory, "LOCK"));
    if (holder !== undefined) {
      throw new PoolError(
        "pool/in-use",
        `the pool's books in ${directory} are open in process ${holder}`,
        "stop that pool, or start this one with another --data-dir",
      );
    }
    if (await isNewDirectory(directory)) await createBooks(options);
    const damage = await damageOfLevelFiles(directory);
    if (damage) throw damagedBooks(directory, damage);
    const handle = await openHandle(directory, false);
    try {
      await checkFormat(handle, options);
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
    return new LevelPoolStore(options, handle);
  } catch (thrown) {
    throw bookStoreError(directory, thrown, "opening");
  }
}

async function isNewDirectory(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).length === 0;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw thrown;
  }
}

/** Beside their place, then moved there: books that are there are whole, whatever is killed meanwhile. */
async function createBooks({ directory, chainId, poolAccount }: PoolStoreOptions): Promise<void> {
  const draft = `${directory}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(dirname(directory), { recursive: true });
  const handle = await openHandle(draft, true);
  try {
    const format: BookFormat = { version: bookFormatVersion, chainId, poolAccount };
    const value = withChecksum(formatKey, JSON.stringify(format));
    await handle.batch([{ type: "put", key: formatKey, value }], syncOptions);
  } finally {
    await handle.close();
  }
  await syncDirectory(draft);
  await rename(draft, directory);
  await syncDirectory(dirname(directory));
}

async function checkFormat(handle: Level, options: PoolStoreOptions): Promise<void> {
  const { directory, chainId, poolAccount } = options;
  const value = await handle.get(formatKey);
  if (value === undefined) throw damagedBooks(directory, "what they are written in is missing");
  const format = JSON.parse(textOf(formatKey, value, directory)) as BookFormat;
  if (format.version > bookFormatVersion) {
    throw new PoolError(
      "pool/newer-version",
      `the pool's books in ${directory} have version ${format.version}, written by a newer Aurex; this program knows version ${bookFormatVersion}`,
      "use the newer program, or start the pool with another --data-dir",
    );
  }
  if (format.chainId !== chainId) {
    throw new PoolError(
      "pool/wrong-chain",
      `the pool's books in ${directory} belong to chain ${format.chainId}, not to ${chainId}`,
      "start with that chain's spec (--chain), or with another --data-dir",
    );
  }
  if (format.poolAccount !== poolAccount) {
    throw new PoolError(
      "pool/wrong-account",
      `the pool's books in ${directory} are those of the account ${format.poolAccount}, not of ${poolAccount}`,
      "start the pool with the key of that account, or with another --data-dir",
    );
  }
}

class LevelPoolStore implements PoolStore {
  readonly #directory: string;
  readonly #limits: BookLimits;
  #handle: Level;
  #hasFailed = false;

  constructor({ directory, limits = bookLimits }: PoolStoreOptions, handle: Level) {
    this.#directory = directory;
    this.#limits = limits;
    this.#handle = handle;
  }

  async load(): Promise<readonly BookRecord[]> {
    try {
      if (this.#hasFailed) {
        await this.#handle.close();
        this.#handle = await openHandle(this.#directory, false);
        this.#hasFailed = false;
      }
      const records: BookRecord[] = [];
      for await (const [key, value] of this.#handle.iterator()) {
        const text = textOf(key, value, this.#directory);
        if (key !== formatKey) records.push(decodeRecord(text));
      }
      return records;
    } catch (thrown) {
      throw bookStoreError(this.#directory, thrown, "reading");
    }
  }

  async write(changes: readonly BookChange[]): Promise<void> {
    const batch = changes.map(({ type, record }) => {
      const key = recordKey(record, this.#limits);
      return type === "put"
        ? { type: "put" as const, key, value: withChecksum(key, encodeRecord(record)) }
        : { type: "del" as const, key };
    });
    try {
      await this.#handle.batch(batch, syncOptions);
    } catch (thrown) {
      this.#hasFailed = true;
      throw bookStoreError(this.#directory, thrown, "writing");
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** `level` types only what browsers share; `sync` is classic-level's. */
const syncOptions: BatchOptions<string, string> = { sync: true };

async function openHandle(directory: string, createIfMissing: boolean): Promise<Level> {
  // The check of the files reads tables as they are, without compression.
  const options: DatabaseOptions<string, string> = { createIfMissing, compression: false };
  const handle = new Level(directory, options);
  await handle.open();
  return handle;
}

/** Of key and text: a value under another's key is noticed too. */
function checksumOf(key: string, text: string): string {
  return crc32(text, crc32(key)).toString(16).padStart(checksumDigits, "0");
}

function withChecksum(key: string, text: string): string {
  return `${checksumOf(key, text)}${text}`;
}

function textOf(key: string, value: string, directory: string): string {
  const text = value.slice(checksumDigits);
  if (value.slice(0, checksumDigits) !== checksumOf(key, text)) {
    throw damagedBooks(directory, `the record ${key} does not match its checksum`);
  }
  return text;
}
