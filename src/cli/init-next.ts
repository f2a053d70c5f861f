/** What to do after `init`: the command lines that start the nodes of the new chain, each with its own directory. */
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import net from "node:net";
import { toHex } from "../base/bytes.ts";
import { shellWord } from "../base/shell-word.ts";
import { nodeSettings } from "../config/settings.ts";
import { pinnedChainSpec } from "../node/data-directory.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";
import { nodeKeyName, showKey } from "../wallet/keystore.ts";
import { loadPlainConfig } from "./load-config.ts";
import { type KnownNode, knownNodes, nodeIn } from "./place/known-nodes.ts";
import { startCommandWith } from "./place/started-with.ts";
import type { Terminal } from "./terminal.ts";

export interface NextSteps {
  /** To be typed on this machine, in this directory, in this order. */
  readonly here: readonly string[];
  /** What the other machines do; absent if no authority lives elsewhere. */
  readonly elsewhere: readonly string[];
  /** Why an authority whose key is on this machine cannot seal this chain, and the commands that help. */
  readonly notes: readonly string[];
}

const foldersMax = 1_000;

/**
 * The nodes that can run the new chain: of each authority whose key this machine has, the line that starts that key's
 * node; for the others, the line for their machines.
 *
 * @param file the spec, as it was named
 */
export async function nextSteps(spec: ChainSpec, file: string, terminal: Terminal): Promise<NextSteps> {
  return spec.consensus === "pow" ? stepsOfPow(spec, file, terminal) : stepsOfPoa(spec, file, terminal);
}

async function stepsOfPow(spec: ChainSpec, file: string, terminal: Terminal): Promise<NextSteps> {
  const dataDir = await freshDirectory(spec, terminal);
  const ports = await freePorts("pow", 0);
  const here = [startCommandWith({ consensus: "pow", mine: true, chain: file, dataDir, ...ports.given })];
  return { here, elsewhere: [], notes: [] };
}

/** Undefined: the default one, if it holds no other chain and no node runs there; else one called after the chain. */
async function freshDirectory(spec: ChainSpec, terminal: Terminal): Promise<string | undefined> {
  const usual = (await loadPlainConfig({ consensus: spec.consensus }, terminal)).dataDir;
  for (const dataDir of [
    usual,
    ...Array.from({ length: foldersMax }, (_, index) => `${spec.name}-${index + 1}`),
  ]) {
    const node = await nodeIn(dataDir);
    if (node && (node.holder || !node.isReadable)) continue;
    if (await holdsOther(dataDir, spec)) continue;
    return dataDir === usual ? undefined : dataDir;
  }
  return undefined;
}

async function stepsOfPoa(spec: ChainSpec, file: string, terminal: Terminal): Promise<NextSteps> {
  const addresses = spec.genesis.authorities.map(addressOf);
  const places = await directoriesByAddress(terminal);
  const taken = new Map<string, string>();
  for (const address of addresses) {
    const dataDir = places.get(address);
    if (dataDir !== undefined && (await holdsOther(dataDir, spec))) taken.set(address, dataDir);
  }
  const own = addresses.filter((address) => places.has(address) && !taken.has(address));
  const here: string[] = [];
  let firstPort: number | undefined;
  for (const [index, address] of own.entries()) {
    const ports = await freePorts("poa", index);
    firstPort ??= ports.port;
    here.push(
      startCommandWith({
        consensus: "poa",
        authority: true,
        chain: file,
        dataDir: places.get(address),
        ...ports.given,
        ...(index === 0 ? {} : { bootstrap: [`/ip4/127.0.0.1/tcp/${firstPort}`] }),
      }),
    );
  }
  const others = addresses.filter((address) => !places.has(address));
  const notes = [...taken].flatMap(([address, dataDir]) => [
    `${dataDir} has the key ${address} and holds another chain; a directory holds one chain.`,
    `Make a key for this one with: aurex-node keys node --data-dir ${shellWord(`${spec.name}-node`)}`,
    "Then write the spec anew with that key as --authority, and another --out.",
  ]);
  if (others.length === 0) return { here, elsewhere: [], notes };
  const start = startCommandWith({ consensus: "poa", authority: true, chain: file, dataDir: "DIRECTORY" });
  return {
    here,
    elsewhere: [
      `${start}`,
      `with a copy of ${file}; DIRECTORY is the one in which keys node has made the key of`,
      ...others,
    ],
    notes,
  };
}

async function holdsOther(dataDir: string, spec: ChainSpec): Promise<boolean> {
  const pinned = await pinnedChainSpec(dataDir).catch(() => null);
  return pinned === null || (pinned !== undefined && toHex(pinned.chainId) !== toHex(spec.chainId));
}

/** The data directories of this machine by their nodes' addresses: those that commands find, and those in this folder. */
async function directoriesByAddress(terminal: Terminal): Promise<Map<string, string>> {
  const entries = await readdir(".", { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).slice(0, foldersMax);
  const inFolder = await Promise.all(folders.map(({ name }) => nodeIn(name)));
  const nodes = [
    ...inFolder.filter((node): node is KnownNode => node !== undefined),
    ...(await knownNodes(terminal.homeDirectory)),
  ];
  const found = new Map<string, string>();
  for (const { dataDir } of nodes) {
    const key = await showKey(dataDir, nodeKeyName).catch(() => undefined);
    if (key && !found.has(key.address)) found.set(key.address, dataDir);
  }
  return found;
}

/** The usual ports, or else the next ones that are free; `given` is what the command line has to say. */
async function freePorts(
  consensus: "pow" | "poa",
  index: number,
): Promise<{ readonly port: number; readonly given: { readonly port?: number; readonly apiPort?: number } }> {
  const known = { consensus } as Parameters<typeof nodeSettings.port.default>[0]["known"];
  const usual = nodeSettings.port.default({ homeDirectory: "", known });
  const usualApi = nodeSettings.apiPort.default({ homeDirectory: "", known });
  // Ten apart: the ports of one node must not be taken for those of the next before any of them listens.
  const port = await freePort(usual + 10 * index, "0.0.0.0");
  const apiPort = await freePort(usualApi + 10 * index, "127.0.0.1");
  return {
    port,
    given: { ...(port === usual ? {} : { port }), ...(apiPort === usualApi ? {} : { apiPort }) },
  };
}

const portsTried = 1_000;

async function freePort(from: number, host: string): Promise<number> {
  for (let port = from; port < from + portsTried * 10; port += 10) {
    const server = net.createServer();
    try {
      server.listen(port, host);
      await once(server, "listening");
      return port;
    } catch {
      // Another program listens there.
    } finally {
      server.close();
    }
  }
  return 0;
}
