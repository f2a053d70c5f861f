/** What lies where in a node's data directory, and the chain that it was begun with. */

import { access, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { fromHex, toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { isDatabaseTarget } from "../base/database-target.ts";
import { syncDirectory } from "../base/durable-file.ts";
import { makeDirectory } from "../base/make-directory.ts";
import { chainSpecFromJson, chainSpecToJson } from "../protocol/chain-spec-json.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { acquireDirectoryLock, type DirectoryLock } from "../store/directory-lock.ts";
import { exitCodes, OperatorError, placeUnusable } from "./operator-error.ts";

export interface DataDirectory {
  readonly chain: string;
  readonly peers: string;
  readonly sealJournal: string;
  readonly voteJournal: string;
  /** What was submitted to this node and is not settled. */
  readonly ownTransactions: string;
  /** The books of a mining pool. */
  readonly pool: string;
  /** Copies of the SQL ledger for as long as they are sent. */
  readonly downloads: string;
  readonly chainSpec: string;
  /** Where the chain came from; it counts only with the spec of its chain id beside it. */
  readonly chainOrigin: string;
  /** What the API asks of whoever wants to use the node's key or to change the node. */
  readonly apiToken: string;
  /** Chains that the operator had the node leave. */
  readonly leftChains: string;
  /** There while the directory is on its way from one chain to another. */
  readonly chainChange: string;
}

export function dataDirectory(dataDir: string): DataDirectory {
  return {
    chain: path.join(dataDir, "chain"),
    peers: path.join(dataDir, "peers"),
    sealJournal: path.join(dataDir, "seal-journal"),
    voteJournal: path.join(dataDir, "vote-journal"),
    ownTransactions: path.join(dataDir, "own-transactions"),
    pool: path.join(dataDir, "pool"),
    downloads: path.join(dataDir, "downloads"),
    chainSpec: path.join(dataDir, "chain-spec.json"),
    chainOrigin: path.join(dataDir, "chain-origin.json"),
    apiToken: path.join(dataDir, "api-token"),
    leftChains: path.join(dataDir, "left-chains.json"),
    chainChange: path.join(dataDir, "chain-change.json"),
  };
}

/** given: an operator named the chain. founded, joined: the node did so by itself, and so it may change to another. */
export type ChainOrigin = "given" | "founded" | "joined";

export interface PinnedChain {
  readonly spec: ChainSpec;
  readonly origin: ChainOrigin;
}

/**
 * Takes the lock of a data directory, which is created when missing.
 *
 * @throws OperatorError where no directory can be there, StoreError where another node uses it
 */
export async function lockDataDirectory(dataDir: string, name: string, clock: Clock): Promise<DirectoryLock> {
  try {
    makeDirectory(dataDir);
    return await acquireDirectoryLock({ directory: dataDir, name }, { clock });
  } catch (thrown) {
    throw placeUnusable(thrown, dataDir, "name a directory that this user may write to with --data-dir");
  }
}

/** The spec that a data directory was begun with; undefined where it is new. */
export async function pinnedChainSpec(dataDir: string): Promise<ChainSpec | undefined> {
  const file = dataDirectory(dataDir).chainSpec;
  const text = await readWhereThere(file);
  return text === undefined ? undefined : specFrom(text, file);
}

/** The chain of a data directory and where it came from; undefined where it is new. */
export async function pinnedChain(dataDir: string): Promise<PinnedChain | undefined> {
  const spec = await pinnedChainSpec(dataDir);
  return spec && { spec, origin: await originOf(dataDir, spec) };
}

async function originOf(dataDir: string, spec: ChainSpec): Promise<ChainOrigin> {
  const text = await readWhereThere(dataDirectory(dataDir).chainOrigin);
  const { chainId, origin } = text === undefined ? {} : (JSON.parse(text) as Record<string, unknown>);
  const isOwn = chainId === toHex(spec.chainId) && (origin === "founded" || origin === "joined");
  return isOwn ? origin : "given";
}

/**
 * Holds a data directory to one chain.
 *
 * @throws OperatorError with exit code 6 where it was begun with another genesis
 */
export async function pinChainSpec(
  dataDir: string,
  spec: ChainSpec,
  origin: ChainOrigin = "given",
): Promise<void> {
  const pinned = await pinnedChainSpec(dataDir);
  const ours = toHex(spec.chainId);
  if (!pinned) {
    const places = dataDirectory(dataDir);
    // First the origin: by itself it says nothing, so that whatever is killed in between begins anew.
    if (origin !== "given") {
      await writeDurably(places.chainOrigin, `${JSON.stringify({ chainId: ours, origin })}\n`);
    }
    return writeDurably(places.chainSpec, chainSpecToJson(spec));
  }
  const theirs = toHex(pinned.chainId);
  if (ours === theirs) return;
  throw new OperatorError(`${dataDir} holds another chain`, {
    code: "node/genesis-mismatch",
    exitCode: exitCodes.genesisMismatch,
    why: `it was begun with chain ${theirs} (${pinned.name}), and this start asks for ${ours} (${spec.name})`,
    next: `start with --chain '${dataDirectory(dataDir).chainSpec}' and without --difficulty to go on with it, or name another --data-dir`,
  });
}

export interface ChainChange {
  readonly dataDir: string;
  /** The SQL ledger of the chain that is left; it stays in its own directory, under another name. */
  readonly exportFile: string | undefined;
  readonly from: ChainSpec;
  /** Undefined: none yet; the chain that is left is never joined again. */
  readonly to: ChainSpec | undefined;
  readonly nowMs: number;
}

/** What is to be done for a change of chain, written down before the first step, so that a kill only delays it. */
interface PlannedChange {
  readonly aside: string;
  readonly moves: readonly { readonly from: string; readonly to: string }[];
  /** Of the chain to pin; null: none. */
  readonly spec: string | null;
}

/**
 * Sets aside what the data directory has of its chain, key and peers excepted, and pins the other. Nothing is deleted.
 * The node must not run. Returns the folder where the old chain lies now.
 */
export async function changeChain({ dataDir, exportFile, from, to, nowMs }: ChainChange): Promise<string> {
  const places = dataDirectory(dataDir);
  const time = new Date(nowMs).toISOString().replaceAll(":", "-");
  const name = `aside-${time}-${toHex(from.chainId).slice(0, 8)}`;
  const aside = path.join(dataDir, name);
  const { chain, sealJournal, voteJournal, ownTransactions, chainSpec, chainOrigin } = places;
  const moves = [chain, sealJournal, voteJournal, ownTransactions, chainSpec, chainOrigin].map((place) => ({
    from: place,
    to: path.join(aside, path.basename(place)),
  }));
  // Renamed within its own directory, as a ledger may lie on another disk.
  // A database holds several chains beside each other.
  const ledger = exportFile === undefined || isDatabaseTarget(exportFile) ? undefined : exportFile;
  for (const suffix of ledger === undefined ? [] : ["", "-wal", "-shm"]) {
    const file = path.resolve(ledger as string);
    moves.push({ from: file + suffix, to: `${file}.${name}${suffix}` });
  }
  const planned: PlannedChange = { aside, moves, spec: to ? chainSpecToJson(to) : null };
  // First, so that a kill in between leaves a chain that is not joined, rather than one that is joined again.
  if (!to) await noteLeft(dataDir, from.chainId);
  await writeDurably(places.chainChange, `${JSON.stringify(planned, null, 2)}\n`);
  await carryOut(dataDir, planned);
  return aside;
}

const leftMax = 64;

/** Ids of the chains that the operator had this node leave, oldest first. */
export async function leftChains(dataDir: string): Promise<Uint8Array[]> {
  const text = await readWhereThere(dataDirectory(dataDir).leftChains);
  const ids = text === undefined ? [] : (JSON.parse(text) as string[]);
  return ids.flatMap((hex) => fromHex(hex, 32) ?? []);
}

async function noteLeft(dataDir: string, chainId: Uint8Array): Promise<void> {
  const ids = [...(await leftChains(dataDir)).map(toHex), toHex(chainId)];
  const text = `${JSON.stringify([...new Set(ids)].slice(-leftMax), null, 2)}\n`;
  await writeDurably(dataDirectory(dataDir).leftChains, text);
}

/** Goes on with a change of chain that a kill has interrupted; does nothing where there is none. */
export async function finishChainChange(dataDir: string): Promise<void> {
  const text = await readWhereThere(dataDirectory(dataDir).chainChange);
  if (text !== undefined) await carryOut(dataDir, JSON.parse(text) as PlannedChange);
}

async function carryOut(dataDir: string, { aside, moves, spec }: PlannedChange): Promise<void> {
  const places = dataDirectory(dataDir);
  makeDirectory(aside);
  for (const { from, to } of moves) {
    // What is there already has been moved before a kill; in its old place is the new chain's own.
    if ((await isThere(from)) && !(await isThere(to))) await rename(from, to);
  }
  await syncDirectory(aside);
  if (spec !== null) await pinChainSpec(dataDir, specFrom(spec, places.chainChange), "joined");
  await rm(places.chainChange);
  await syncDirectory(dataDir);
}

function specFrom(text: string, file: string): ChainSpec {
  const spec = chainSpecFromJson(text);
  if (spec.ok) return spec.value;
  throw new OperatorError(`${file} is no chain spec any more`, {
    code: "node/chain-spec-damaged",
    exitCode: exitCodes.store,
    why: `${spec.fault.field} ${spec.fault.reason}`,
    next: "put the chain spec of this network back in its place, or move the data directory aside",
  });
}

async function readWhereThere(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  // An editor with which somebody looked at the file may have put a byte order mark before it.
  return text?.replace(/^\uFEFF/, "");
}

export async function isThere(place: string): Promise<boolean> {
  return access(place).then(
    () => true,
    () => false,
  );
}

async function writeDurably(file: string, text: string): Promise<void> {
  const prepared = `${file}.new`;
  const handle = await open(prepared, "w");
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(prepared, file);
  await syncDirectory(path.dirname(file));
}
