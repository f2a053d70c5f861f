/** One request to the API: its URL from the declared route, its time limit, its retries, and what its answer means. */
import { isProblem } from "../api/problem.ts";
import type { AnswerOf, BodyOf, ParamsOf, QueryOf, RouteShape } from "../api/route.ts";
import { concatBytes } from "../base/bytes.ts";
import { toError } from "../base/invariant.ts";
import { ApiProblem, ApiUnreachable } from "./api-problem.ts";
import { pause } from "./pause.ts";

/** As `fetch` does. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Connection {
  /** Without a slash at its end. */
  readonly url: string;
  readonly fetchFrom: Fetch;
  readonly timeoutMs: number;
  /** How often a request that changes nothing is sent again if no answer came. */
  readonly retries: number;
  /** Asked for the routes that need the token. */
  readonly readToken: () => Promise<string | undefined>;
}

export interface CallOptions {
  /** Ends the call; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

type Part<Name extends string, Value> =
  Partial<Record<string, never>> extends Value
    ? { readonly [Key in Name]?: Value }
    : { readonly [Key in Name]: Value };

/** Parameters travel as texts; a number is as good where any text may stand. */
type Loose<Parameters> = {
  readonly [Key in keyof Parameters]: string extends NonNullable<Parameters[Key]>
    ? Parameters[Key] | number
    : Parameters[Key];
};

/** The query of a route. */
export type QueryInput<Shape extends RouteShape> = Loose<QueryOf<Shape>>;

/** What a route takes; what it does not take may be left out. */
export type CallInput<Shape extends RouteShape> = (Shape["params"] extends object
  ? { readonly params: Loose<ParamsOf<Shape>> }
  : { readonly params?: undefined }) &
  (Shape["query"] extends object ? Part<"query", QueryInput<Shape>> : { readonly query?: undefined }) &
  (undefined extends BodyOf<Shape> ? { readonly body?: BodyOf<Shape> } : { readonly body: BodyOf<Shape> });

/** Waits between two tries of the same request grow from this. */
const retryMs = 250;
const retryMsMax = 5_000;

/**
 * Sends one request.
 *
 * @returns the answer of a status that the route declares
 * @throws ApiProblem if the node refused, ApiUnreachable if no node answered, the signal's reason if it was aborted
 */
export async function callRoute<const Shape extends RouteShape>(
  connection: Connection,
  route: Shape,
  input: CallInput<Shape>,
  options: CallOptions = {},
): Promise<AnswerOf<Shape>> {
  const response = await sendRequest(connection, route, input, options);
  return (await bodyOf(connection, route, response)) as AnswerOf<Shape>;
}

/** As {@link callRoute}, for a route that answers piece by piece: the response, its body not yet read. */
export async function openRoute<const Shape extends RouteShape>(
  connection: Connection,
  route: Shape,
  input: CallInput<Shape>,
  options: CallOptions = {},
): Promise<Response> {
  const response = await sendRequest(connection, route, input, options);
  if (!response.ok) await bodyOf(connection, route, response);
  return response;
}

async function sendRequest<const Shape extends RouteShape>(
  connection: Connection,
  route: Shape,
  input: CallInput<Shape>,
  { signal, timeoutMs = connection.timeoutMs }: CallOptions,
): Promise<Response> {
  const url = `${connection.url}${pathOf(route, input)}`;
  // Only what changes nothing is sent again by itself: a lost answer does not say whether the request arrived.
  const triesMax = route.method === "GET" ? connection.retries + 1 : 1;
  const token = route.token ? await connection.readToken() : undefined;
  for (let tries = 1; ; tries += 1) {
    signal?.throwIfAborted();
    let failure: unknown;
    try {
      const response = await once(
        connection,
        url,
        initOf(token, route, input),
        signal,
        timeoutMs,
        route.stream,
      );
      if (tries === triesMax || !(response.status === 429 || response.status === 503)) return response;
      // The declared answer of a route, e.g. that a node is not ready, is no failure.
      if (Object.hasOwn(route.answers, response.status)) return response;
      await response.body?.cancel();
      await pause(Math.min(retryAfterMs(response) ?? retryMs * 2 ** (tries - 1), retryMsMax), signal);
      continue;
    } catch (thrown) {
      signal?.throwIfAborted();
      failure = thrown;
    }
    if (tries === triesMax) throw unreachable(connection.url, failure, timeoutMs);
    await pause(Math.min(retryMs * 2 ** (tries - 1), retryMsMax), signal);
  }
}

/** The time limit holds until the whole answer is there; of a stream, until it begins. */
async function once(
  { fetchFrom }: Connection,
  url: string,
  init: RequestInit,
  signal: AbortSignal | undefined,
  timeoutMs: number,
  isStream: true | undefined,
): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("timeout", "TimeoutError")), timeoutMs);
  const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  try {
    const response = await fetchFrom(url, { ...init, signal: either });
    if (isStream || !response.body) return response;
    const { status, headers } = response;
    return new Response(isNullBody(status) ? null : await wholeBody(response.body), { status, headers });
  } finally {
    clearTimeout(timer);
  }
}

/** No answer of a node is nearly as large; one that is not a stream is held in memory as a whole. */
const answerBytesMax = 64 * 1024 * 1024;

async function wholeBody(body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const reader = body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(concatBytes(parts, length));
    length += value.length;
    if (length > answerBytesMax) {
      await reader.cancel();
      throw new Error(`the answer has more than ${answerBytesMax} bytes`);
    }
    parts.push(value);
  }
}

/** Statuses with which no Response may be made that has a body. */
function isNullBody(status: number): boolean {
  return status === 204 || status === 304;
}

function initOf<const Shape extends RouteShape>(
  token: string | undefined,
  { method }: Shape,
  { body }: { readonly body?: unknown },
): RequestInit {
  const authorization: Record<string, string> =
    token !== undefined ? { authorization: `Bearer ${token}` } : {};
  if (method === "GET" || body === undefined) return { method, headers: authorization };
  if (body instanceof Uint8Array) {
    const headers = { ...authorization, "content-type": "application/octet-stream" };
    return { method, headers, body: body as Uint8Array<ArrayBuffer> };
  }
  const headers = { ...authorization, "content-type": "application/json" };
  return { method, headers, body: JSON.stringify(body) };
}

/** Path and query of a route with its parameters filled in. */
export function pathOf(
  { path }: RouteShape,
  { params = {}, query = {} }: { readonly params?: object; readonly query?: object },
): string {
  const values = new Map(Object.entries(params).map(([name, value]) => [name, segment(name, String(value))]));
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => values.get(name) ?? "");
  const asked = Object.entries(query).filter(([, value]) => value !== undefined);
  if (asked.length === 0) return filled;
  return `${filled}?${new URLSearchParams(asked.map(([name, value]) => [name, String(value)]))}`;
}

/** @throws TypeError for what no URL can hold in its place: the request would go to another route */
function segment(name: string, value: string): string {
  if (value === "" || value === "." || value === "..") {
    throw new TypeError(`"${value}" cannot be asked for as the ${name}`);
  }
  return encodeURIComponent(value.toWellFormed());
}

async function bodyOf({ url }: Connection, route: RouteShape, response: Response): Promise<unknown> {
  const { status } = response;
  const media = response.headers.get("content-type") ?? "";
  if (Object.hasOwn(route.answers, status) && !/problem\+json/.test(media)) {
    if (/octet-stream/.test(route.media ?? "")) return new Uint8Array(await response.arrayBuffer());
    if (route.media !== undefined && !/json/.test(route.media)) return response.text();
    const body = await jsonOf(response);
    if (body !== undefined) return body;
  }
  const problem = await jsonOf(response);
  if (isProblem(problem)) throw new ApiProblem(problem, retryAfterMs(response));
  throw new ApiUnreachable(url, `what answers there is no Aurex node (HTTP ${status})`);
}

async function jsonOf(response: Response): Promise<unknown> {
  if (response.bodyUsed) return undefined;
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}

function unreachable(url: string, thrown: unknown, timeoutMs: number): ApiUnreachable {
  const { cause, message, name } = toError(thrown);
  if (name === "TimeoutError") {
    return new ApiUnreachable(url, `no whole answer came within ${timeoutMs / 1_000} s`, { cause: thrown });
  }
  // What went wrong is in the cause: fetch itself only says that it failed.
  const reason = cause === undefined ? message : toError(cause).message;
  return new ApiUnreachable(url, reason, { cause: thrown });
}
