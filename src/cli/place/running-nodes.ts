/** The register of running nodes in the home directory, so that commands find a node with any --data-dir. */

import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeDirectory } from "../../base/make-directory.ts";
import { readDirectoryLock } from "../../store/directory-lock.ts";

/** No network can have this name. */
const folderName = ".running";
const suffix = ".json";
/** Many times what runs on one machine; whatever lies there besides is not ours. */
const entriesMax = 1_000;
const entryBytesMax = 8 * 1024;

/** A node's entry in the register. */
export interface RunningEntry {
  /** Takes the entry out; again does nothing. */
  remove(): Promise<void>;
}

/**
 * Enters the node of this process, which holds the lock of `dataDir`. The register is a convenience: if there is no
 * home directory, or it cannot be written to, there is no entry and no error.
 *
 * @param dataDir absolute
 */
export async function enterRunning(
  homeDirectory: string | undefined,
  dataDir: string,
): Promise<RunningEntry> {
  if (homeDirectory === undefined) return { remove: async () => {} };
  const folder = folderOf(homeDirectory);
  // With the pid in it, so that whoever removes an entry that is stale cannot remove that of the next process.
  const digest = createHash("sha256").update(dataDir).digest("hex").slice(0, 16);
  const file = path.join(folder, `${process.pid}-${digest}${suffix}`);
  try {
    // The home directory itself is not made: one that is missing is that of a user who has none.
    await stat(homeDirectory);
    makeDirectory(folder);
    // Nodes that were killed have left theirs: whoever looks takes them out.
    await runningDirectories(homeDirectory);
    await writeFile(`${file}.new`, `${JSON.stringify({ pid: process.pid, dataDir })}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch {
    return { remove: async () => {} };
  }
  return { remove: () => rm(file, { force: true }).catch(() => {}) };
}

/** The data directories of the register whose nodes run, absolute; entries of those that have ended are removed. */
export async function runningDirectories(homeDirectory: string | undefined): Promise<string[]> {
  if (homeDirectory === undefined) return [];
  const folder = folderOf(homeDirectory);
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => /^\d+-[0-9a-f]{16}\.json$/.test(name)).slice(0, entriesMax);
  const found = await Promise.all(files.map((name) => directoryOf(path.join(folder, name))));
  return found.filter((dataDir) => dataDir !== undefined);
}

async function directoryOf(file: string): Promise<string | undefined> {
  try {
    if ((await stat(file)).size > entryBytesMax) return undefined;
    const { pid, dataDir } = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    if (typeof dataDir !== "string" || !path.isAbsolute(dataDir)) return undefined;
    if ((await readDirectoryLock(dataDir))?.pid === pid) return dataDir;
  } catch {
    // What cannot be read now may be read later, by this user or another.
    return undefined;
  }
  await rm(file, { force: true }).catch(() => {});
  return undefined;
}

function folderOf(homeDirectory: string): string {
  return path.join(homeDirectory, ".aurex", folderName);
}
