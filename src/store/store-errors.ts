/** The store's errors in words: what, why and the next command. */
import { toError } from "../base/invariant.ts";
import { StoreError } from "./chain-store.ts";

export function corruptStore(directory: string, what: string, options?: ErrorOptions): StoreError {
  return new StoreError(
    "store/corrupt",
    `the store in ${directory} is damaged: ${what}`,
    `mv '${directory}' '${directory}.damaged' and start the node again, so that it fetches the chain from its peers; or start it with another --data-dir`,
    options,
  );
}

export function diskFull(directory: string, why: string, options?: ErrorOptions): StoreError {
  return new StoreError(
    "store/disk-full",
    `the store in ${directory} cannot be written, the disk is full: ${why}`,
    `free some space (df -h '${directory}'); a running node goes on by itself`,
    options,
  );
}

export function storeInUse(directory: string, holder: string, options?: ErrorOptions): StoreError {
  return new StoreError(
    "store/in-use",
    `${directory} is in use by ${holder}`,
    "stop that process, or start with another --data-dir",
    options,
  );
}

export function storeMoved(directory: string): StoreError {
  return new StoreError(
    "store/io",
    `the store in ${directory} was deleted, moved or replaced while the node uses it: nothing is written any more`,
    `put back what was there, and the node goes on by itself; or stop the node and start it again, so that it fetches the chain from its peers`,
  );
}

/** What the file system threw, e.g. while a file beside LevelDB's is written. */
export function fileError(directory: string, thrown: unknown): StoreError {
  return storeIo(directory, thrown, toError(thrown).message);
}

/** What `level` threw; anything that is not LevelDB's is returned as it is. */
export function levelError(directory: string, thrown: unknown, doing: string): unknown {
  const { message, code } = innermost(toError(thrown));
  const options = { cause: thrown };
  if (!code?.startsWith("LEVEL_")) return thrown;
  if (code === "LEVEL_LOCKED") return storeInUse(directory, "another process", options);
  if (code === "LEVEL_CORRUPTION" || code === "LEVEL_INVALID_ARGUMENT") {
    return corruptStore(directory, `${doing}: ${message}`, options);
  }
  return storeIo(directory, thrown, `${doing}: ${message}`);
}

function storeIo(directory: string, thrown: unknown, message: string): StoreError {
  const options = { cause: thrown };
  // LevelDB passes on the system's words, Node its codes as well.
  if (/ENOSPC|EDQUOT|No space left|quota exceeded/i.test(message))
    return diskFull(directory, message, options);
  const isTooLarge = /EFBIG|File too large/i.test(message);
  return new StoreError(
    "store/io",
    `the store in ${directory} cannot be reached: ${message}`,
    isTooLarge
      ? "raise the limit for the size of files (ulimit -f unlimited), and start the node again"
      : `check the disk and the permissions of '${directory}'; a running node goes on by itself`,
    options,
  );
}

/** `level` hides why it could not open in the cause of a general error. */
function innermost(error: Error & { code?: string }): Error & { code?: string } {
  return error.cause instanceof Error ? innermost(error.cause) : error;
}
