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

/** Thrown by `PeerHost.request`; `code` says which limit was broken, and by whom follows from it. */
export class RequestError extends Error {
  override name = "RequestError";
  readonly code: RequestFailure;

  constructor(code: RequestFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
