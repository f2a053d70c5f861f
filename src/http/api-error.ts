/** A request that is answered with an error: its status and what the body says. */
import type { ErrorAnswer, ErrorDetails } from "./answers.ts";

export class ApiError extends Error {
  override name = "ApiError";
  readonly statusCode: number;
  readonly code: string;
  readonly next: string;
  readonly details: ErrorDetails | undefined;

  /**
   * @param next what the caller can do
   * @param details the fields of the fault, for programs
   */
  constructor(statusCode: number, code: string, message: string, next: string, details?: ErrorDetails) {
    super(message);
    this.details = details;
    this.statusCode = statusCode;
    this.code = code;
    this.next = next;
  }

  get body(): ErrorAnswer {
    const { code, message, next, details } = this;
    return { error: { code, message, next, ...(details ? { details } : {}) } };
  }
}

const routesHint =
  "GET /v1/node, /v1/peers, /v1/blocks, /v1/blocks/{height|hash|head}, /v1/transactions/{id}, /v1/accounts/{address|name}, /v1/assets/{id}, /v1/authorities, /v1/work, /metrics; POST /v1/transactions, /v1/authorities/{votes|open|candidacy}, /v1/work";

export function routeUnknown(method: string, path: string): ApiError {
  return new ApiError(404, "api/route-unknown", `${method} ${path} is no route`, routesHint);
}

/** By the code of the framework's own errors; what is not here is ours. */
const frameworkErrors: Readonly<Record<string, readonly [status: number, code: string, next: string]>> = {
  FST_ERR_VALIDATION: [400, "api/request-invalid", "mend the request"],
  FST_ERR_BAD_URL: [400, "api/request-invalid", "encode the path as a URL"],
  FST_ERR_MAX_PARAM_LENGTH: [414, "api/request-invalid", "shorten the path"],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, "api/body-too-large", "send one transaction a request"],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, "api/media-type", "send content-type: application/json"],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, "api/request-invalid", "send valid JSON"],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, "api/request-invalid", "send a JSON object"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, "api/request-invalid", "send the true content-length"],
};

/** The answer to whatever a handler or the framework threw; undefined where it is a bug. */
export function toApiError(thrown: unknown): ApiError | undefined {
  if (thrown instanceof ApiError) return thrown;
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
