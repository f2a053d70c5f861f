/** Which node a command is about: the one that is named, else the only one there is, else an error with the list. */
import { access, constants, stat } from "node:fs/promises";
import path from "node:path";
import { shellWord } from "../../base/shell-word.ts";
import type { ResolvedConfig } from "../../config/node-config.ts";
import { exitCodes, OperatorError } from "../../node/operator-error.ts";
import { type LockHolder, readDirectoryLock } from "../../store/directory-lock.ts";
import { usageError } from "../failure.ts";
import { loadConfig, loadPlainConfig } from "../load-config.ts";
import type { PlaceFlags } from "../place-flags.ts";
import type { Terminal } from "../terminal.ts";
import { type KnownNode, knownNodes } from "./known-nodes.ts";
import { startCommandOf } from "./started-with.ts";

export interface NodePlace {
  /** As the operator writes it, else absolute. */
  readonly dataDir: string;
  /** False: the operator named no node, and this is the only one there is. */
  readonly isNamed: boolean;
}

export interface RunningPlace extends NodePlace {
  readonly holder: LockHolder & { readonly apiUrl: string };
}

/** What names a node: each of these leads to its data directory. */
const naming = ["dataDir", "network", "name", "consensus"] as const;

/**
 * The directory that flags, variables or the config file name; undefined if they name none.
 *
 * @throws OperatorError if the configuration is wrong
 */
export async function namedDirectory(flags: PlaceFlags, terminal: Terminal): Promise<string | undefined> {
  const { dataDir, config: file, consensus } = flags;
  // Whoever has no home may name a node all the same, or none: only a default directory would lie in the home.
  const anyHome = { ...terminal, homeDirectory: terminal.homeDirectory ?? path.sep };
  const config = await loadConfig({ dataDir, config: file, consensus }, anyHome);
  return namesNode(config) ? config.dataDir.value : undefined;
}

export function namesNode(config: ResolvedConfig): boolean {
  return naming.some((name) => config[name].source !== "default");
}

/**
 * The node whose files a command reads: named, or the only one there is.
 *
 * @throws OperatorError with exit code 2 if there is none, or there are several, or the directory is not there
 */
export async function existingPlace(flags: PlaceFlags, terminal: Terminal): Promise<NodePlace> {
  const named = await namedDirectory(flags, terminal);
  if (named !== undefined) {
    await requireDirectory(named);
    return { dataDir: named, isNamed: true };
  }
  const [only, ...more] = await knownNodes(terminal.homeDirectory);
  if (!only) throw noNode(terminal, "there is no node on this machine", "name one with --data-dir");
  if (more.length > 0) throw severalNodes([only, ...more], "exist");
  return taken(only, terminal);
}

/**
 * Where a key is made: in the directory that is named, which need not be there; else with the only node there is; else,
 * as there is no node at all, where a first start would put one.
 *
 * @throws OperatorError with exit code 2 if there are several nodes
 */
export async function placeForNewKey(flags: PlaceFlags, terminal: Terminal): Promise<NodePlace> {
  const named = await namedDirectory(flags, terminal);
  if (named !== undefined) return { dataDir: named, isNamed: true };
  const [only, ...more] = (await knownNodes(terminal.homeDirectory)).filter(({ isNode }) => isNode);
  if (more.length > 0 && only) throw severalNodes([only, ...more], "exist");
  if (only) return taken(only, terminal);
  const { dataDir } = await loadPlainConfig({}, terminal);
  terminal.stderr.write(`There is no node yet; this is for the first one, in ${dataDir}.\n`);
  return { dataDir, isNamed: true };
}

/**
 * The node that a command talks to: named, or the only one that runs.
 *
 * @throws OperatorError with exit code 2 if it does not run, or has no API, or several run
 */
export async function runningPlace(flags: PlaceFlags, terminal: Terminal): Promise<RunningPlace> {
  const named = await namedDirectory(flags, terminal);
  if (named !== undefined) {
    await requireDirectory(named);
    const holder = await holderOf(named);
    if (!holder) throw await notRunning(named);
    return withApi({ dataDir: named, isNamed: true }, holder);
  }
  const nodes = (await knownNodes(terminal.homeDirectory)).filter(({ isNode }) => isNode);
  const running = nodes.filter(({ holder }) => holder !== undefined);
  const [only, ...more] = running;
  if (more.length > 0) throw severalNodes(running, "run");
  if (!only) throw await noneRuns(nodes, terminal);
  const place = taken(only, terminal);
  return withApi(place, only.holder as LockHolder);
}

/**
 * The directory to look at if none is named: that of the only node that runs, else of the only one there is; undefined
 * if there is none.
 *
 * @throws OperatorError with exit code 2 if there are several
 */
export async function examinedPlace(terminal: Terminal): Promise<string | undefined> {
  const nodes = (await knownNodes(terminal.homeDirectory)).filter(({ isNode }) => isNode);
  const running = nodes.filter(({ holder }) => holder !== undefined);
  const [only, ...more] = running.length > 0 ? running : nodes;
  if (more.length > 0)
    throw severalNodes(running.length > 0 ? running : nodes, running.length > 0 ? "run" : "exist");
  return only && taken(only, terminal).dataDir;
}

/** Who holds a directory, alive; a directory that another user keeps to himself is an error that says so. */
export async function holderOf(dataDir: string): Promise<LockHolder | undefined> {
  try {
    return await readDirectoryLock(dataDir);
  } catch (thrown) {
    throw noPermission(thrown, dataDir);
  }
}

/** The operator's view of a directory that this user may not read; any other error is passed on as it is. */
export function noPermission(thrown: unknown, dataDir: string): unknown {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code !== "EACCES" && code !== "EPERM") return thrown;
  return new OperatorError(`no permission to read ${dataDir}`, {
    code: "cli/no-permission",
    exitCode: exitCodes.usage,
    why: "it belongs to another user of this machine",
    next: "run the command as that user, or name the API of the node, which every user may ask, with --api URL",
    cause: thrown,
  });
}

async function requireDirectory(dataDir: string): Promise<void> {
  let why: string;
  try {
    if ((await stat(dataDir)).isDirectory()) return await access(dataDir, constants.R_OK | constants.X_OK);
    why = "it is a file";
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      const refused = noPermission(thrown, dataDir);
      throw refused === thrown
        ? usageError(`${dataDir} cannot be used`, message, "name another --data-dir")
        : refused;
    }
    why = "there is no such directory";
  }
  throw usageError(
    `there is no node in ${dataDir}`,
    why,
    "name the directory of a node with --data-dir, or leave it out for the only node there is",
    "cli/no-such-directory",
  );
}

const said = new WeakMap<Terminal, Set<string>>();

/** Names the node that was taken without being named, once for a command. */
function taken({ dataDir, holder, isReadable, isNode }: KnownNode, terminal: Terminal): NodePlace {
  if (!isReadable) throw noPermission(Object.assign(new Error("not readable"), { code: "EACCES" }), dataDir);
  const before = said.get(terminal) ?? new Set();
  if (!before.has(dataDir)) {
    const what = isNode ? `the node ${holder ? `${holder.name} ` : ""}` : "the keys ";
    terminal.stderr.write(`Using ${what}in ${dataDir}.\n`);
  }
  said.set(terminal, before.add(dataDir));
  return { dataDir, isNamed: false };
}

function withApi(place: NodePlace, holder: LockHolder): RunningPlace {
  const { apiUrl } = holder;
  if (apiUrl !== null) return { ...place, holder: { ...holder, apiUrl } };
  throw usageError(
    `the node in ${place.dataDir} has no API`,
    "it still looks for its network, or starts, or was started with --no-api",
    `see what it does in ${path.join(place.dataDir, "blockchain.log")}; commands work once it has a chain, and never with --no-api`,
    "cli/no-api",
  );
}

async function notRunning(dataDir: string): Promise<OperatorError> {
  return usageError(
    `no node runs in ${dataDir}`,
    "the command asks a running node",
    `start it: ${await startCommandOf(dataDir)}`,
    "cli/node-not-running",
  );
}

async function noneRuns(nodes: readonly KnownNode[], terminal: Terminal): Promise<OperatorError> {
  const [only, ...more] = nodes;
  if (!only) return noNode(terminal, "no node runs on this machine", "name the API of one with --api URL");
  if (!only.isReadable && more.length === 0) {
    return noPermission(
      Object.assign(new Error("not readable"), { code: "EACCES" }),
      only.dataDir,
    ) as OperatorError;
  }
  if (more.length === 0) return notRunning(only.dataDir);
  return usageError(
    "no node runs on this machine",
    `these are there and do not run: ${listOf(nodes)}`,
    `start one, for example: ${await startCommandOf(only.dataDir)}`,
    "cli/node-not-running",
  );
}

function noNode({ homeDirectory }: Terminal, what: string, otherwise: string): OperatorError {
  const why =
    homeDirectory === undefined
      ? "this user has no home directory (no HOME, no entry in /etc/passwd), where nodes are looked for"
      : `none is found in ${path.join(homeDirectory, ".aurex")}, and no other is known to run`;
  return usageError(
    what,
    why,
    `start one: aurex-node --consensus pow --mine, or aurex-node --consensus poa --authority; or ${otherwise}`,
    "cli/no-node",
  );
}

function severalNodes(nodes: readonly KnownNode[], verb: "exist" | "run"): OperatorError {
  return usageError(
    `${nodes.length} nodes ${verb}, and the command names none`,
    `it could be about each of them: ${listOf(nodes)}`,
    `add for example --data-dir ${shellWord(nodes[0]?.dataDir ?? "")}`,
    "cli/several-nodes",
  );
}

/** A line each, under the words that it follows. */
function listOf(nodes: readonly KnownNode[]): string {
  const stateOf = ({ holder, isReadable, isNode }: KnownNode) => {
    if (!isReadable) return "of another user";
    if (!isNode) return "keys alone";
    if (!holder) return "does not run";
    return `${holder.name} runs, ${holder.apiUrl ? `API ${holder.apiUrl}` : "no API"}`;
  };
  return nodes.map((node) => `\n         ${node.dataDir}  (${stateOf(node)})`).join("");
}
