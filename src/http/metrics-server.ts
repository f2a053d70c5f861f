/** The metrics, and whether the node lives and is ready, on an address that other machines may reach: no API is there, and nothing can be changed. */
import fastify from "fastify";
import type { ApiModules } from "./api-modules.ts";
import { limitConnections, sharesOf } from "./door/connections.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { addMetricsRoute } from "./metrics/metrics-route.ts";
import type { NodeMetrics } from "./metrics/node-metrics.ts";

export interface MetricsServerOptions {
  /** Address or name of this machine, e.g. `0.0.0.0`. */
  readonly host: string;
  /** TCP; 0 for any free one. */
  readonly port: number;
  /** For the whole of a request; 10 s by default. */
  readonly requestTimeoutMs?: number;
}

export interface MetricsServer {
  /**
   * Resolves with the URL when requests are answered.
   *
   * @throws the system's error, with its code (EADDRINUSE where the port is taken)
   */
  start(): Promise<string>;
  stop(): Promise<void>;
}

const defaultRequestTimeoutMs = 10_000;
/** How often overdue requests are looked for. The library's own 30 s would give a slow head 40 s. */
const overdueCheckMs = 1_000;
/** A few collectors, each with a connection or two: whoever opens more is none. */
const connectionsMax = 32;
const index = "Metrics of an Aurex node, as Prometheus reads them: /metrics; its health: /livez, /readyz\n";

/** Nobody is authenticated here, and any Host header is answered: what is shown has to be fit for all who reach it. */
export function createMetricsServer(
  { host, port, requestTimeoutMs = defaultRequestTimeoutMs }: MetricsServerOptions,
  modules: Pick<ApiModules, "status" | "peers">,
  metrics: NodeMetrics,
): MetricsServer {
  const app = fastify({
    http: {
      connectionsCheckingInterval: Math.min(overdueCheckMs, requestTimeoutMs),
      headersTimeout: requestTimeoutMs,
    },
    // A request has no body here.
    bodyLimit: 1_024,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: true,
  });
  limitConnections(app.server, sharesOf(connectionsMax));
  app.addHook("onSend", async (_request, reply) => {
    reply.headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
  });
  const plain = "text/plain; charset=utf-8";
  app.get("/", (_request, reply) => void reply.type(plain).send(index));
  app.setNotFoundHandler((_request, reply) => void reply.status(404).type(plain).send(index));
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    const { statusCode = 500 } = error;
    reply
      .status(statusCode)
      .type(plain)
      .send(statusCode >= 500 ? "The node failed to answer.\n" : index);
  });
  addMetricsRoute(app, metrics);
  addHealthRoutes(app, modules);
  return {
    start: () => app.listen({ host, port }),
    stop: () => app.close(),
  };
}
