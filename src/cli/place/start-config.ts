/** The settings that `start` runs with: those that are given, on the directory whose key the chain spec names. */
import type { NodeConfig, ResolvedConfig } from "../../config/node-config.ts";
import { plainConfig } from "../../config/node-config.ts";
import { addressOf } from "../../protocol/identity.ts";
import { nodeKeyName, showKey } from "../../wallet/keystore.ts";
import { loadConfig, loadPlainConfig } from "../load-config.ts";
import type { Terminal } from "../terminal.ts";
import { knownNodes, nodeIn } from "./known-nodes.ts";

/**
 * The configuration of a node that is about to start.
 *
 * An authority of a chain that is given needs the key that the chain spec names. `keys node` may have made it in
 * another directory than this start would use: then the node would make a second key, which is no authority. So if no
 * directory is named, and there is no node in the default one, the one stopped node with such a key is taken.
 *
 * @throws OperatorError with every fault of the configuration
 */
export async function startConfig(
  flags: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<NodeConfig> {
  const resolved = await loadConfig(flags, terminal);
  const dataDir = await directoryOfAuthority(resolved, terminal);
  if (dataDir === undefined) return plainConfig(resolved);
  terminal.stderr.write(`Using the node in ${dataDir}: the chain spec names its key.\n`);
  return loadPlainConfig({ ...flags, dataDir }, terminal);
}

async function directoryOfAuthority(config: ResolvedConfig, terminal: Terminal): Promise<string | undefined> {
  const { consensus, authority, chain, dataDir, name, network } = config;
  if (consensus.value !== "poa" || !authority.value || chain.value === undefined) return undefined;
  if ([dataDir, name, network].some(({ source }) => source !== "default")) return undefined;
  if ((await nodeIn(dataDir.value))?.isNode) return undefined;
  const { readChainSpec } = await import("../../node/node-options.ts");
  const { genesis } = await readChainSpec(chain.value);
  const authorities = new Set(genesis.authorities.map(addressOf));
  const found: string[] = [];
  for (const node of await knownNodes(terminal.homeDirectory)) {
    if (node.holder) continue;
    const key = await showKey(node.dataDir, nodeKeyName).catch(() => undefined);
    if (key && authorities.has(key.address)) found.push(node.dataDir);
  }
  return found.length === 1 ? found[0] : undefined;
}
