/** The server under the routes: what holds for every request, whatever it asks. */
import { Ajv2020 } from "ajv/dist/2020.js";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import { problemMedia } from "../api/problem.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { transactionBytesMax } from "../protocol/transaction.ts";
import { ApiError, apiBug, toApiError } from "./api-error.ts";
import { isLoopbackHost } from "./loopback-host.ts";
import { requestFault } from "./request-faults.ts";
import { listRoutes } from "./route-list.ts";

export interface ServerOptions {
  /** Holds every answer against its schema before it is sent. */
  readonly checkAnswers: boolean;
}

const requestTimeoutMs = 10_000;
/** Room for `{"bytes":""}` and blanks around the hex. */
const bodyBytesMax = 2 * transactionBytesMax + 1_024;
/** A user name of 64 bytes, each percent-encoded. */
const parameterLengthMax = 3 * 64;

/**
 * The dialect of OpenAPI 3.1; the framework's own validator speaks an older one. Nothing is converted. Verbose: an error
 * brings its schema, whose description says in words what is allowed.
 */
const schemas = new Ajv2020({ verbose: true });

/** A server without routes. It does not listen yet. */
export function createServer({ checkAnswers }: ServerOptions, logger: Logger): FastifyInstance {
  const app = fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: parameterLengthMax },
    schemaErrorFormatter: requestFault,
    frameworkErrors: (error, _request, reply) => {
      // The library's type of this reply knows no schema, and so no status and no body.
      sendError(reply as unknown as FastifyReply, toApiError(error) ?? apiBug);
    },
  });
  app.setValidatorCompiler(({ schema }) => schemas.compile(schema));
  app.decorate("checksAnswers", checkAnswers);
  guard(app, logger);
  return app;
}

/** What holds for every request: it is from this machine's own programs, and every error has one shape. */
function guard(app: FastifyInstance, logger: Logger): void {
  // A form on a web page can post text without asking; JSON it cannot, as there is no CORS.
  app.removeContentTypeParser("text/plain");
  // Whether a route takes bytes is in its declaration.
  app.addContentTypeParser(
    "application/octet-stream",
    { parseAs: "buffer" },
    async (_request: unknown, body: Buffer) => body,
  );
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
    reply.header("x-content-type-options", "nosniff");
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
  });
  const routes = listRoutes(app);
  app.setNotFoundHandler((request) => {
    throw routes.refusal(request.method, request.url);
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const answer = toApiError(error);
    if (!answer)
      logger.error({ error: toError(error), method: request.method, path: request.url }, "a request failed");
    sendError(reply, answer ?? apiBug);
  });
}

function sendError(reply: FastifyReply, { statusCode, headers, body }: ApiError): void {
  // What the handler has set for a good answer does not hold for an error.
  reply.removeHeader("etag").removeHeader("cache-control");
  reply.status(statusCode).headers(headers).type(problemMedia).send(body);
}
