/** What lies where in a node's data directory, and the chain spec that it was begun with. */
import { open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { toHex } from "../base/bytes.ts";
import { chainSpecFromJson, chainSpecToJson } from "../protocol/chain-spec-json.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { exitCodes, OperatorError } from "./operator-error.ts";

export interface DataDirectory {
  readonly chain: string;
  readonly peers: string;
  readonly sealJournal: string;
  readonly chainSpec: string;
}

export function dataDirectory(dataDir: string): DataDirectory {
  return {
    chain: path.join(dataDir, "chain"),
    peers: path.join(dataDir, "peers"),
    sealJournal: path.join(dataDir, "seal-journal"),
    chainSpec: path.join(dataDir, "chain-spec.json"),
  };
}

/** The spec that a data directory was begun with; undefined where it is new. */
export async function pinnedChainSpec(dataDir: string): Promise<ChainSpec | undefined> {
  const file = dataDirectory(dataDir).chainSpec;
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const spec = chainSpecFromJson(text);
  if (spec.ok) return spec.value;
  throw new OperatorError(`${file} is no chain spec any more`, {
    code: "node/chain-spec-damaged",
    exitCode: exitCodes.store,
    why: `${spec.fault.field} ${spec.fault.reason}`,
    next: "put the chain spec of this network back in its place, or move the data directory aside",
  });
}

/**
 * Holds a data directory to one chain for good.
 *
 * @throws OperatorError with exit code 6 where it was begun with another genesis
 */
export async function pinChainSpec(dataDir: string, spec: ChainSpec): Promise<void> {
  const pinned = await pinnedChainSpec(dataDir);
  if (!pinned) return writeDurably(dataDirectory(dataDir).chainSpec, chainSpecToJson(spec));
  const ours = toHex(spec.chainId);
  const theirs = toHex(pinned.chainId);
  if (ours === theirs) return;
  throw new OperatorError(`${dataDir} holds another chain`, {
    code: "node/genesis-mismatch",
    exitCode: exitCodes.genesisMismatch,
    why: `it was begun with chain ${theirs} (${pinned.name}), and this start asks for ${ours} (${spec.name})`,
    next: "start without --chain and --difficulty to go on with it, or name another --data-dir",
  });
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
}
