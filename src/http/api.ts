/** The HTTP API of a node, on loopback unless its operator says otherwise: from the first request to a clean close. */
import { type AddressInfo, isIP } from "node:net";
import tlsServer from "node:tls";
import { sleep, systemClock } from "../base/clock.ts";
import type { ApiModules } from "./api-modules.ts";
import { type ApiLimits, defaultApiLimits } from "./door/limits.ts";
import { addEventRoutes } from "./events/event-routes.ts";
import { type EventLimits, EventSource } from "./events/event-source.ts";
import { addMetricsRoute } from "./metrics/metrics-route.ts";
import { NodeMetrics } from "./metrics/node-metrics.ts";
import { addPageRoutes, type PageOptions } from "./page/page-routes.ts";
import { addRoutes } from "./routes.ts";
import { createServer, type TlsIdentity } from "./server.ts";
import { addWorkRoutes, workWaitMs } from "./work-routes.ts";

export interface ApiOptions {
  /** TCP; 0 for any free one. */
  readonly port: number;
  /** The IP address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** Without it the API speaks plain HTTP. */
  readonly tls?: TlsIdentity | undefined;
  /** Names under which the node is asked, besides the address and loopback names. */
  readonly allowedHosts?: readonly string[];
  /** Origins of web pages that may ask. */
  readonly corsOrigins?: readonly string[];
  /** Without it routes that need a token answer nobody. */
  readonly token?: string | undefined;
  readonly limits?: Partial<ApiLimits>;
  /** For how long a miner's request waits for other work; 30 s by default. */
  readonly workWaitMs?: number;
  /** Holds every answer against its schema before it is sent, and answers 500 if it does not fit: for tests. */
  readonly checkAnswers?: boolean;
  /** Bounds of the event stream. */
  readonly events?: EventLimits;
  /** The page at `/`; that of the package by default. */
  readonly page?: PageOptions;
}

export interface Api {
  /**
   * Resolves with the URL when requests are answered.
   *
   * @throws the system's error, with its code (EADDRINUSE where the port is taken)
   */
  start(): Promise<string>;
  /** New connections are made with this certificate; only of an API that was opened with TLS. */
  renewTls(identity: TlsIdentity): void;
  /** Takes no new request, lets those that run end for up to 5 s, then closes every connection. */
  stop(): Promise<void>;
}

const drainMs = 5_000;

/** @param metrics of the node, if they are shown elsewhere, too */
export function createApi(options: ApiOptions, modules: ApiModules, metrics?: NodeMetrics): Api {
  const { host = "127.0.0.1", port, tls, token, allowedHosts = [], corsOrigins = [] } = options;
  const limits = { ...defaultApiLimits, ...options.limits };
  const app = createServer(
    {
      checkAnswers: options.checkAnswers ?? false,
      tls,
      door: { host, allowedHosts, corsOrigins, token, limits },
    },
    modules.logger,
  );
  const stopping = new AbortController();
  // A connection that was kept alive after its last answer would hold up the stop until it is forced.
  app.addHook("onSend", async (_request, reply) => {
    if (stopping.signal.aborted) reply.header("connection", "close");
  });
  const figures = metrics ?? new NodeMetrics(modules);
  figures.requests.count(app);
  if (!metrics) app.addHook("onClose", async () => figures.close());
  addRoutes(app, modules);
  addWorkRoutes(app, modules, options.workWaitMs ?? workWaitMs);
  addMetricsRoute(app, figures);
  addPageRoutes(app, options.page);
  const events = new EventSource({ ...modules, clock: systemClock }, options.events);
  addEventRoutes(app, { chain: modules.chain, hub: events.hub });
  events.start();
  figures.showEvents(() => events.hub.statistics);
  // Before the server waits for the requests that run: these would never end by themselves.
  app.addHook("preClose", async () => events.stop());
  return {
    async start() {
      await app.listen({ host, port });
      return urlOf(host, (app.server.address() as AddressInfo).port, tls !== undefined);
    },
    renewTls(identity) {
      if (app.server instanceof tlsServer.Server) app.server.setSecureContext({ ...identity });
    },
    async stop() {
      stopping.abort();
      const drained = new AbortController();
      const overdue = sleep(systemClock, drainMs, drained.signal).then(() => {
        if (!drained.signal.aborted) app.server.closeAllConnections();
      });
      await app.close();
      drained.abort();
      await overdue;
    },
  };
}

/** How a program of this machine reaches what listens on `host`; what listens everywhere is reached by loopback, too. */
function urlOf(host: string, port: number, isTls: boolean): string {
  const isEverywhere = host === "0.0.0.0" || host === "::";
  const name = isEverywhere ? "127.0.0.1" : isIP(host) === 6 ? `[${host}]` : host;
  return `${isTls ? "https" : "http"}://${name}:${port}`;
}
