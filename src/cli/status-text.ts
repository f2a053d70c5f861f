/** A node's status in words. */
import type { NodeAnswer } from "../api/node-status.ts";
import { type ExportStatus, type NodeStatus, type PoolSummary, stateText } from "../api/node-status.ts";
import { durationText } from "../base/duration-text.ts";
import { fieldList } from "./field-list.ts";
import { agoText, localTime } from "./time-text.ts";

/** Everything, one value a line; a value that is too long for the terminal goes on below. */
export function statusFields(node: NodeAnswer, columns: number): string {
  const { head, final, quorum, clock, syncing, authorities, nodeId } = node;
  const addresses = node.addresses.map((address) => address.replace(`/p2p/${nodeId}`, ""));
  return fieldList(
    {
      node: node.name,
      id: nodeId,
      account: node.address,
      network: node.network,
      chain: node.chainId,
      consensus: node.consensus,
      role: roleOf(node),
      state: stateText(node),
      advice: node.advice.flatMap(({ what, why, next }) => [`${what}: ${why}`, `next: ${next}`]),
      head: `${head.height} ${head.hash}`,
      "head time": `${localTime(head.timestampMs)} (${agoText(head.timestampMs, Date.now())})`,
      final: final ? `${final.height} ${final.hash}` : undefined,
      quorum: quorum ? `${quorum.heard} heard, finality needs ${quorum.needed}` : undefined,
      established: node.consensus === "poa" && !node.established ? "no, the chain is provisional" : undefined,
      clock: clock?.offsetMs ? clockText(clock.offsetMs, clock.measuredAgainst, node.consensus) : undefined,
      syncing: syncing ? `${syncing.height} of ${syncing.targetHeight}` : undefined,
      peers: node.peers,
      bootstrap: node.bootstrap.map(bootstrapText),
      listens: addresses,
      mdns: node.mdnsFault ? `impaired: ${node.mdnsFault}` : undefined,
      mempool: node.mempool,
      "hash rate": node.hashesPerSecond === null ? undefined : hashRateText(node.hashesPerSecond),
      tried: node.hashesTried === null ? undefined : `${grouped(node.hashesTried)} hashes for the next block`,
      pool: node.pool ? poolText(node.pool) : undefined,
      "sql ledger": node.export ? exportText(node.export) : undefined,
      "minimum fee": `${node.minimumFee} AUR`,
      authorities,
    },
    columns,
  );
}

/** One address that the operator wrote, e.g. "/ip4/192.0.2.1/tcp/13245 connected". */
export function bootstrapText({
  address,
  connected,
  error,
  failedAtMs,
}: NodeStatus["bootstrap"][number]): string {
  if (connected) return `${address} connected`;
  if (error === null) return `${address} is being tried`;
  const when = failedAtMs === null ? "" : ` (${agoText(failedAtMs, Date.now())})`;
  return `${address} not connected: ${error}${when}`;
}

function clockText(offsetMs: number, measuredAgainst: number, consensus: string): string {
  const side = offsetMs > 0 ? "ahead of" : "behind";
  return `${Math.abs(offsetMs)} ms ${side} the median of ${measuredAgainst} other ${consensus === "poa" ? "authorities" : "nodes"}`;
}

export function roleOf(status: Pick<NodeStatus, "authority" | "mining">): string {
  if (status.authority) return "authority";
  return status.mining ? "miner" : "follower";
}

/** E.g. "3 members connected, 12.10 MH/s, 420 shares accepted, 2 rejected". */
export function poolText({ sessions, hashesPerSecond, ...shares }: PoolSummary): string {
  const members = `${sessions} ${sessions === 1 ? "member" : "members"} connected`;
  const rejected = shares.sharesRejected > 0 ? `, ${grouped(shares.sharesRejected)} rejected` : "";
  return `${members}, ${hashRateText(hashesPerSecond)}, ${grouped(shares.sharesAccepted)} shares accepted${rejected}`;
}

/** E.g. "/home/ann/ledger.sqlite, up to block 420". */
export function exportText({ file, height, lagBlocks, secondsLeft, reader, fault }: ExportStatus): string {
  if (fault) return `not written: ${fault.message}; to repair it: ${fault.next}`;
  const upTo = height === null ? "no block yet" : `up to block ${height}`;
  const left = secondsLeft === null ? "" : `, ${durationText(secondsLeft * 1_000)} left`;
  const lag = lagBlocks > 0 ? `, ${lagBlocks} behind${left}` : "";
  const held = reader ? `; ${reader.process ?? "another program"} holds a transaction on it open` : "";
  return `${file}, ${upTo}${lag}${held}`;
}

/** E.g. "12,345,678". */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** E.g. "1.25 MH/s". */
export function hashRateText(hashesPerSecond: number): string {
  const units = ["H/s", "kH/s", "MH/s", "GH/s"];
  const power = hashesPerSecond < 1 ? 0 : Math.min(3, Math.floor(Math.log10(hashesPerSecond) / 3));
  return `${(hashesPerSecond / 1000 ** power).toFixed(power === 0 ? 0 : 2)} ${units[power]}`;
}
