/** The token that routes ask for which sign with the node's key or change the node. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { ApiError } from "../api-error.ts";
import type {} from "../serve-route.ts";

const next =
  "aurex-node sends the token by itself if the node's own user runs it; else name the token file: --api-token-file FILE. A program sends the header: authorization: Bearer TOKEN; TOKEN is the line in the file api-token of the node's data directory";

/**
 * Makes the check of requests whose route has `token: true` in its declaration.
 *
 * @param token undefined: nobody has it, and these routes answer nobody
 */
export function tokenCheck(token: string | undefined): (request: FastifyRequest) => void {
  const expected = token === undefined ? undefined : digestOf(token);
  return (request) => {
    if (!request.routeOptions.config.declared?.token) return;
    const given = /^Bearer +([!-~]{1,200})$/i.exec(request.headers.authorization ?? "")?.[1];
    if (given === undefined) throw new TokenError("api/token-needed", "this request needs the node's token");
    // Digests have one length, and comparing them takes one time: neither tells how near a guess was.
    if (!expected || !timingSafeEqual(digestOf(given), expected))
      throw new TokenError("api/token-wrong", "this is not the node's token");
  };
}

class TokenError extends ApiError {
  constructor(code: "api/token-needed" | "api/token-wrong", message: string) {
    super(401, code, message, next, undefined, { "www-authenticate": 'Bearer realm="aurex"' });
  }
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
