/** The figures that a node's status has, each under the name that Prometheus knows it by. */
import type { NodeStatus } from "../../api/node-status.ts";

export interface Figure {
  /** Without the prefix; ends in its unit. */
  readonly name: string;
  readonly help: string;
  /** Null where the node has no such figure; then none is shown. */
  readonly read: (status: NodeStatus) => number | null;
}

export const figures: readonly Figure[] = [
  { name: "head_height", help: "Height of the newest block.", read: ({ head }) => head.height },
  {
    name: "head_timestamp_seconds",
    help: "Timestamp of the newest block, Unix time.",
    read: ({ head }) => head.timestampMs / 1_000,
  },
  {
    name: "final_height",
    help: "Height of the highest block that nothing can replace.",
    read: ({ final }) => final?.height ?? null,
  },
  { name: "peers", help: "Connected peers.", read: ({ peers }) => peers },
  { name: "mempool_transactions", help: "Transactions waiting.", read: ({ mempool }) => mempool },
  {
    name: "hashes_per_second",
    help: "Hash rate of this node's own threads.",
    read: ({ hashesPerSecond }) => hashesPerSecond,
  },
  {
    name: "pool_hashes_per_second",
    help: "Hash rate of the pool's members, from their shares.",
    read: ({ pool }) => pool?.hashesPerSecond ?? null,
  },
  {
    name: "pool_sessions",
    help: "Connections of the pool's members.",
    read: ({ pool }) => pool?.sessions ?? null,
  },
  {
    name: "pool_shares_accepted",
    help: "Shares that the pool has accepted since it began.",
    read: ({ pool }) => pool?.sharesAccepted ?? null,
  },
  {
    name: "pool_shares_rejected",
    help: "Shares that the pool has refused since it began.",
    read: ({ pool }) => pool?.sharesRejected ?? null,
  },
  {
    name: "sealing",
    help: "1 while the node mines, signs, or has nothing to seal; 0 while something keeps it from sealing.",
    read: ({ sealing }) => (sealing === "off" ? null : Number(sealing === "sealing" || sealing === "idle")),
  },
  {
    name: "idle",
    help: "1 while a node that mines or signs has nothing to seal.",
    read: ({ sealing }) => (sealing === "off" ? null : Number(sealing === "idle")),
  },
  {
    name: "syncing",
    help: "1 while the node catches up from far behind.",
    read: ({ syncing }) => Number(syncing !== null),
  },
  {
    name: "faults",
    help: "Faults that the node's own advice names; aurex-node status shows each with the next step.",
    read: ({ advice }) => advice.filter(({ fault }) => fault).length,
  },
  {
    name: "authorities",
    help: "Authorities of the chain.",
    read: ({ consensus, authorities }) => (consensus === "poa" ? authorities.length : null),
  },
  {
    name: "authorities_heard",
    help: "Authorities that gave a sign of life lately.",
    read: ({ quorum }) => quorum?.heard ?? null,
  },
  {
    name: "clock_offset_seconds",
    help: "By how much this clock is ahead of the median of the other authorities'.",
    read: ({ clock }) => (clock?.offsetMs == null ? null : clock.offsetMs / 1_000),
  },
  {
    name: "export_lag_blocks",
    help: "Blocks of the chain that are not in the SQL ledger yet.",
    read: (status) => status.export?.lagBlocks ?? null,
  },
  {
    name: "export_log_bytes",
    help: "Size of the write-ahead log beside the SQL ledger.",
    read: (status) => status.export?.logBytes ?? null,
  },
  {
    name: "export_failing",
    help: "1 while the SQL ledger cannot be written.",
    read: (status) => (status.export ? Number(status.export.fault !== null) : null),
  },
];
