/** What a web page may have: that of the node itself everything, named origins what the API gives, all others nothing. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../api-error.ts";

/** What a page may send beyond the few headers that need no permission. */
const requestHeaders = "authorization, content-type, if-none-match, last-event-id, cache-control";
/** What a page's script may read of an answer beyond the few headers that need no permission. */
const answerHeaders = "etag, retry-after, allow, www-authenticate, content-disposition";
const methods = "GET, HEAD, POST, OPTIONS";
/** How long a browser may keep the answer to a preflight. */
const preflightSeconds = 600;

/**
 * Judges where a request comes from, by the headers that browsers set and that no page can change. Programs send none
 * of them.
 *
 * @param named origins such as `https://wallet.example.com`, that the operator allows
 * @returns true if the request was a preflight and is answered
 * @throws ApiError api/origin-refused
 */
export function judgeOrigin(
  request: FastifyRequest,
  reply: FastifyReply,
  named: ReadonlySet<string>,
): boolean {
  const { origin } = request.headers;
  // An answer for one origin must not be kept for another.
  reply.header("vary", "Origin");
  if (origin === undefined) {
    if (isForeignFetch(request)) throw originRefused("a page of another origin");
    return false;
  }
  if (isOwnOrigin(request, origin)) return false;
  if (!named.has(origin)) throw originRefused(shown(origin));
  reply.headers({
    "access-control-allow-origin": origin,
    "access-control-expose-headers": answerHeaders,
  });
  if (request.method !== "OPTIONS" || !request.headers["access-control-request-method"]) return false;
  reply
    .status(204)
    .headers({
      "access-control-allow-methods": methods,
      "access-control-allow-headers": requestHeaders,
      "access-control-max-age": String(preflightSeconds),
      // A page from the internet that asks a machine of a private network.
      ...(request.headers["access-control-request-private-network"] === "true"
        ? { "access-control-allow-private-network": "true" }
        : {}),
    })
    .send();
  return true;
}

/**
 * A page's requests without an Origin header: images, scripts, frames, forms that read. Whoever follows a link or types
 * an address is no page, and sees the answer alone.
 */
function isForeignFetch({ method, headers }: FastifyRequest): boolean {
  const site = headers["sec-fetch-site"];
  if (site === undefined || site === "same-origin" || site === "none") return false;
  const isVisit = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
  return !(isVisit && method === "GET");
}

/** The page came from this very place: the Host header has been judged before. */
function isOwnOrigin({ protocol, headers }: FastifyRequest, origin: string): boolean {
  return origin === `${protocol}://${headers.host?.toLowerCase()}`;
}

function originRefused(origin: string): ApiError {
  return new ApiError(
    403,
    "api/origin-refused",
    `this API does not answer ${origin}`,
    "if the page is trusted, the node's operator starts the node with --api-cors and the page's origin, such as https://wallet.example.com",
  );
}

const shownLengthMax = 100;

function shown(origin: string): string {
  return `a page of ${JSON.stringify(origin.slice(0, shownLengthMax))}`;
}
