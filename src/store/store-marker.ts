/**
 * The two small files beside LevelDB's own: the marker, which says whose store this is and that it must exist, and the
 * commit mark, which says how many commits were acknowledged.
 */

import { constants } from "node:fs";
import { type FileHandle, open, readdir, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { syncDirectory } from "../base/durable-file.ts";
import { makeDirectory } from "../base/make-directory.ts";
import { corruptStore, fileError } from "./store-errors.ts";

/** Of the key layout and the records in README.md; a program opens older ones only with a migration, newer ones never. */
export const schemaVersion = 4;

export interface StoreMarker {
  readonly schemaVersion: number;
  /** Lower-case hex. */
  readonly chainId: string;
  /** "creating" until the first record is on disk: before that nothing was ever acknowledged, so nothing can be lost. */
  readonly state: "creating" | "created";
}

export const markerName = "aurex-store.json";
const commitMarkName = "aurex-commits";

/**
 * The marker of a store; undefined where the directory is missing or empty, so that a store may be created.
 *
 * @throws StoreError where there are files but no marker that can be read
 */
export async function readMarker(directory: string): Promise<StoreMarker | undefined> {
  let text: string;
  try {
    text = await readFile(join(directory, markerName), "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw fileError(directory, thrown);
    const names = await readdir(directory).catch(() => []);
    if (names.every((name) => name === `${markerName}.new`)) return undefined;
    throw corruptStore(directory, `it has files but no ${markerName}`);
  }
  const marker = parseMarker(text);
  if (!marker) throw corruptStore(directory, `${markerName} cannot be read`);
  return marker;
}

function parseMarker(text: string): StoreMarker | undefined {
  try {
    const value = JSON.parse(text) as Partial<StoreMarker> | null;
    const isMarker =
      Number.isSafeInteger(value?.schemaVersion) &&
      /^[0-9a-f]{64}$/.test(value?.chainId ?? "") &&
      (value?.state === "creating" || value?.state === "created");
    return isMarker ? (value as StoreMarker) : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the marker; resolves once file and directory are on disk. */
export async function writeMarker(directory: string, marker: StoreMarker): Promise<void> {
  try {
    makeDirectory(directory, 0o777);
    const path = join(directory, markerName);
    const file = await open(`${path}.new`, "w", 0o600);
    try {
      await file.writeFile(`${JSON.stringify(marker)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    for (const changed of [directory, dirname(directory)]) await syncDirectory(changed);
  } catch (thrown) {
    throw fileError(directory, thrown);
  }
}

/**
 * The number of acknowledged commits, written after each without waiting for the disk. It may lag behind the store
 * after a power cut but is never ahead of it; a store with fewer commits has lost some.
 */
export class CommitMark {
  readonly #file: FileHandle;
  /** As found; 0 for a new mark, undefined where it is damaged. */
  readonly countFound: number | undefined;

  private constructor(file: FileHandle, countFound: number | undefined) {
    this.#file = file;
    this.countFound = countFound;
  }

  static async open(directory: string): Promise<CommitMark> {
    try {
      const file = await open(join(directory, commitMarkName), constants.O_RDWR | constants.O_CREAT, 0o600);
      const bytes = await file.readFile();
      return new CommitMark(file, bytes.length === 0 ? 0 : countOf(bytes));
    } catch (thrown) {
      throw fileError(directory, thrown);
    }
  }

  async write(count: number): Promise<void> {
    const bytes = Buffer.alloc(12);
    bytes.writeBigUInt64LE(BigInt(count));
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
    await this.#file.write(bytes, 0, bytes.length, 0);
  }

  async sync(): Promise<void> {
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function countOf(bytes: Buffer): number | undefined {
  if (bytes.length !== 12 || crc32(bytes.subarray(0, 8)) !== bytes.readUInt32LE(8)) return undefined;
  return Number(bytes.readBigUInt64LE());
}
