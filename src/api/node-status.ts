/** What a running node says of itself: the answer of `GET /v1/node` and of `aurex-node status`. */
import { Type } from "typebox";
import type { Said } from "./route.ts";
import {
  Address,
  Amount,
  BlockReference,
  Count,
  Hash,
  Height,
  IsoTime,
  orNull,
  TimestampMs,
  Units,
} from "./shapes.ts";

export const HeadStatus = Type.Object({ height: Height, hash: Hash, timestampMs: TimestampMs });
export type HeadStatus = Said<typeof HeadStatus>;

export const QuorumStatus = Type.Object({
  needed: Type.Integer({ description: "how many authorities finality takes" }),
  heard: Type.Integer({ description: "how many gave a sign of life lately, with this node if it is one" }),
});
export type QuorumStatus = Said<typeof QuorumStatus>;

export const ClockStatus = Type.Object({
  offsetMs: orNull(
    Type.Integer({
      description:
        "by how much this machine's clock is ahead of the others' median; null: too few were measured",
    }),
  ),
  measuredAgainst: Type.Integer({
    description: "how many other clocks were measured: authorities', on a Proof of Work chain peers'",
  }),
  needed: Type.Integer({ description: "how many it takes before they say anything about this one" }),
});
export type ClockStatus = Said<typeof ClockStatus>;

export const AdviceCode = Type.Enum([
  "clock",
  "chain-ahead",
  "slashed",
  "key",
  "disk",
  "store",
  "admission",
  "authorities",
  "finality",
  "two-authorities",
  "candidates",
]);
export type AdviceCode = Said<typeof AdviceCode>;

/** What an operator should know or do about a node, from all that the node knows. */
export const Advice = Type.Object({
  code: AdviceCode,
  fault: Type.Boolean({ description: "false: nothing is wrong, and something waits for a decision" }),
  what: Type.String(),
  why: Type.String(),
  next: Type.String({ description: "the step that helps; a whole command if there is one" }),
});
export type Advice = Said<typeof Advice>;

export const PoolSummary = Type.Object({
  addresses: Type.Array(Type.String(), { description: "multiaddrs for members" }),
  sessions: Count,
  hashesPerSecond: Type.Number(),
  sharesAccepted: Count,
  sharesRejected: Count,
});
export type PoolSummary = Said<typeof PoolSummary>;

/** How the SQL ledger beside a node fares. */
export const ExportStatus = Type.Object({
  file: Type.String({ description: "absolute path, or the URL of a database without its password" }),
  height: orNull(Height),
  lagBlocks: Type.Integer({ description: "blocks of the chain that are not in the file yet" }),
  secondsLeft: orNull(
    Type.Integer({ description: "until the backlog is written, at the pace of now; null without one" }),
  ),
  logBytes: Type.Integer({ description: "of the write-ahead log beside the file" }),
  reader: Type.Union([Type.Object({ sinceMs: TimestampMs, process: orNull(Type.String()) }), Type.Null()], {
    description: "another program whose open transaction keeps that log from being emptied",
  }),
  fault: Type.Union(
    [
      Type.Object({
        code: Type.String(),
        message: Type.String(),
        next: Type.String(),
        sinceMs: TimestampMs,
      }),
      Type.Null(),
    ],
    { description: "why the file is not written; the node tries again by itself" },
  ),
});
export type ExportStatus = Said<typeof ExportStatus>;

/** One address that the operator wrote, and what has become of it. */
export const BootstrapStatus = Type.Object({
  address: Type.String(),
  connected: Type.Boolean({ description: "the peer that answered there last is connected" }),
  peerId: orNull(Type.String({ description: "who answered there last, or whom the address names" })),
  error: orNull(Type.String({ description: "why it does not work, for people" })),
  failedAtMs: orNull(TimestampMs),
});

const IndexStatus = Type.Object({
  kept: Type.Boolean({ description: "false with --no-account-index" }),
  blocks: Type.Integer({ minimum: 0, description: "how many it covers, from height 0" }),
  of: Type.Integer({
    minimum: 0,
    description: "how many it has to cover; histories are answered when it does",
  }),
});

export const NodeStatus = Type.Object({
  nodeId: Type.String({ description: "the libp2p peer id" }),
  name: Type.String(),
  network: Type.String(),
  chainId: Hash,
  consensus: Type.Enum(["pow", "poa"]),
  authority: Type.Boolean(),
  mining: Type.Boolean(),
  sealing: Type.Enum(["off", "sealing", "idle", "waiting", "blocked"], {
    description:
      "of a node that mines or signs: at it, idle (nothing to seal), waiting (begins by itself) or blocked; off: it is not meant to seal",
  }),
  notSealingBecause: orNull(Type.String({ description: "why a node that should seal does not, for people" })),
  advice: Type.Array(Advice, { description: "what to do, the most urgent first; empty if all is well" }),
  dataDir: Type.String({
    description: "absolute path of the data directory, on the node's machine: commands name the node by it",
  }),
  head: HeadStatus,
  final: Type.Union([BlockReference, Type.Null()], {
    description: "the highest block that nothing can replace; null if the engine has no finality",
  }),
  established: Type.Boolean({
    description:
      "false while nobody would lose anything with the chain: it then yields to an established one of its network",
  }),
  quorum: Type.Union([QuorumStatus, Type.Null()], { description: "null if the engine has no finality" }),
  clock: Type.Union([ClockStatus, Type.Null()], { description: "null while there is no chain" }),
  peers: Count,
  addresses: Type.Array(Type.String(), {
    description: "multiaddrs under which the node can be reached, with its id",
  }),
  bootstrap: Type.Array(BootstrapStatus, { description: "the peers that the operator named" }),
  mdnsFault: orNull(Type.String({ description: "why nobody can be found by mDNS" })),
  mempool: Type.Integer({ description: "transactions waiting" }),
  export: Type.Union([ExportStatus, Type.Null()], { description: "null if the node keeps no SQL ledger" }),
  accountIndex: Type.Union([IndexStatus, Type.Null()], { description: "null while there is no chain" }),
  authorities: Type.Array(Address, { description: "empty on a Proof of Work chain" }),
  address: Type.String({ description: "the account of the node's own key" }),
  syncing: Type.Union([Type.Object({ height: Height, targetHeight: Height }), Type.Null()], {
    description: "set while the node catches up from far behind",
  }),
  hashesPerSecond: orNull(
    Type.Number({ description: "of this node's own threads; null if none of them mine" }),
  ),
  pool: Type.Union([PoolSummary, Type.Null()], { description: "null if the node serves no pool" }),
  hashesTried: orNull(
    Type.Number({
      description: "for the block under way, by this node's threads; null if none of them mine",
    }),
  ),
});
export type NodeStatus = Said<typeof NodeStatus>;

/** What the API knows beside the node's own status. */
export const NodeAnswer = Type.Object({
  ...NodeStatus.properties,
  minimumFee: Amount,
  minimumFeeUnits: Units,
  software: Type.String({ description: "name and version, e.g. aurex/0.1.0" }),
  version: Type.String(),
  startedAtMs: TimestampMs,
  startedAt: IsoTime,
  uptimeMs: Type.Integer({ description: "since then" }),
});
export type NodeAnswer = Said<typeof NodeAnswer>;

/** How a node that seals is, in a word or with the reason; empty for one that is not meant to seal. */
export function stateText({
  sealing,
  notSealingBecause,
}: Pick<NodeStatus, "sealing" | "notSealingBecause">): string {
  if (sealing === "off") return "";
  return sealing === "waiting" || sealing === "blocked" ? `not sealing: ${notSealingBecause}` : sealing;
}
