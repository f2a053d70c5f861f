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
  /** More shares wait for the disk than the books hold. */
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

/** What `level` or the file system threw; anything else is returned as it is. */
export function bookStoreError(directory: string, thrown: unknown, doing: string): unknown {
  const { message, code } = innermost(toError(thrown));
  if (thrown instanceof PoolError || code === undefined) return thrown;
  const options = { cause: thrown };
  if (code === "LEVEL_LOCKED") {
    return new PoolError(
      "pool/in-use",
      `the pool's books in ${directory} are open in another process`,
      "stop that pool, or start this one with another --data-dir",
      options,
    );
  }
  if (code === "LEVEL_CORRUPTION" || code === "LEVEL_INVALID_ARGUMENT") {
    return damagedBooks(directory, `${doing}: ${message}`, options);
  }
  return new PoolError(
    "pool/io",
    `the pool's books in ${directory} cannot be reached: ${doing}: ${message}`,
    `check the disk (df -h '${directory}') and the permissions; the pool goes on by itself once it can write`,
    options,
  );
}

/** `level` hides why it could not open in the cause of a general error. */
function innermost(error: Error & { code?: string }): Error & { code?: string } {
  return error.cause instanceof Error ? innermost(error.cause) : error;
}
