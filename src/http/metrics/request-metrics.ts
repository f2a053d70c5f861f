/** How many requests the API has answered, by route and status, and how long each took. */
import type { FastifyInstance } from "fastify";
import { Counter, Histogram, type Registry } from "prom-client";

const buckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];

export class RequestMetrics {
  readonly #requests: Counter;
  readonly #seconds: Histogram;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: "aurex_api_requests_total",
      help: "Requests to the API that were answered, by route; a stream counts when it ends.",
      labelNames: ["method", "route", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "aurex_api_request_seconds",
      help: "How long the API took for a request, by route, without streams.",
      labelNames: ["route"],
      buckets,
      registers,
    });
  }

  /** Counts what this server answers. Labels are those of declared routes: no caller can add one. */
  count(app: FastifyInstance): void {
    app.addHook("onResponse", (request, reply, done) => {
      const { url, config } = request.routeOptions;
      const route = config.declared?.path ?? (config.isPageFile ? "page" : (url ?? "none"));
      const method = config.declared?.method ?? "any";
      this.#requests.inc({ method, route, status: reply.statusCode });
      if (!config.declared?.stream) this.#seconds.observe({ route }, reply.elapsedTime / 1_000);
      done();
    });
  }
}
