/** Answers what is no HTTP request, or does not become one in time: no route and no hook ever sees it. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { problemMedia } from "../api/problem.ts";
import { ApiError } from "./api-error.ts";

const malformed = new ApiError(
  400,
  "api/request-malformed",
  "this is no HTTP request that can be read",
  "send HTTP/1.1; a server with TLS is asked by https://",
);

/** By the code of the parser's error. */
const errors: Readonly<Record<string, ApiError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new ApiError(
    408,
    "api/request-timeout",
    "the request did not come in time",
    "send it whole, at once",
  ),
  HPE_HEADER_OVERFLOW: new ApiError(
    431,
    "api/head-too-large",
    "the headers are too large",
    "send fewer headers, or a shorter address",
  ),
};

/** Says what is wrong, if anybody is still there to hear it, and hangs up. */
export function answerUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { statusCode, body } = errors[error.code ?? ""] ?? malformed;
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`,
    `content-type: ${problemMedia}; charset=utf-8`,
    `content-length: ${Buffer.byteLength(text)}`,
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`);
}
