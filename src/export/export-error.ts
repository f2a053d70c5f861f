/** What can go wrong with a ledger file: a code, what happened, why, and the operator's next step. */
import { toError } from "../base/invariant.ts";

export type ExportErrorCode =
  | "export/not-a-ledger"
  | "export/newer-version"
  | "export/older-version"
  | "export/genesis-mismatch"
  | "export/conflicts-with-final"
  | "export/source-incomplete"
  | "export/cannot-open"
  | "export/busy"
  | "export/held"
  | "export/excerpt"
  | "export/exists"
  | "export/read-only"
  | "export/disk-full"
  | "export/corrupt"
  | "export/thread-ended"
  | "export/io"
  | "export/bad-url"
  | "export/unreachable"
  | "export/denied";

export class ExportError extends Error {
  override name = "ExportError";
  readonly code: ExportErrorCode;
  readonly what: string;
  readonly why: string;
  /** What to do about it. */
  readonly next: string;

  constructor(code: ExportErrorCode, what: string, why: string, next: string, options?: ErrorOptions) {
    super(`${what}: ${why}`, options);
    this.code = code;
    this.what = what;
    this.why = why;
    this.next = next;
  }
}

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const busy = 5;
const locked = 6;
const readOnly = 8;
const diskFull = 13;
const cannotOpen = 14;

/** SQLite's extended result code of what was thrown; undefined if SQLite did not throw it. */
export function sqliteErrorCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !("errcode" in thrown) || typeof thrown.errcode !== "number")
    return undefined;
  return thrown.errcode;
}

/** Another connection holds the lock that was asked for. */
export function isBusy(thrown: unknown): boolean {
  const code = (sqliteErrorCode(thrown) ?? 0) & 0xff;
  return code === busy || code === locked;
}

const notALedgerNext = "name another file, or move this one aside and let the export write a new one";
const causes: Readonly<Record<number, readonly [ExportErrorCode, string, string]>> = {
  [busy]: [
    "export/busy",
    "another program is writing to it",
    "end that program's transaction, then try again",
  ],
  [locked]: [
    "export/busy",
    "another program is writing to it",
    "end that program's transaction, then try again",
  ],
  [readOnly]: [
    "export/read-only",
    "it may only be read",
    "give this user the right to write the file and its folder, and see that the disk is not mounted read-only",
  ],
  11: [
    "export/corrupt",
    "its contents are damaged",
    "move it aside: the export writes it anew from the chain",
  ],
  [diskFull]: ["export/disk-full", "there is no space left", "free some space: the export then continues"],
  [cannotOpen]: [
    "export/cannot-open",
    "it cannot be opened",
    "check that its folder exists and that this user may write there",
  ],
  26: ["export/not-a-ledger", "it is not an SQLite database", notALedgerNext],
};

/** SQLITE_IOERR_ with UNLOCK, RDLOCK, CHECKRESERVEDLOCK, LOCK, SHMLOCK, SHMMAP: what other file systems lack. */
const lockErrors: ReadonlySet<number> = new Set([2058, 2314, 3594, 3850, 5130, 5386]);
/** SQLITE_IOERR_SHMSIZE: no room for the shared memory of the write-ahead log. */
const noRoomForSharedMemory = 4874;
const noLocks: readonly [ExportErrorCode, string, string] = [
  "export/io",
  "its file system has no file locks or no shared memory, as some network file systems",
  "name a file on a disk of this machine, and copy from there: aurex-node export --copy OUT.sqlite",
];

export function notALedger(path: string, why: string): ExportError {
  return new ExportError("export/not-a-ledger", `${path} is not an Aurex ledger`, why, notALedgerNext);
}

/** SQLite's error as an {@link ExportError}; anything else is returned as it is. */
export function toExportError(thrown: unknown, path: string): Error {
  const code = sqliteErrorCode(thrown);
  const error = toError(thrown);
  if (code === undefined) return ofSystem(error as NodeJS.ErrnoException, path);
  const primary = code === noRoomForSharedMemory ? diskFull : code & 0xff;
  const known = lockErrors.has(code) ? noLocks : causes[primary];
  const [exportCode, why, next] = known ?? ["export/io", error.message, "check the disk that holds it"];
  return new ExportError(exportCode, `the ledger ${path} failed`, why, next, { cause: thrown });
}

const systemCauses: Readonly<Record<string, number>> = {
  ENOSPC: diskFull,
  EDQUOT: diskFull,
  EROFS: readOnly,
  EACCES: readOnly,
  EPERM: readOnly,
  ENOENT: cannotOpen,
  ENOTDIR: cannotOpen,
  EISDIR: cannotOpen,
};

/** What the file system threw at us rather than at SQLite, in the same words; a bug of our own is returned as it is. */
function ofSystem(error: NodeJS.ErrnoException, path: string): Error {
  if (error.code === undefined || error.syscall === undefined) return error;
  const cause = causes[systemCauses[error.code] ?? -1];
  const [code, why, next] = cause ?? ["export/io", error.message, "check the disk that holds it"];
  return new ExportError(code as ExportErrorCode, `the ledger ${path} failed`, why, next, { cause: error });
}
