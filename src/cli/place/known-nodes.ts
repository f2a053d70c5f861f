/** The nodes that a command can find by itself: those of the home directory, and those that run elsewhere. */
import { access, readdir, realpath } from "node:fs/promises";
import path from "node:path";
import { dataDirectory } from "../../node/data-directory.ts";
import { type LockHolder, readDirectoryLock } from "../../store/directory-lock.ts";
import { keysDirectory, nodeKeyPath } from "../../wallet/keystore.ts";
import { runningDirectories } from "./running-nodes.ts";

export interface KnownNode {
  /** Absolute. */
  readonly dataDir: string;
  /** The process that runs on it; undefined if none does, or its lock cannot be read. */
  readonly holder: LockHolder | undefined;
  /** False if this user may not look into the directory; then nobody can say whether the node runs. */
  readonly isReadable: boolean;
  /** False for a directory that holds keys of users alone, made before any node or for the API of another machine. */
  readonly isNode: boolean;
}

/** Folders of a home directory that are looked at: many times what anybody has. */
const foldersMax = 1_000;
/** The register, and chains that a node has left. */
const isLeftOut = /^(?:\.|aside-)/;

/** Every node of this user, and every directory of keys alone, by directory; those that run first. */
export async function knownNodes(homeDirectory: string | undefined): Promise<KnownNode[]> {
  const places = [
    ...(await runningDirectories(homeDirectory)),
    ...(homeDirectory === undefined ? [] : await directoriesUnder(path.join(homeDirectory, ".aurex"))),
  ];
  const byRealPath = new Map<string, string>();
  for (const place of places) {
    const real = await realpath(place).catch(() => place);
    if (!byRealPath.has(real)) byRealPath.set(real, place);
  }
  const nodes = await Promise.all([...byRealPath.values()].map(nodeIn));
  return nodes
    .filter((node) => node !== undefined)
    .sort(
      (one, other) =>
        Number(other.holder !== undefined) - Number(one.holder !== undefined) ||
        (one.dataDir < other.dataDir ? -1 : 1),
    );
}

/** What a directory has of a node; undefined if nothing there says that it is one's, or holds keys. */
export async function nodeIn(dataDir: string): Promise<KnownNode | undefined> {
  try {
    const holder = await readDirectoryLock(dataDir);
    const marks = [nodeKeyPath(dataDir), dataDirectory(dataDir).chainSpec];
    const isNode = holder !== undefined || (await Promise.all(marks.map(isThere))).includes(true);
    if (!isNode && !(await isThere(keysDirectory(dataDir)))) return undefined;
    return { dataDir, holder, isReadable: true, isNode };
  } catch {
    return { dataDir, holder: undefined, isReadable: false, isNode: true };
  }
}

/** `<network>/<name>`, and what was put straight into ~/.aurex by --data-dir. */
async function directoriesUnder(base: string): Promise<string[]> {
  const networks = await foldersIn(base);
  const below = await Promise.all(networks.map(foldersIn));
  return [...networks, ...below.flat()].slice(0, foldersMax);
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !isLeftOut.test(entry.name))
    .slice(0, foldersMax)
    .map(({ name }) => path.join(folder, name));
}

async function isThere(place: string): Promise<boolean> {
  return access(place).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return false;
      throw error;
    },
  );
}
