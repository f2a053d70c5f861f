/** Where a pool's books lie on disk: a LevelDB of their own, one synced batch for each write, a checksum in each value. */

import { readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { type BatchOptions, type DatabaseOptions, Level } from "level";
import { syncDirectory } from "../base/durable-file.ts";
import { makeDirectory } from "../base/make-directory.ts";
import { fileLockHolder } from "../store/directory-lock.ts";
import { damageOfLevelFiles } from "../store/level-files.ts";
import {
  archivePrefix,
  archiveRoot,
  type BlockRecord,
  type BookChange,
  type BookLimits,
  type BookRecord,
  bookLimits,
  decodeRecord,
  encodeRecord,
  ordered,
  type PaymentRecord,
  recordKey,
} from "./book-records.ts";
import { bookStoreError, damagedBooks, PoolError } from "./pool-error.ts";

/** What the books need of a disk. */
export interface PoolStore {
  /**
   * Every record that is not in the archive, as the disk has them; opens the database anew where a write has failed, since such a write may be
   * there all the same.
   *
   * @throws PoolError where it cannot be read
   */
  load(): Promise<readonly BookRecord[]>;
  /**
   * Records of the archive, the highest first: blocks by height, payments by sequence.
   *
   * @throws PoolError where it cannot be read
   */
  readArchive(range: ArchiveRange): Promise<readonly ArchivedRecord[]>;
  /**
   * On disk, whole, when it resolves. Where it rejects, what is there is told by the next {@link load}, and no write
   * may come before it.
   */
  write(changes: readonly BookChange[]): Promise<void>;
  close(): Promise<void>;
}

export type ArchivedRecord = BlockRecord | PaymentRecord;

export interface ArchiveRange {
  readonly kind: "block" | "payment";
  /** Only records with a higher height or sequence; all of them if it is not given. */
  readonly above?: number;
  /** Only records that come after this one in the order of the answer: the last one of the answer before. */
  readonly after?: ArchivedRecord | undefined;
  readonly countMax: number;
}

/** The keys of a range; both ends are outside. */
export function archiveKeys({ kind, above, after }: ArchiveRange, limits: BookLimits) {
  const prefix = archivePrefix(kind);
  return {
    gt: above === undefined ? prefix : `${prefix}${ordered(above)}~`,
    lt: after ? recordKey(after, limits) : `${prefix}~`,
  };
}

export interface PoolStoreOptions {
  /** The books' own; created where it is missing or empty. */
  readonly directory: string;
  /** In hex, both: the books belong to one chain, and to the account that the blocks' earnings go to. */
  readonly chainId: string;
  readonly poolAccount: string;
  readonly limits?: BookLimits;
}

/** Of keys and records; newer ones are refused. Version 1 forgot blocks and payments once they were deep. */
export const bookFormatVersion = 2;
const formatKey = "format";
/** Version 1's list of decided blocks; the archive has more. */
const settledPrefix = "settled/";
/** All keys but the archive's. */
const besideArchive = [{ lt: archiveRoot }, { gt: `${archiveRoot}~` }];
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
  makeDirectory(dirname(directory), 0o777);
  const handle = await openHandle(draft, true);
  try {
    await writeFormat(handle, { version: bookFormatVersion, chainId, poolAccount });
  } finally {
    await handle.close();
  }
  await syncDirectory(draft);
  await rename(draft, directory);
  await syncDirectory(dirname(directory));
}

async function writeFormat(handle: Level, format: BookFormat): Promise<void> {
  const value = withChecksum(formatKey, JSON.stringify(format));
  await handle.batch([{ type: "put", key: formatKey, value }], syncOptions);
}

/** What the books in a directory say whose they are; undefined if there are none. They must not be open. */
export async function ownerOfBooks(
  directory: string,
): Promise<Pick<BookFormat, "chainId" | "poolAccount"> | undefined> {
  if (await isNewDirectory(directory)) return undefined;
  try {
    const handle = await openHandle(directory, false);
    try {
      return await readFormat(handle, directory);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw bookStoreError(directory, thrown, "opening");
  }
}

async function readFormat(handle: Level, directory: string): Promise<BookFormat> {
  const value = await handle.get(formatKey);
  if (value === undefined) {
    throw damagedBooks(directory, "the record that says which chain the books belong to is missing");
  }
  return JSON.parse(textOf(formatKey, value, directory)) as BookFormat;
}

async function checkFormat(handle: Level, options: PoolStoreOptions): Promise<void> {
  const { directory, chainId, poolAccount } = options;
  const format = await readFormat(handle, directory);
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
  if (format.version < bookFormatVersion) {
    await writeFormat(handle, { ...format, version: bookFormatVersion });
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
      for (const range of besideArchive) {
        for await (const [key, value] of this.#handle.iterator(range)) {
          const text = textOf(key, value, this.#directory);
          if (key !== formatKey && !key.startsWith(settledPrefix)) records.push(decodeRecord(text));
        }
      }
      return records;
    } catch (thrown) {
      throw bookStoreError(this.#directory, thrown, "reading");
    }
  }

  async readArchive(range: ArchiveRange): Promise<readonly ArchivedRecord[]> {
    try {
      const keys = archiveKeys(range, this.#limits);
      const options = { ...keys, reverse: true, limit: range.countMax };
      const records: ArchivedRecord[] = [];
      for await (const [key, value] of this.#handle.iterator(options)) {
        records.push(decodeRecord(textOf(key, value, this.#directory)) as ArchivedRecord);
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
