/** What a call to the API throws: the node refused, or nothing answered that is a node. */
import type { ErrorDetails, Problem } from "../api/problem.ts";

/** The node answered with an error. Its message says what went wrong. */
export class ApiProblem extends Error {
  override name = "ApiProblem";
  /** Of HTTP, e.g. 404. */
  readonly status: number;
  /** For programs, e.g. `transaction/sequence-used`. */
  readonly code: string;
  /** What the caller can do about it, for people. */
  readonly next: string;
  /** The fields of the fault; amounts are texts of base units. */
  readonly details: ErrorDetails;
  /** After how many milliseconds the node wants to be asked again; undefined if it did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(problem: Problem, retryAfterMs?: number) {
    super(problem.detail);
    this.status = problem.status;
    this.code = problem.code;
    this.next = problem.next;
    this.details = problem.details ?? {};
    this.retryAfterMs = retryAfterMs;
  }

  /** The same as the text of {@link message}, under the name that it has in the answer. */
  get detail(): string {
    return this.message;
  }
}

/** Nothing answers at the URL, the answer did not come in time, or what answers is no Aurex node. */
export class ApiUnreachable extends Error {
  override name = "ApiUnreachable";
  readonly url: string;

  constructor(url: string, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.url = url;
  }
}
