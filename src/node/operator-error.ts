/** Errors that an operator can do something about: what, why, the next command, and the exit code of the process. */
import { toError } from "../base/invariant.ts";
import { StoreError, type StoreErrorCode } from "../store/chain-store.ts";

/** What the process ends with; documented in README. */
export const exitCodes = {
  ok: 0,
  bug: 1,
  usage: 2,
  dataDirectoryInUse: 3,
  portInUse: 4,
  store: 5,
  genesisMismatch: 6,
  key: 7,
  forcedStop: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export class OperatorError extends Error {
  override name = "OperatorError";
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly why: string;
  /** The next command, or what to do. */
  readonly next: string;

  constructor(
    what: string,
    details: { code: string; exitCode: ExitCode; why: string; next: string; cause?: unknown },
  ) {
    super(what, { cause: details.cause });
    this.code = details.code;
    this.exitCode = details.exitCode;
    this.why = details.why;
    this.next = details.next;
  }
}

const storeExitCodes: Record<StoreErrorCode, ExitCode> = {
  "store/corrupt": exitCodes.store,
  "store/newer-version": exitCodes.store,
  "store/in-use": exitCodes.dataDirectoryInUse,
  "store/wrong-chain": exitCodes.genesisMismatch,
  "store/disk-full": exitCodes.store,
  "store/io": exitCodes.store,
};

/** Faults of other rooms that say what to do next, by the first part of their code. */
const exitCodesByRoom: Record<string, ExitCode> = {
  key: exitCodes.key,
  journal: exitCodes.store,
  export: exitCodes.usage,
  config: exitCodes.usage,
};

/** The operator's view of an error; undefined where it is none of the known ones, hence a bug. */
export function toOperatorError(thrown: unknown): OperatorError | undefined {
  if (thrown instanceof OperatorError) return thrown;
  const error = toError(thrown);
  if (error instanceof StoreError) {
    return new OperatorError(error.message, {
      code: error.code,
      exitCode: storeExitCodes[error.code],
      why: causeOf(error),
      next: error.next,
      cause: error,
    });
  }
  const { code, next, why } = error as { code?: unknown; next?: unknown; why?: unknown };
  if (typeof code === "string" && typeof next === "string") {
    const exitCode = exitCodesByRoom[code.split("/")[0] ?? ""];
    if (exitCode !== undefined) {
      const reason = typeof why === "string" ? why : causeOf(error);
      return new OperatorError(error.message, { code, exitCode, why: reason, next, cause: error });
    }
  }
  return undefined;
}

function causeOf(error: Error): string {
  return error.cause === undefined ? "" : toError(error.cause).message;
}

/** The operator's view of a port that is taken; any other error is passed on as it is. */
export function portInUse(thrown: unknown, where: string, flag: string): unknown {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") continue;
    return new OperatorError(`${where} is in use`, {
      code: "node/port-in-use",
      exitCode: exitCodes.portInUse,
      why: "another program listens there, maybe another node",
      next: `name another port with ${flag}, or 0 for any free one`,
      cause: thrown,
    });
  }
  return thrown;
}
