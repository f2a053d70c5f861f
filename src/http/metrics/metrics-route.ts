/** `GET /metrics`: the figures of a node. */
import type { FastifyInstance } from "fastify";
import { getMetrics } from "../../api/metrics.ts";
import { serveRoute } from "../serve-route.ts";
import type { NodeMetrics } from "./node-metrics.ts";

export function addMetricsRoute(app: FastifyInstance, metrics: NodeMetrics): void {
  serveRoute(app, getMetrics, () => metrics.text());
}
