/** The libp2p host of a node on its machine: the same one whether it runs on a chain or still looks for one. */
import type { Registry } from "prom-client";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { createLibp2pHost, type Libp2pHost } from "../network/libp2p/libp2p-host.ts";
import { type KeyPair, seedBytes } from "../protocol/signing.ts";
import { dataDirectory } from "./data-directory.ts";
import { loadNetworkSecret } from "./network-secret.ts";

export interface NodeHostOptions {
  readonly dataDir: string;
  readonly network: string;
  /** Multiaddrs, e.g. `/ip4/0.0.0.0/tcp/13245`. */
  readonly listenAddresses: readonly string[];
  /** Multiaddrs told to others beside what is listened on. */
  readonly announceAddresses?: readonly string[];
  readonly bootstrap: readonly string[];
  readonly mdns: boolean;
}

export const softwareVersion = "aurex/0.1.0";
const maxConnections = 100;
const mdnsIntervalMs = 3_000;

/** A host that is closed to strangers where the data directory has the secret of a closed network. */
export async function createNodeHost(
  options: NodeHostOptions,
  keyPair: KeyPair,
  modules: { readonly clock: Clock; readonly logger: Logger; readonly metrics?: Registry },
): Promise<Libp2pHost> {
  const { dataDir, network, listenAddresses, announceAddresses = [], bootstrap, mdns } = options;
  const networkSecret = await loadNetworkSecret(dataDir);
  return createLibp2pHost(
    {
      ...(networkSecret ? { networkSecret } : {}),
      ...(modules.metrics ? { metrics: modules.metrics } : {}),
      privateKeySeed: keyPair.secretKey.subarray(0, seedBytes),
      listenAddresses,
      announceAddresses,
      bootstrap,
      mdns: { enabled: mdns, network, intervalMs: mdnsIntervalMs },
      datastoreDirectory: dataDirectory(dataDir).peers,
      maxConnections,
      agentVersion: softwareVersion,
    },
    modules,
  );
}

export interface PoolHostOptions {
  /** Of the key that is the host's identity. */
  readonly privateKeySeed: Uint8Array;
  readonly listenAddresses: readonly string[];
  readonly bootstrap: readonly string[];
  readonly maxConnections: number;
}

/**
 * A host for a pool's server or one of its members, apart from the node's own: members hold no chain, and are not to
 * take the places of peers. Nobody finds it who was not told of it.
 */
export function createPoolHost(
  options: PoolHostOptions,
  modules: { readonly clock: Clock; readonly logger: Logger },
): Promise<Libp2pHost> {
  const mdns = { enabled: false, network: "", intervalMs: mdnsIntervalMs };
  return createLibp2pHost({ ...options, mdns, agentVersion: softwareVersion }, modules);
}
