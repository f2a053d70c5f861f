/**
 * The lock of a data directory, which names its holder. It is there to be read: what really keeps a second process out
 * is LevelDB's own lock.
 */

import { readFile, rename, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { giveName } from "../base/durable-file.ts";
import { makeDirectory } from "../base/make-directory.ts";
import { isProcessAlive, processStartOf } from "../base/process-life.ts";
import { storeInUse } from "./store-errors.ts";

const lockName = "lock";
/** A lock that is stale is removed and tried again; others may be doing the same. */
const attemptsMax = 5;

export interface LockHolder {
  readonly pid: number;
  /** The node's name. */
  readonly name: string;
  /** When the lock was taken, milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Where the node's API listens, once it does. */
  readonly apiUrl: string | null;
  /** Where the token of that API lies; absent while there is none. */
  readonly apiTokenFile?: string;
  /** SHA-256 of that API's certificate, as `fingerprint256` of Node has it; absent if it speaks plain HTTP. */
  readonly apiCertificate?: string;
  /** When the process began, in the system's own words; tells it from a later one with the same pid. Null: not known. */
  readonly processStart: string | null;
}

/** How the API of the holder is reached. */
export type HolderApi = Pick<LockHolder, "apiUrl" | "apiTokenFile" | "apiCertificate">;

export interface DirectoryLock {
  /** Adds where the API listens, for commands that look for the node of a data directory. */
  setApi(api: HolderApi): Promise<void>;
  /** Frees the directory; again does nothing. */
  release(): Promise<void>;
}

/**
 * Takes the lock of a data directory, which is created when missing; a lock whose process has ended is taken over.
 *
 * @throws StoreError store/in-use naming the holder's pid and since when
 */
export async function acquireDirectoryLock(
  options: { readonly directory: string; readonly name: string },
  modules: { readonly clock: Clock },
): Promise<DirectoryLock> {
  const { directory, name } = options;
  makeDirectory(directory, 0o777);
  const path = join(directory, lockName);
  let holder: LockHolder = {
    pid: process.pid,
    name,
    startedAtMs: modules.clock.nowMs(),
    apiUrl: null,
    processStart: await processStartOf(process.pid),
  };
  await takeLock(directory, path, holder);
  let held = true;
  return {
    async setApi(api) {
      if (!held) return;
      holder = { ...holder, ...api };
      const prepared = await prepare(path, holder);
      await rename(prepared, path);
    },
    async release() {
      if (!held) return;
      held = false;
      if (sameProcess(await readLock(path), holder)) await unlink(path);
    },
  };
}

/** Who holds a data directory; undefined where nobody does, or the holder has ended. */
export async function readDirectoryLock(directory: string): Promise<LockHolder | undefined> {
  const holder = await readLock(join(directory, lockName));
  return holder && (await isProcessAlive(holder)) ? holder : undefined;
}

async function takeLock(directory: string, path: string, holder: LockHolder): Promise<void> {
  const prepared = await prepare(path, holder);
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      try {
        // The name appears with the whole content or not at all, and never replaces another's lock.
        await giveName(prepared, path);
        return;
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
      }
      const other = await readLock(path);
      if (other && (await isProcessAlive(other))) throw storeInUse(directory, describeHolder(other));
      await unlink(path).catch(ignoreMissing);
    }
    throw storeInUse(directory, "several processes that start at once");
  } finally {
    // Without hard links it has moved to the lock's own name.
    await unlink(prepared).catch(ignoreMissing);
  }
}

let preparedCount = 0;

async function prepare(path: string, holder: LockHolder): Promise<string> {
  const prepared = `${path}.${process.pid}.${preparedCount++}`;
  await writeFile(prepared, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  return prepared;
}

function describeHolder(holder: LockHolder): string {
  const since = new Date(holder.startedAtMs).toISOString();
  const api = holder.apiUrl ? `, API ${holder.apiUrl}` : "";
  return `process ${holder.pid} (${holder.name}) since ${since}${api}`;
}

/** Undefined where there is none, or what is there is none: a crash may leave it empty. */
async function readLock(path: string): Promise<LockHolder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, "utf8")) as Partial<LockHolder> | null;
    const isHolder =
      Number.isSafeInteger(holder?.pid) &&
      Number.isSafeInteger(holder?.startedAtMs) &&
      typeof holder?.name === "string";
    return isHolder ? (holder as LockHolder) : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError || (thrown as NodeJS.ErrnoException).code === "ENOENT")
      return undefined;
    throw thrown;
  }
}

function sameProcess(one: LockHolder | undefined, other: LockHolder): boolean {
  return one?.pid === other.pid && one.processStart === other.processStart;
}

/** The process that holds a POSIX lock on a file, as LevelDB does, where the system tells (Linux); else undefined. */
export async function fileLockHolder(path: string): Promise<number | undefined> {
  try {
    const { dev, ino } = await stat(path);
    const device = [(dev >> 8) & 0xfff, dev & 0xff].map((part) => part.toString(16).padStart(2, "0"));
    const wanted = `${device.join(":")}:${ino}`;
    for (const line of (await readFile("/proc/locks", "utf8")).split("\n")) {
      const [, , , , pid, file] = line.split(/\s+/);
      // The pid is 0 where the holder is in another container.
      if (file === wanted && Number(pid) > 0) return Number(pid);
    }
  } catch {
    // No lock file yet, or no /proc: LevelDB will tell.
  }
  return undefined;
}

function ignoreMissing(thrown: unknown): void {
  if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
}
