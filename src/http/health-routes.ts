/** The routes for machines that watch a node. */
import type { FastifyInstance } from "fastify";
import {
  getLivez,
  getReadyz,
  type NotReadyAnswer,
  type NotReadyReason,
  type ReadyAnswer,
} from "../api/health.ts";
import type { ApiModules } from "./api-modules.ts";
import { answered, serveRoute } from "./serve-route.ts";

export interface ReadinessDemand {
  readonly minPeers: number;
  /** Undefined: any, but not while the node catches up from far behind. */
  readonly maxBlocksBehind: number | undefined;
}

export function addHealthRoutes(app: FastifyInstance, modules: Pick<ApiModules, "status" | "peers">): void {
  serveRoute(app, getLivez, () => ({ status: "ok", uptimeMs: Math.round(process.uptime() * 1_000) }));

  serveRoute(app, getReadyz, ({ query: { minPeers, maxBlocksBehind } }) => {
    const answer = readiness(modules, {
      minPeers: minPeers === undefined ? 0 : Number(minPeers),
      maxBlocksBehind: maxBlocksBehind === undefined ? undefined : Number(maxBlocksBehind),
    });
    return answer.status === "ready" ? answer : answered(503, answer);
  });
}

/** Whether a node meets a demand as of now, with every reason why not. */
export function readiness(
  modules: Pick<ApiModules, "status" | "peers">,
  { minPeers, maxBlocksBehind }: ReadinessDemand,
): ReadyAnswer | NotReadyAnswer {
  const { peers, head, syncing } = modules.status();
  const { height } = head;
  const blocksBehind = Math.max(0, (syncing?.targetHeight ?? 0) - height, heightOfPeers(modules) - height);
  const reasons: NotReadyReason[] = [];
  if (peers < minPeers) {
    reasons.push({ code: "peers", message: `${peers} peers are connected, and ${minPeers} are asked for` });
  }
  if (maxBlocksBehind === undefined && syncing) {
    reasons.push({
      code: "syncing",
      message: `the node catches up: block ${height} of ${syncing.targetHeight}`,
    });
  }
  if (maxBlocksBehind !== undefined && blocksBehind > maxBlocksBehind) {
    reasons.push({
      code: "behind",
      message: `the node is ${blocksBehind} blocks behind, and ${maxBlocksBehind} are allowed`,
    });
  }
  const facts = { reasons, peers, height, blocksBehind };
  return reasons.length === 0 ? { status: "ready", ...facts } : { status: "not ready", ...facts };
}

/** Of the middle one: a peer may claim any height, and some that lie must not take the node out of service. */
function heightOfPeers({ peers }: Pick<ApiModules, "peers">): number {
  const heights = peers()
    .peers.flatMap(({ sameChain, hello }) => (sameChain && hello ? [hello.height] : []))
    .sort((a, b) => a - b);
  return heights[Math.floor((heights.length - 1) / 2)] ?? 0;
}
