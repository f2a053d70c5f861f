/** The API of one node, typed by the routes that it declares. */
import type { AnswerOf, RouteShape } from "../api/route.ts";
import { type CallInput, type CallOptions, callRoute, type Fetch, openRoute } from "./call.ts";

export interface ApiClientOptions {
  /** Where the requests start; the global `fetch` if it is left out. */
  readonly fetch?: Fetch;
  /** For each request, default 30,000: a busy node answers late, one that is gone refuses at once. */
  readonly timeoutMs?: number;
  /** How often a GET without an answer is sent again; default 2. Nothing else is ever sent again by itself. */
  readonly retries?: number;
  /** The node's admin token; it goes with the routes that need it and with no other. */
  readonly token?: string;
}

export interface ApiClient {
  /** Without a slash at its end. */
  readonly url: string;
  /**
   * Calls any declared route.
   *
   * @returns the answer of a status that the route declares
   * @throws ApiProblem if the node refused, ApiUnreachable if no node answered, the signal's reason if it was aborted
   */
  call<const Shape extends RouteShape>(
    route: Shape,
    input: CallInput<Shape>,
    options?: CallOptions,
  ): Promise<AnswerOf<Shape>>;
  /** As {@link call}, for a route that answers piece by piece: the response, its body not yet read. */
  open<const Shape extends RouteShape>(
    route: Shape,
    input: CallInput<Shape>,
    options?: CallOptions,
  ): Promise<Response>;
}

const timeoutMsDefault = 30_000;
const retriesDefault = 2;

/**
 * @param url of the node's API, e.g. `http://127.0.0.1:13280`
 * @throws TypeError if it is no URL of http or https
 */
export function createApiClient(url: string, options: ApiClientOptions = {}): ApiClient {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new TypeError(`${url} is no URL of http or https; write for example http://127.0.0.1:13280`);
  }
  const connection = {
    url: url.replace(/\/+$/, ""),
    fetchFrom: options.fetch ?? ((target: string, init: RequestInit) => fetch(target, init)),
    timeoutMs: options.timeoutMs ?? timeoutMsDefault,
    retries: options.retries ?? retriesDefault,
    token: options.token,
  };
  return {
    url: connection.url,
    call: (route, input, callOptions) => callRoute(connection, route, input, callOptions),
    open: (route, input, callOptions) => openRoute(connection, route, input, callOptions),
  };
}
