/** From a configuration to what a node is opened with: finds the chain spec. */
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { fromHex } from "../base/bytes.ts";
import { invariant, toError } from "../base/invariant.ts";
import { textOf } from "../base/text-file.ts";
import type { NodeConfig } from "../config/node-config.ts";
import { parseAmount } from "../protocol/amount.ts";
import { chainSpecFromJson } from "../protocol/chain-spec-json.ts";
import { type ChainSpec, chainSpecOf, easiestTargetOf } from "../protocol/genesis.ts";
import { pinnedChainSpec } from "./data-directory.ts";
import type { ApiAccessOptions } from "./http-servers.ts";
import { exitCodes, OperatorError } from "./operator-error.ts";
import type { PoolServiceOptions } from "./pool-service.ts";
import type { NodeSupervisorOptions } from "./supervisor/node-supervisor.ts";
import { readTlsFiles } from "./tls-files.ts";

/** The Proof of Work chain that every node without `--chain` is on. */
const builtInPowSpec = new URL("../../config/pow.json", import.meta.url);

/** @throws OperatorError where a chain spec that is named cannot be used */
export async function nodeOptionsOf(config: NodeConfig): Promise<NodeSupervisorOptions> {
  if (config.finalizedOnly && config.export === undefined) {
    throw new OperatorError("--finalized-only belongs to --export", {
      code: "node/no-export",
      exitCode: exitCodes.usage,
      why: "it says which blocks the SQL ledger holds, and this node keeps none",
      next: "add --export FILE, or leave --finalized-only out",
    });
  }
  const spec = await chainSpecFor(config);
  return {
    dataDir: config.dataDir,
    name: config.name,
    network: config.network,
    spec,
    authority: config.authority,
    expect: config.expect,
    admission: config.admission,
    signAlone: config.signAlone,
    trustRecovery: config.trustRecovery === undefined ? undefined : fromHex(config.trustRecovery),
    mine: config.mine,
    mineEmptyBlocks: config.mineEmpty,
    mineThreads: config.mineThreads,
    pool: config.servePool ? poolOptionsOf(config) : undefined,
    listenAddresses: listenMultiaddrs(config.listenAddress, config.port),
    announceAddresses: config.announceAddress.map((address) => announcedMultiaddr(address, config.port)),
    bootstrap: config.bootstrap,
    mdns: config.mdns,
    introductions: config.introductions,
    apiPort: config.api ? config.apiPort : undefined,
    apiAccess: await apiAccessOf(config),
    metricsAddress: config.metricsAddress,
    accountIndex: config.accountIndex,
    exportFile: config.export,
    exportFinalizedOnly: config.finalizedOnly,
  };
}

/** The TLS files are read here for the first time: a node may look for its network for long before it opens its API. */
async function apiAccessOf(config: NodeConfig): Promise<ApiAccessOptions> {
  const { apiTlsCert: certFile, apiTlsKey: keyFile } = config;
  const tls = certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
  if (tls && config.api) await readTlsFiles(tls);
  return {
    host: config.apiHost,
    tls,
    allowedHosts: config.apiAllowedHost,
    corsOrigins: config.apiCors,
    requestsPerSecond: config.apiRateLimit,
    connectionsMax: config.apiConnections,
    tokenFile: config.apiTokenFile,
    allowOpenToken: config.allowOpenKeys,
  };
}

/** With `::` every IPv4 address, too, as people expect; a machine without IPv6 then still has those. */
function listenMultiaddrs(addresses: readonly string[], port: number): string[] {
  const all = addresses.flatMap((address) => (address === "::" ? ["0.0.0.0", "::"] : [address]));
  const families = [
    { ip: "ip4", any: "0.0.0.0", list: all.filter((address) => !address.includes(":")) },
    { ip: "ip6", any: "::", list: all.filter((address) => address.includes(":")) },
  ];
  // One address of a family beside all of them would be listened on twice.
  return families.flatMap(({ ip, any, list }) =>
    (list.includes(any) ? [any] : [...new Set(list)]).map((address) => `/${ip}/${address}/tcp/${port}`),
  );
}

function announcedMultiaddr(address: string, port: number): string {
  if (address.startsWith("/")) return address;
  const family = isIP(address);
  return `/${family === 0 ? "dns" : `ip${family}`}/${address}/tcp/${port}`;
}

function poolOptionsOf(config: NodeConfig): PoolServiceOptions {
  const minimum = parseAmount(config.poolPayoutMinimum);
  invariant(minimum.ok, "the setting was read as an amount");
  return {
    listenAddresses: listenMultiaddrs(config.listenAddress, config.poolPort),
    feePercent: config.poolFee,
    payoutMinimumUnits: minimum.value,
    payoutEveryBlocks: config.poolPayoutEvery,
  };
}

/** Undefined: the Proof of Authority chain that the data directory holds, or else one that is founded or joined. */
async function chainSpecFor(config: NodeConfig): Promise<ChainSpec | undefined> {
  if (config.chain !== undefined) return requireEngine(await readChainSpec(config.chain), config);
  if (config.consensus === "pow") return builtInSpec(config.difficulty ?? 2);
  const pinned = await pinnedChainSpec(config.dataDir);
  if (pinned) requireEngine(pinned, config);
  return undefined;
}

/** The built-in Proof of Work chain; another difficulty is another floor, hence another chain. */
export async function builtInSpec(difficulty: number): Promise<ChainSpec> {
  const parsed = chainSpecFromJson(await readFile(builtInPowSpec, "utf8"));
  if (!parsed.ok) throw new Error(`the built-in chain spec is broken: ${parsed.fault.reason}`);
  const { genesis } = parsed.value;
  const spec = chainSpecOf({ ...genesis, easiestTarget: easiestTargetOf(difficulty) });
  if (!spec.ok) throw new Error(`the built-in chain spec is broken: ${spec.fault.reason}`);
  return spec.value;
}

/** @throws OperatorError where the file cannot be read or is no chain spec */
export async function readChainSpec(file: string): Promise<ChainSpec> {
  const fault = (why: string) =>
    new OperatorError(`${file} is not a chain spec that can be used`, {
      code: "node/chain-spec-invalid",
      exitCode: exitCodes.usage,
      why,
      next: "aurex-node init --help shows how to write one; all nodes of a chain need the same file",
    });
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (thrown) {
    throw fault(toError(thrown).message);
  }
  const text = textOf(bytes);
  if (!text.ok) throw fault(text.fault);
  const spec = chainSpecFromJson(text.value);
  if (!spec.ok) throw fault(`${spec.fault.field} ${spec.fault.reason}`);
  return spec.value;
}

function requireEngine(spec: ChainSpec, config: NodeConfig): ChainSpec {
  if (spec.consensus === config.consensus) return spec;
  throw new OperatorError(`the chain spec is for --consensus ${spec.consensus}`, {
    code: "node/chain-spec-engine",
    exitCode: exitCodes.usage,
    why: `this start asks for --consensus ${config.consensus}`,
    next: `start with --consensus ${spec.consensus}`,
  });
}
