/** The HTTP API of a node, on loopback only: its server, from the first request to a clean close. */
import { sleep, systemClock } from "../base/clock.ts";
import type { ApiModules } from "./api-modules.ts";
import { addEventRoutes } from "./events/event-routes.ts";
import { type EventLimits, EventSource } from "./events/event-source.ts";
import { addMetrics } from "./metrics.ts";
import { addRoutes } from "./routes.ts";
import { createServer } from "./server.ts";
import { addWorkRoutes, workWaitMs } from "./work-routes.ts";

export interface ApiOptions {
  /** TCP on 127.0.0.1; 0 for any free one. */
  readonly port: number;
  /** For how long a miner's request waits for other work; 30 s by default. */
  readonly workWaitMs?: number;
  /** Holds every answer against its schema before it is sent, and answers 500 if it does not fit: for tests. */
  readonly checkAnswers?: boolean;
  /** Bounds of the event stream. */
  readonly events?: EventLimits;
}

export interface Api {
  /**
   * Resolves with the URL when requests are answered.
   *
   * @throws the system's error, with its code (EADDRINUSE where the port is taken)
   */
  start(): Promise<string>;
  /** Takes no new request, lets those that run end for up to 5 s, then closes every connection. */
  stop(): Promise<void>;
}

const drainMs = 5_000;

export function createApi(options: ApiOptions, modules: ApiModules): Api {
  const app = createServer({ checkAnswers: options.checkAnswers ?? false }, modules.logger);
  const stopping = new AbortController();
  // A connection that was kept alive after its last answer would hold up the stop until it is forced.
  app.addHook("onSend", async (_request, reply) => {
    if (stopping.signal.aborted) reply.header("connection", "close");
  });
  addRoutes(app, modules);
  addWorkRoutes(app, modules, options.workWaitMs ?? workWaitMs);
  addMetrics(app, modules);
  const events = new EventSource({ ...modules, clock: systemClock }, options.events);
  addEventRoutes(app, { chain: modules.chain, hub: events.hub });
  events.start();
  // Before the server waits for the requests that run: these would never end by themselves.
  app.addHook("preClose", async () => events.stop());
  return {
    start: () => app.listen({ host: "127.0.0.1", port: options.port }),
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
