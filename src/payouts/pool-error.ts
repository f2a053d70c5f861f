/** What an operator can do about a pool's books that cannot be opened or written. */
import { ActionableError } from "../base/actionable-error.ts";
import { toError } from "../base/invariant.ts";

export type PoolErrorCode =
  | "pool/damaged"
  | "pool/newer-version"
  | "pool/wrong-chain"
  | "pool/wrong-account"
  | "pool/in-use"
  | "pool/io"
  /** More members, or more blocks at once, than the books hold. */
  | "pool/full"
  /** More shares wait for the disk than may. */
  | "pool/busy";

export class PoolError extends ActionableError<PoolErrorCode> {
  override name = "PoolError";
}

export function damagedBooks(directory: string, what: string, options?: ErrorOptions): PoolError {
  return new PoolError(
    "pool/damaged",
    `the pool's books in ${directory} are damaged: ${what}`,
    `put back a copy of '${directory}' from a backup; or, at the price of what the members are owed, mv '${directory}' '${directory}.damaged' and start the pool again`,
    options,
  );
}

export function inUse(directory: string, holder: string, options?: ErrorOptions): PoolError {
  return new PoolError(
    "pool/in-use",
    `the pool's books in ${directory} are open in ${holder}`,
    "stop that pool, or start this one with another --data-dir",
    options,
  );
}

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const sqlite = { error: 1, busy: 5, corrupt: 11, notADatabase: 26 };

/** What SQLite, the file system or `level` (books of older formats) threw; anything else is returned as it is. */
export function bookStoreError(directory: string, thrown: unknown, doing: string): unknown {
  const { message, code, errcode } = innermost(toError(thrown));
  if (thrown instanceof PoolError || code === undefined) return thrown;
  const options = { cause: thrown };
  const primary = (errcode ?? 0) & 0xff;
  if (code === "LEVEL_LOCKED" || primary === sqlite.busy) return inUse(directory, "another process", options);
  const damage: readonly number[] = [sqlite.error, sqlite.corrupt, sqlite.notADatabase];
  if (damage.includes(primary) || code === "LEVEL_CORRUPTION" || code === "LEVEL_INVALID_ARGUMENT") {
    return damagedBooks(directory, `${doing}: ${message}`, options);
  }
  return new PoolError(
    "pool/io",
    `the pool's books in ${directory} cannot be reached: ${doing}: ${message}`,
    `check the disk (df -h '${directory}') and the permissions; the pool goes on by itself once it can write`,
    options,
  );
}

type CodedError = Error & { code?: string; errcode?: number };

/** `level` hides why it could not open in the cause of a general error. */
function innermost(error: CodedError): CodedError {
  return error.cause instanceof Error ? innermost(error.cause) : error;
}
