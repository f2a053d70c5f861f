/** A request that is answered with an error: its status and what the body says. */

import { type ErrorDetails, type Problem, problemOf } from "../api/problem.ts";
import { ActionableError } from "../base/actionable-error.ts";

export class ApiError extends Error {
  override name = "ApiError";
  readonly statusCode: number;
  readonly code: string;
  readonly next: string;
  readonly details: ErrorDetails | undefined;
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param code `area/what-went-wrong`, for programs: the same for every such error
   * @param message what went wrong with this request, for people
   * @param next what the caller can do
   * @param details the fields of the fault, for programs
   * @param headers of the answer, e.g. `allow` or `retry-after`
   */
  constructor(
    statusCode: number,
    code: string,
    message: string,
    next: string,
    details?: ErrorDetails,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.details = details;
    this.statusCode = statusCode;
    this.code = code;
    this.next = next;
    this.headers = headers;
  }

  get body(): Problem {
    const { code, message: detail, next, details } = this;
    return problemOf(this.statusCode, { code, detail, next, details });
  }
}

/** @param what the kind and what it is called by, e.g. "account named"; its first word is the area of the code */
export function notFound(what: string, reference: string, next: string): ApiError {
  const code = `${what.split(" ")[0]}/not-found`;
  return new ApiError(404, code, `there is no ${what} ${reference}`, next);
}

/** By the code of the framework's own errors; what is not here is ours. */
const frameworkErrors: Readonly<Record<string, readonly [status: number, code: string, next: string]>> = {
  FST_ERR_VALIDATION: [400, "api/request-invalid", "GET /docs shows what this route takes"],
  FST_ERR_BAD_URL: [400, "api/request-invalid", "encode the path as a URL"],
  FST_ERR_MAX_PARAM_LENGTH: [414, "api/request-invalid", "shorten the path"],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, "api/body-too-large", "send less in one request"],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, "api/media-type", "send content-type: application/json"],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, "api/request-invalid", "send valid JSON"],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, "api/request-invalid", "send a JSON object"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, "api/request-invalid", "send the true content-length"],
};

/** The answer to whatever a handler or the framework threw; undefined where it is a bug. */
export function toApiError(thrown: unknown): ApiError | undefined {
  if (thrown instanceof ApiError) return thrown;
  // What the node has on its disk is damaged or out of reach: not the caller's fault, and no bug.
  if (thrown instanceof ActionableError && /^store\//.test(thrown.code)) {
    return new ApiError(503, thrown.code, thrown.message, thrown.next);
  }
  if (!(thrown instanceof Error) || !("code" in thrown)) return undefined;
  const known = frameworkErrors[String(thrown.code)];
  return known && new ApiError(known[0], known[1], thrown.message, known[2]);
}

export const apiBug = new ApiError(
  500,
  "api/bug",
  "the node failed on this request",
  "look into the node's log and report it",
);
