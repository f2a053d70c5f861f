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
  | "export/read-only"
  | "export/disk-full"
  | "export/corrupt"
  | "export/io";

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

/** SQLite's primary result code of what was thrown; undefined where SQLite did not throw it. */
function sqliteCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !("errcode" in thrown) || typeof thrown.errcode !== "number")
    return undefined;
  return thrown.errcode & 0xff;
}

/** Another connection holds the lock that was asked for. */
export function isBusy(thrown: unknown): boolean {
  const code = sqliteCode(thrown);
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
  8: ["export/read-only", "it may only be read", "give this user the right to write the file and its folder"],
  11: [
    "export/corrupt",
    "its contents are damaged",
    "move it aside: the export writes it anew from the chain",
  ],
  13: ["export/disk-full", "there is no space left", "free some space: the export goes on where it stopped"],
  14: [
    "export/cannot-open",
    "it cannot be opened",
    "check that its folder exists and that this user may write there",
  ],
  26: ["export/not-a-ledger", "it is not an SQLite database", notALedgerNext],
};

export function notALedger(path: string, why: string): ExportError {
  return new ExportError("export/not-a-ledger", `${path} is not an Aurex ledger`, why, notALedgerNext);
}

/** SQLite's error as an {@link ExportError}; anything else is returned as it is. */
export function toExportError(thrown: unknown, path: string): Error {
  const code = sqliteCode(thrown);
  const error = toError(thrown);
  if (code === undefined) return error;
  const [exportCode, why, next] = causes[code] ?? [
    "export/io",
    error.message,
    "check the disk that holds it",
  ];
  return new ExportError(exportCode, `the ledger ${path} failed`, why, next, { cause: thrown });
}
