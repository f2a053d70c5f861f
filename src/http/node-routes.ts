/** The routes about the node itself: its status, its peers, its clock, and leaving a chain. */
import type { FastifyInstance } from "fastify";
import { getClock, getNode, getPeers, postFoundAnew } from "../api/node.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { clockOffMaxMs } from "../network/peers/clock-comparison.ts";
import { formatAmount } from "../protocol/amount.ts";
import { ApiError } from "./api-error.ts";
import type { ApiModules } from "./api-modules.ts";
import type { FoundAnewRefusal } from "./chain-control.ts";
import { answered, serveRoute } from "./serve-route.ts";

export function addNodeRoutes(
  app: FastifyInstance,
  modules: Pick<ApiModules, "chain" | "status" | "peers" | "software" | "foundAnew">,
  clock: Clock = systemClock,
): void {
  const { chain, status, peers, software, foundAnew } = modules;
  const { minimumFee } = chain.spec.genesis;
  const startedAtMs = clock.nowMs();
  const startedMs = clock.monotonicMs();

  serveRoute(app, getNode, () => ({
    ...status(),
    minimumFee: formatAmount(minimumFee),
    minimumFeeUnits: minimumFee.toString(),
    software,
    version: versionOf(software),
    startedAtMs,
    startedAt: new Date(startedAtMs).toISOString(),
    uptimeMs: Math.round(clock.monotonicMs() - startedMs),
  }));

  serveRoute(app, getPeers, () => peers());

  serveRoute(app, getClock, () => {
    const timestampMs = clock.nowMs();
    const measured = status().clock ?? { offsetMs: null, measuredAgainst: 0, needed: 0 };
    return {
      timestampMs,
      time: new Date(timestampMs).toISOString(),
      ...measured,
      off: Math.abs(measured.offsetMs ?? 0) > clockOffMaxMs,
      toleranceMs: clockOffMaxMs,
      note: peers().clockNote,
    };
  });

  serveRoute(app, postFoundAnew, () => {
    // Without it nothing could begin anew when the node has stopped.
    const refusal = foundAnew ? foundAnew() : "given";
    if (refusal) throw staysBecause(refusal);
    return answered(202, { status: "leaving" });
  });
}

/** @param software name and version, e.g. `aurex/0.1.0` */
export function versionOf(software: string): string {
  return software.replace(/^.*\//, "");
}

const refusals: Readonly<Record<FoundAnewRefusal, readonly [message: string, next: string]>> = {
  established: [
    "this chain is established: others have a part in it, or it holds transactions of users",
    "wait until the clocks have caught up with it (aurex-node status); or begin another network: --network with a new name, and a new --data-dir",
  ],
  given: [
    "this chain was given with --chain or by an invitation: another one cannot be founded in its place",
    "write a new chain spec (aurex-node init --help), and start with it in a new --data-dir",
  ],
  "not-ahead": [
    "this Proof of Work chain is not ahead of this machine's clock",
    "leave it as it is; for a chain of its own use another --data-dir",
  ],
};

function staysBecause(refusal: FoundAnewRefusal): ApiError {
  const [message, next] = refusals[refusal];
  return new ApiError(409, `chain/${refusal}`, message, next);
}
