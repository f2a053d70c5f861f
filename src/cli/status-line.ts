/** The lines that a running node prints of itself. */
import type { NodeStatus } from "../http/node-status.ts";
import { grouped, hashRateText, poolText, roleOf } from "./status-text.ts";

export interface StartPlaces {
  readonly apiUrl: string | undefined;
  /** Multiaddrs with the node's id. */
  readonly addresses: readonly string[];
  readonly dataDir: string;
}

const shortHashDigits = 12;

/** What one wants to know once: who this is, on which chain, and where it can be reached. */
export function startText(status: NodeStatus, { apiUrl, addresses, dataDir }: StartPlaces): string {
  return [
    `Node ${status.name} runs on ${status.consensus} chain ${status.chainId.slice(0, 16)} of network ${status.network}`,
    `  node     ${status.nodeId}`,
    `  account  ${status.address}`,
    ...addresses.map((address) => `  listens  ${address}`),
    ...(status.pool?.addresses ?? []).map(
      (address) => `  pool     aurex-node pool join ${address} --account ADDRESS`,
    ),
    `  API      ${apiUrl ?? "none"}`,
    `  data     ${dataDir}`,
  ].join("\n");
}

/** E.g. "authority  height 12  head 00ab…  final 11  authorities 3  peers 2  mempool 0". */
export function statusText(status: NodeStatus): string {
  const { head, final, authorities, syncing, peers, mdnsFault, notSealingBecause, hashesPerSecond } = status;
  const { hashesTried, pool } = status;
  const parts = [
    roleOf(status),
    `height ${head.height}`,
    `head ${head.hash.slice(0, shortHashDigits)}`,
    final && `final ${final.height}`,
    authorities.length > 0 && `authorities ${authorities.length}`,
    `peers ${peers}`,
    `mempool ${status.mempool}`,
    syncing && `syncing ${syncing.height}/${syncing.targetHeight}`,
    hashesPerSecond ? hashRateText(hashesPerSecond) : null,
    hashesTried ? `tried ${grouped(hashesTried)}` : null,
    pool && `pool: ${poolText(pool)}`,
    notSealingBecause && `not sealing: ${notSealingBecause}`,
    // Said where it matters: a node without peers whose operator counts on mDNS.
    peers === 0 && mdnsFault && `mDNS: ${mdnsFault}`,
  ];
  return parts.filter((part) => typeof part === "string" && part !== "").join("  ");
}
