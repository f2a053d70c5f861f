/** Why a request got no whole answer. */

export type RequestFailure =
  | "request/not-connected"
  | "request/unsupported"
  | "request/timeout"
  | "request/aborted"
  | "request/reset"
  | "request/chunk-too-long"
  | "request/too-many-chunks"
  | "request/malformed";

/** Thrown by `PeerHost.request`. `code` names the limit that was broken, and so the side that broke it. */
export class RequestError extends Error {
  override name = "RequestError";
  readonly code: RequestFailure;

  constructor(code: RequestFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
