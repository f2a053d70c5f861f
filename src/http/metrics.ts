/** `GET /metrics`: what the node says of itself, as Prometheus reads it. */
import type { FastifyInstance } from "fastify";
import { Counter, Gauge, Registry } from "prom-client";
import { getMetrics } from "../api/metrics.ts";
import type { NodeStatus } from "../api/node-status.ts";
import type { HeadChange } from "../chain/chain.ts";
import { addressOf } from "../protocol/identity.ts";
import type { ApiModules } from "./api-modules.ts";
import { serveRoute } from "./serve-route.ts";

interface Figure {
  /** Without the prefix; ends in its unit. */
  readonly name: string;
  readonly help: string;
  /** Null where the node has no such figure; then none is shown. */
  readonly read: (status: NodeStatus) => number | null;
}

const prefix = "aurex_";

const figures: readonly Figure[] = [
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

/** One registry for each API, since one process may run several nodes. */
export function addMetrics(
  app: FastifyInstance,
  modules: Pick<ApiModules, "chain" | "status" | "software">,
): void {
  const { chain, status, software } = modules;
  const registry = new Registry();
  const registers = [registry];
  const gauges = figures.map((figure) => ({
    read: figure.read,
    gauge: new Gauge({ name: prefix + figure.name, help: figure.help, registers }),
  }));
  const buildInfo = new Gauge({
    name: `${prefix}build_info`,
    help: "Always 1; the labels say what runs.",
    labelNames: ["software", "consensus", "runtime"],
    registers,
  });
  const headWeight = new Gauge({
    name: `${prefix}head_weight`,
    help: "Weight of the newest block for fork choice; in Proof of Work the hashes that it takes on average.",
    registers,
  });
  const counter = (suffix: string, help: string) => new Counter({ name: prefix + suffix, help, registers });
  const connectedBlocks = counter("blocks_connected_total", "Blocks that joined the chain since the start.");
  const ownBlocks = counter("own_blocks_connected_total", "Those of them that this node's key produced.");
  const disconnectedBlocks = counter(
    "blocks_disconnected_total",
    "Blocks that left the chain since the start.",
  );
  const reorganizations = counter("reorganizations_total", "Times that another branch took over.");

  let ownAddress: string | undefined;
  const onHeadChanged = ({ connected, disconnected }: HeadChange) => {
    ownAddress ??= status().address;
    connectedBlocks.inc(connected.length);
    ownBlocks.inc(connected.filter(({ header }) => addressOf(header.producer) === ownAddress).length);
    disconnectedBlocks.inc(disconnected.length);
    if (disconnected.length > 0) reorganizations.inc();
  };
  chain.events.on("headChanged", onHeadChanged);
  app.addHook("onClose", async () => {
    chain.events.off("headChanged", onHeadChanged);
  });

  serveRoute(app, getMetrics, async () => {
    const now = status();
    registry.setDefaultLabels({ node: now.name, chain: now.chainId.slice(0, 16) });
    buildInfo.set({ software, consensus: now.consensus, runtime: process.version }, 1);
    for (const { read, gauge } of gauges) {
      const value = read(now);
      if (value === null) gauge.remove();
      else gauge.set(value);
    }
    const parent = chain.headerOf(chain.head.header.parentHash);
    headWeight.set(Number(chain.head.cumulativeWeight - (parent?.cumulativeWeight ?? 0n)));
    return registry.metrics();
  });
}
