/** The lines that a running node prints of itself. */
import { stripVTControlCharacters } from "node:util";
import { type NodeStatus, stateText } from "../api/node-status.ts";
import { grouped, hashRateText, poolText, roleOf } from "./status-text.ts";

export interface StartPlaces {
  readonly apiUrl: string | undefined;
  /** Multiaddrs with the node's id. */
  readonly addresses: readonly string[];
  readonly dataDir: string;
}

const shortHashDigits = 8;

/** What one wants to know once: who this is, on which chain, and where it can be reached. */
export function startText(status: NodeStatus, { apiUrl, addresses, dataDir }: StartPlaces): string {
  const { name, consensus, chainId, network, nodeId } = status;
  return [
    `Node ${name} runs on ${consensus} chain ${chainId.slice(0, 16)} of network ${network}`,
    `  node     ${nodeId}`,
    `  account  ${status.address}`,
    // The id stands above: without it a line fits the terminal, and the address can be dialled all the same.
    ...addresses.map((address) => `  listens  ${address.replace(`/p2p/${nodeId}`, "")}`),
    ...(status.pool?.addresses ?? []).map(
      (address) => `  pool     aurex-node pool join ${address} --account ADDRESS`,
    ),
    `  API      ${apiUrl ?? "none"}`,
    `  data     ${dataDir}`,
  ].join("\n");
}

/** A part of the status line; those with the highest number are left out first if the line is too long. */
type Part = readonly [order: number, text: string | false | null | undefined];

/**
 * One line that never wraps, e.g. "authority  height 12  head 00ab…  final 11  authorities 3  peers 2  mempool 0".
 * `aurex-node status` has whatever does not fit.
 *
 * @param columns of the terminal
 */
export function statusText(status: NodeStatus, columns: number): string {
  const { head, final, authorities, syncing, peers, mdnsFault, hashesPerSecond } = status;
  const { hashesTried, pool } = status;
  const parts: readonly Part[] = [
    [0, roleOf(status)],
    [0, `height ${head.height}`],
    [8, `head ${head.hash.slice(0, shortHashDigits)}`],
    [2, final && `final ${final.height}`],
    [5, authorities.length > 0 && `authorities ${authorities.length}`],
    [1, `peers ${peers}`],
    [4, `mempool ${status.mempool}`],
    [3, syncing && `syncing ${syncing.height}/${syncing.targetHeight}`],
    [6, hashesPerSecond ? hashRateText(hashesPerSecond) : null],
    [9, hashesTried ? `tried ${grouped(hashesTried)}` : null],
    [7, pool && `pool: ${poolText(pool)}`],
    [0, status.sealing === "sealing" ? null : stateText(status)],
    // Said if it matters: a node without peers whose operator counts on mDNS.
    [10, peers === 0 && mdnsFault && `mDNS: ${mdnsFault}`],
  ];
  let shown = parts.filter((part): part is readonly [number, string] => Boolean(part[1]));
  while (lineOf(shown).length > columns) {
    const last = Math.max(...shown.map(([order]) => order));
    if (last === 0) break;
    shown = shown.filter(([order]) => order !== last);
  }
  const line = lineOf(shown);
  return line.length > columns ? `${line.slice(0, columns - 1)}…` : line;
}

function lineOf(parts: readonly (readonly [number, string])[]): string {
  return stripVTControlCharacters(parts.map(([, text]) => text).join("  "));
}
