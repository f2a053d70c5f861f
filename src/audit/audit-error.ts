/** Why a file cannot be audited at all: what, why, and what to do about it. */

export type AuditErrorCode =
  | "audit/cannot-open"
  | "audit/not-a-ledger"
  | "audit/damaged"
  | "audit/other-version"
  | "audit/unknown-chain"
  | "audit/busy"
  | "audit/needs-recovery"
  | "audit/given-unreadable"
  | "audit/stopped";

export class AuditError extends Error {
  override name = "AuditError";
  readonly code: AuditErrorCode;
  readonly what: string;
  readonly why: string;
  readonly next: string;

  constructor(code: AuditErrorCode, what: string, why: string, next: string, options?: ErrorOptions) {
    super(`${what}: ${why}`, options);
    this.code = code;
    this.what = what;
    this.why = why;
    this.next = next;
  }
}

/** SQLite's primary result codes of a value over its limit, and of a page that is not what it should be. */
export const [tooBigCode, corruptCode] = [18, 11];

/** SQLite's primary result code of what was thrown; undefined if SQLite did not throw it. */
export function sqliteCodeOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !("errcode" in thrown) || typeof thrown.errcode !== "number")
    return undefined;
  return thrown.errcode & 0xff;
}
