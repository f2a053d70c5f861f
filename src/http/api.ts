/** The HTTP API of a node, on loopback only: its server, from the first request to a clean close. */
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import { sleep, systemClock } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { transactionBytesMax } from "../protocol/transaction.ts";
import { ApiError, apiBug, routeUnknown, toApiError } from "./api-error.ts";
import type { ApiModules } from "./api-modules.ts";
import { isLoopbackHost } from "./loopback-host.ts";
import { addMetrics } from "./metrics.ts";
import { requestFault } from "./request-faults.ts";
import { addRoutes } from "./routes.ts";
import { addWorkRoutes, workWaitMs } from "./work-routes.ts";

export interface ApiOptions {
  /** TCP on 127.0.0.1; 0 for any free one. */
  readonly port: number;
  /** For how long a miner's request waits for other work; 30 s by default. */
  readonly workWaitMs?: number;
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
const requestTimeoutMs = 10_000;
/** Room for `{"bytes":""}` and blanks around the hex. */
const bodyBytesMax = 2 * transactionBytesMax + 1_024;
/** A user name of 64 bytes, each percent-encoded. */
const parameterLengthMax = 3 * 64;

export function createApi(options: ApiOptions, modules: ApiModules): Api {
  const app = fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: parameterLengthMax },
    // Verbose: an error brings its schema, whose description says in words what is allowed.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, verbose: true } },
    schemaErrorFormatter: requestFault,
    frameworkErrors: (error, _request, reply) => {
      const { statusCode, body } = toApiError(error) ?? apiBug;
      // The library's type of this reply knows no schema, and so no status and no body.
      (reply as unknown as FastifyReply).status(statusCode).send(body);
    },
  });
  const stopping = new AbortController();
  guard(app, modules.logger);
  // A connection that was kept alive after its last answer would hold up the stop until it is forced.
  app.addHook("onSend", async (_request, reply) => {
    if (stopping.signal.aborted) reply.header("connection", "close");
  });
  addRoutes(app, modules);
  addWorkRoutes(app, modules, options.workWaitMs ?? workWaitMs);
  addMetrics(app, modules);
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

/** What holds for every request: it is from this machine's own programs, and every error has one shape. */
function guard(app: FastifyInstance, logger: Logger): void {
  // A form on a web page can post text without asking; JSON it cannot, as there is no CORS.
  app.removeContentTypeParser("text/plain");
  app.addHook("onRequest", async (request) => {
    if (isLoopbackHost(request.headers.host)) return;
    throw new ApiError(
      403,
      "api/host-refused",
      "this API answers on 127.0.0.1, localhost and [::1] only",
      "use the URL that the node printed at its start",
    );
  });
  app.addHook("onSend", async (_request, reply) => {
    reply.headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
  });
  app.setNotFoundHandler((request) => {
    throw routeUnknown(request.method, request.url);
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const answer = toApiError(error);
    if (!answer)
      logger.error({ error: toError(error), method: request.method, path: request.url }, "a request failed");
    const { statusCode, body } = answer ?? apiBug;
    reply.status(statusCode).send(body);
  });
}
