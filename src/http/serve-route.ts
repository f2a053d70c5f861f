/** Serves a declared route: checks the request against it, calls the handler, and sends what the handler answers. */
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from "fastify";
import { Compile } from "typebox/compile";
import { closed } from "../api/closed-schema.ts";
import type { CursorCodec } from "../api/cursor.ts";
import type { AnswerOf, BodyOf, ParamsOf, QueryOf, RouteShape } from "../api/route.ts";
import { ApiError } from "./api-error.ts";
import { hasEntityTag, immutableFor } from "./caching.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The declaration of the route, for hooks: whether it needs the token, its topic. */
    readonly declared?: RouteShape;
  }
  interface FastifyInstance {
    /** Answers are held against their schemas before they are sent: for tests, as it takes time. */
    readonly checksAnswers?: boolean;
  }
}

export interface RouteRequest<Shape extends RouteShape> {
  readonly params: ParamsOf<Shape>;
  readonly query: QueryOf<Shape>;
  readonly body: BodyOf<Shape>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** An answer with another status than 200, or one that may be kept. Made by {@link answered}. */
export class Answered<Status, Body> {
  readonly status: Status;
  readonly body: Body;
  readonly immutableAs: string | undefined;

  constructor(status: Status, body: Body, immutableAs: string | undefined) {
    this.status = status;
    this.body = body;
    this.immutableAs = immutableAs;
  }
}

/**
 * @param immutableAs set if what is answered can never change, e.g. a final block: its name among all of them, e.g. its
 *   hash. The answer may then be kept for a year, and is 304 for a caller that has it.
 */
export function answered<const Status extends number, Body>(
  status: Status,
  body: Body,
  { immutableAs }: { readonly immutableAs?: string | undefined } = {},
): Answered<Status, Body> {
  return new Answered(status, body, immutableAs);
}

type AnyAnswer<Shape extends RouteShape> =
  | AnswerOf<Shape, 200 & keyof Shape["answers"]>
  | { [Status in keyof Shape["answers"]]: Answered<Status, AnswerOf<Shape, Status>> }[keyof Shape["answers"]];

/** Returns the 200 answer, or `answered(…)`. Throws `ApiError`. */
export type RouteHandler<Shape extends RouteShape> = (
  asked: RouteRequest<Shape>,
) => AnyAnswer<Shape> | Promise<AnyAnswer<Shape>>;

export function serveRoute<const Shape extends RouteShape>(
  app: FastifyInstance,
  route: Shape,
  handler: RouteHandler<NoInfer<Shape>>,
): void {
  const media = route.media ?? "application/json";
  const check = app.checksAnswers ? answerCheck(route) : undefined;
  addRoute(app, route, async (asked: RouteRequest<Shape>) => {
    const { request, reply } = asked;
    const result: unknown = await handler(asked);
    const answer = result instanceof Answered ? result : answered(200, result);
    check?.(answer.status, answer.body);
    if (answer.immutableAs !== undefined) {
      reply.headers(immutableFor(answer.immutableAs, media));
      if (hasEntityTag(request.headers["if-none-match"], answer.immutableAs)) return reply.status(304).send();
    }
    return reply.status(answer.status).header("content-type", mediaText(media)).send(answer.body);
  });
}

/** For a route with `stream`: the handler writes to `reply` itself, and may go on after it has returned. */
export function serveStream<const Shape extends RouteShape & { readonly stream: true }>(
  app: FastifyInstance,
  route: Shape,
  handler: (asked: RouteRequest<NoInfer<Shape>>) => void | Promise<void>,
): void {
  addRoute(app, route, async (asked: RouteRequest<Shape>) => {
    await handler(asked);
    return asked.reply;
  });
}

function addRoute<Shape extends RouteShape>(
  app: FastifyInstance,
  route: Shape,
  handler: (asked: RouteRequest<Shape>) => Promise<FastifyReply>,
): void {
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
    schema: schemaOf(route),
    config: { declared: route },
    ...(route.bodyBytesMax === undefined ? {} : { bodyLimit: route.bodyBytesMax }),
    ...(route.stream ? { exposeHeadRoute: false } : {}),
    preValidation: async (request) => mediaFits(route, request),
    handler: (request, reply) => {
      const { params, query, body } = request;
      return handler({ params, query, body, request, reply } as RouteRequest<Shape>);
    },
  });
}

/** Throws for a text that is no cursor of this list. */
export function positionOf<Position>(codec: CursorCodec<Position>, cursor: string): Position {
  const position = codec.decode(cursor);
  if (position !== undefined) return position;
  throw new ApiError(
    400,
    "api/cursor-invalid",
    "the cursor is none of this list",
    "take it from next of the page before, or ask without cursor for the first page",
  );
}

/** For a cursor into the mempool as it was before the node was started again. */
export function cursorOfAnotherStart(): ApiError {
  return new ApiError(
    410,
    "api/cursor-gone",
    "the node was started again since the page before, and its mempool with it",
    "ask without cursor for the first page",
  );
}

/** For a cursor whose place in the chain is gone: the list before it is not what the caller has seen. */
export function cursorUndone(): ApiError {
  return new ApiError(
    410,
    "api/cursor-undone",
    "the block that the cursor stands in is not on the chain any more",
    "ask without cursor, and compare with what you have: a reorganization has undone some of it",
  );
}

/** By route, so that a process with many nodes compiles each schema once. */
const schemas = new WeakMap<RouteShape, FastifySchema>();

function schemaOf(route: RouteShape): FastifySchema {
  const schema = schemas.get(route) ?? requestSchema(route);
  schemas.set(route, schema);
  return schema;
}

/** Whatever is not declared is refused, so that a misspelled parameter is not taken for its absence. */
function requestSchema({ params, query, body, octets }: RouteShape): FastifySchema {
  const querystring = { type: "object", properties: {}, ...query, additionalProperties: false };
  const strict = body && closed(body);
  return {
    querystring,
    ...(params ? { params } : {}),
    ...(strict ? { body: octets ? { content: { "application/json": { schema: strict } } } : strict } : {}),
  };
}

function mediaFits({ octets, body }: RouteShape, request: FastifyRequest): void {
  const isOctets = request.body instanceof Uint8Array;
  if (isOctets && !octets) {
    throw new ApiError(
      415,
      "api/media-type",
      "this route takes no application/octet-stream",
      "send content-type: application/json",
    );
  }
  if (octets && body && request.body === undefined) {
    throw new ApiError(400, "api/request-invalid", "the body is missing", "send a JSON object or the bytes");
  }
}

const mediaText = (media: string) =>
  media === "application/json" ? "application/json; charset=utf-8" : media;

/** @returns throws for an answer that its schema does not describe, field by field: that is a bug of the handler */
function answerCheck(route: RouteShape): (status: number, body: unknown) => void {
  const checks = new Map(
    Object.entries(route.answers).map(([status, schema]) => [Number(status), Compile(closed(schema))]),
  );
  return (status, body) => {
    const check = checks.get(status);
    if (!check) throw new Error(`${route.method} ${route.path} answers ${status}, which it does not declare`);
    if (body instanceof Uint8Array || body === undefined) return;
    // As the caller reads it: what JSON leaves out is not there.
    const read: unknown = typeof body === "string" ? body : JSON.parse(JSON.stringify(body));
    if (check.Check(read)) return;
    const faults = check
      .Errors(read)
      .map(({ instancePath, message }) => `${instancePath || "it"} ${message}`);
    throw new Error(
      `the ${status} answer of ${route.method} ${route.path} does not fit its schema: ${faults.slice(0, 5).join("; ")}`,
    );
  };
}
