/** The door of the API: every request passes it before any route does, in one hook. */
import type { FastifyInstance } from "fastify";
import { ApiError } from "../api-error.ts";
import { allowedHosts } from "./allowed-hosts.ts";
import { type ApiLimits, defaultApiLimits, RequestLimits } from "./limits.ts";
import { judgeOrigin } from "./origins.ts";
import { tokenCheck } from "./token.ts";

export interface DoorOptions {
  /** The IP address that is listened on. */
  readonly host: string;
  /** Names besides that address and loopback under which the node is asked: no scheme, no port. */
  readonly allowedHosts: readonly string[];
  /** Origins of web pages that may ask, e.g. `https://wallet.example.com`. */
  readonly corsOrigins: readonly string[];
  /** Undefined: routes that need a token answer nobody. */
  readonly token: string | undefined;
  readonly limits: ApiLimits;
}

export const loopbackDoor: DoorOptions = {
  host: "127.0.0.1",
  allowedHosts: [],
  corsOrigins: [],
  token: undefined,
  limits: defaultApiLimits,
};

/** For every answer: no page shows it in a frame, runs it, or takes it into a process of its own. */
const safetyHeaders = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

/** Sets the door before all routes; a refused request gets an ApiError of status 401, 403 or 429. */
export function addDoor(app: FastifyInstance, options: DoorOptions): void {
  const isAllowed = allowedHosts({ host: options.host, allowed: options.allowedHosts });
  const named = new Set(options.corsOrigins);
  const checkToken = tokenCheck(options.token);
  const limits = new RequestLimits(options.limits);
  limits.watch(app.server);
  // A form on a web page can post text without asking. JSON it cannot: the browser asks first.
  app.removeContentTypeParser("text/plain");
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(safetyHeaders);
    try {
      // A whole URL in the first line, as to a proxy, names another host beside the header.
      if (!request.url.startsWith("/")) throw hostRefused(request.url);
      if (!isAllowed(request.headers.host)) throw hostRefused(request.headers.host);
      // A preflight is answered, and goes no further.
      if (judgeOrigin(request, reply, named)) return;
      limits.take(request, reply);
      checkToken(request);
      done();
    } catch (thrown) {
      done(thrown as Error);
    }
  });
}

const shownLengthMax = 100;

function hostRefused(host: string | undefined): ApiError {
  const what =
    host === undefined ? "a request without a Host header" : JSON.stringify(host.slice(0, shownLengthMax));
  return new ApiError(
    403,
    "api/host-refused",
    `this API does not answer to the name ${what}`,
    "use the URL that the node printed at its start, or have its operator start it with --api-allowed-host and that name",
  );
}
