/** The server under the routes: what holds for every request, whatever it asks. */
import { Ajv2020 } from "ajv/dist/2020.js";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import { problemMedia } from "../api/problem.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { transactionBytesMax } from "../protocol/transaction.ts";
import { ApiError, apiBug, toApiError } from "./api-error.ts";
import { addDoor, type DoorOptions, loopbackDoor } from "./door/door.ts";
import { requestFault } from "./request-faults.ts";
import { listRoutes } from "./route-list.ts";
import { answerUnreadable } from "./unreadable-request.ts";

export interface ServerOptions {
  /** Holds every answer against its schema before it is sent. */
  readonly checkAnswers: boolean;
  /** Undefined: plain HTTP. */
  readonly tls?: TlsIdentity | undefined;
  /** By default only loopback gets in, and nobody to routes that need a token. */
  readonly door?: DoorOptions;
  /** For the head of a request, and for the whole of it; 10 s by default. */
  readonly requestTimeoutMs?: number;
}

/** Both in PEM: the node's certificate with those that lead to its issuer, and its key. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

const defaultRequestTimeoutMs = 10_000;
/** How often overdue requests are looked for. The library's own 30 s would give a slow body 40 s. */
const overdueCheckMs = 1_000;
/** A connection on which nothing moves is closed. A stream of events says every 15 s that it is alive. */
const idleTimeoutMs = 120_000;
const handshakeTimeoutMs = 10_000;
const headBytesMax = 16_384;
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
export function createServer(
  { checkAnswers, tls, door = loopbackDoor, requestTimeoutMs = defaultRequestTimeoutMs }: ServerOptions,
  logger: Logger,
): FastifyInstance {
  const limits = {
    connectionsCheckingInterval: Math.min(overdueCheckMs, requestTimeoutMs),
    headersTimeout: requestTimeoutMs,
    maxHeaderSize: headBytesMax,
  };
  const app = fastify({
    ...(tls ? { https: { ...limits, ...tls, handshakeTimeout: handshakeTimeoutMs } } : { http: limits }),
    connectionTimeout: idleTimeoutMs,
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: parameterLengthMax },
    // Its own 503 has another shape than all other errors: see guard().
    return503OnClosing: false,
    clientErrorHandler: answerUnreadable,
    schemaErrorFormatter: requestFault,
    frameworkErrors: (error, _request, reply) => {
      // The library's type of this reply knows no schema, and so no status and no body.
      sendError(reply as unknown as FastifyReply, toApiError(error) ?? apiBug);
    },
  });
  app.setValidatorCompiler(({ schema }) => schemas.compile(schema));
  app.decorate("checksAnswers", checkAnswers);
  addDoor(app, door);
  guard(app, logger);
  return app;
}

/** What holds for every answer: nobody keeps it unless its route says so, and every error has one shape. */
function guard(app: FastifyInstance, logger: Logger): void {
  // Whether a route takes bytes is in its declaration.
  app.addContentTypeParser(
    "application/octet-stream",
    { parseAs: "buffer" },
    async (_request: unknown, body: Buffer) => body,
  );
  let isStopping = false;
  app.addHook("preClose", async () => {
    isStopping = true;
  });
  app.addHook("onRequest", async () => {
    if (isStopping) throw new ApiError(503, "api/stopping", "the node stops", "ask again once it runs");
  });
  app.addHook("onSend", async (_request, reply) => {
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
  });
  const routes = listRoutes(app);
  app.setNotFoundHandler((request) => {
    throw routes.refusal(request.method, request.url);
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    // The path of another route, asked by a wrong method, can look like a bad parameter of this one.
    const other = error.validationContext === "params" && routes.otherMethod(request.method, request.url);
    const answer = other || toApiError(error);
    if (!answer)
      logger.error({ error: toError(error), method: request.method, path: request.url }, "a request failed");
    sendError(reply, answer ?? apiBug);
  });
}

function sendError(reply: FastifyReply, { statusCode, headers, body }: ApiError): void {
  // What the handler has set for a good answer does not hold for an error; an address that is none meets no hook.
  reply.removeHeader("etag").headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
  reply.status(statusCode).headers(headers).type(problemMedia).send(body);
}
