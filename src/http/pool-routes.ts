/** The route about the node's mining pool. */
import type { FastifyInstance } from "fastify";
import { getPool, type PoolAnswer } from "../api/mining.ts";
import { ApiError } from "./api-error.ts";
import { serveRoute } from "./serve-route.ts";

/** @param pool undefined if the node serves none */
export function addPoolRoutes(app: FastifyInstance, pool: (() => PoolAnswer) | undefined): void {
  serveRoute(app, getPool, () => {
    if (pool) return pool();
    throw new ApiError(
      409,
      "pool/not-served",
      "this node serves no mining pool",
      "serve one with: aurex-node pool serve",
    );
  });
}
