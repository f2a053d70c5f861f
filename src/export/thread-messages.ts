/** What the node's thread and the thread that writes a ledger tell each other; all of it can be cloned. */
import { ActionableError } from "../base/actionable-error.ts";
import { toError } from "../base/invariant.ts";
import type { NodeRecord } from "../protocol/node-record.ts";
import type { Cursor } from "./chain-meta.ts";
import { ExportError, type ExportErrorCode } from "./export-error.ts";
import type { ExportJobOptions } from "./export-job.ts";
import type { FedBlocks, FedHashes, FeedLimits } from "./ledger-feed.ts";
import type { CatchUpReport, ExportProgress } from "./ledger-job.ts";
import type { PoolRow } from "./pool-rows.ts";
import type { PostgresPlace } from "./postgres/postgres-url.ts";

/** What the thread begins with. */
export interface ExportThreadData {
  readonly job: ExportJobOptions;
  /** Undefined: a file. */
  readonly postgres: PostgresPlace | undefined;
  /** Of the chain (SSZ). */
  readonly genesis: Uint8Array;
}

/** What the thread can be asked to do with its job, and what it answers. */
export interface JobCalls {
  open: { readonly input: undefined; readonly output: undefined };
  catchUp: { readonly input: undefined; readonly output: CatchUpReport };
  recordNodes: { readonly input: readonly NodeRecord[]; readonly output: undefined };
  recordPool: { readonly input: readonly PoolRow[]; readonly output: undefined };
  tidy: { readonly input: undefined; readonly output: boolean };
  close: { readonly input: undefined; readonly output: boolean };
}
export type JobCall = keyof JobCalls;

/** What the thread can ask of the chain. */
export interface FeedCalls {
  blocksAfter: {
    readonly input: { readonly cursor: Cursor | undefined; readonly limits: FeedLimits };
    readonly output: FedBlocks;
  };
  hashes: { readonly input: { readonly first: number; readonly last: number }; readonly output: FedHashes };
}
export type FeedCall = keyof FeedCalls;

/** How the job stands, told with each answer. */
export interface JobState {
  readonly cursor: Cursor | undefined;
  readonly logBytes: number;
}

export type ToThread =
  | { readonly kind: "call"; readonly id: number; readonly call: JobCall; readonly input: unknown }
  | { readonly kind: "stop" }
  /** `isLast` false: more of this answer follows. */
  | { readonly kind: "fed"; readonly id: number; readonly output: unknown; readonly isLast: boolean }
  | { readonly kind: "unread"; readonly id: number; readonly error: SentError };

export type FromThread =
  | { readonly kind: "answer"; readonly id: number; readonly output: unknown; readonly state: JobState }
  | { readonly kind: "failed"; readonly id: number; readonly error: SentError; readonly state: JobState }
  | { readonly kind: "progress"; readonly progress: ExportProgress; readonly state: JobState }
  | { readonly kind: "ask"; readonly id: number; readonly call: FeedCall; readonly input: unknown }
  | { readonly kind: "damaged"; readonly hash: Uint8Array }
  | { readonly kind: "log"; readonly level: LogLevel; readonly fields: object; readonly message: string };

export type LogLevel = "debug" | "info" | "warn" | "error";

/** An error without its class, which cloning loses. */
export interface SentError {
  readonly message: string;
  readonly stack: string | undefined;
  /** Set if it is an `ExportError`. */
  readonly known:
    | Readonly<Record<"what" | "why" | "next", string> & { readonly code: ExportErrorCode }>
    | undefined;
}

export function sendError(thrown: unknown): SentError {
  const { message, stack } = toError(thrown);
  // Of the chain's store.
  if (thrown instanceof ActionableError) {
    const what = "the chain could not be read for the SQL ledger";
    const known = { code: "export/source-incomplete" as const, what, why: message, next: thrown.next };
    return { message, stack, known };
  }
  if (!(thrown instanceof ExportError)) return { message, stack, known: undefined };
  const { code, what, why, next } = thrown;
  return { message, stack, known: { code, what, why, next } };
}

export function receiveError({ message, stack, known }: SentError): Error {
  const error = known ? new ExportError(known.code, known.what, known.why, known.next) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
