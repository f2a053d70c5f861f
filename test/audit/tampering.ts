/** What a tampering is, and how it is done to a copy of a ledger: with the `sqlite3` shell, as anybody who holds the file could. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import type { CheckName } from "../../src/audit/check-name.ts";

export type LedgerName = "poa" | "pow" | "mixed";

export interface Tampering {
  readonly name: string;
  readonly ledger: LedgerName;
  /** For the `sqlite3` shell; several are sessions one after the other: a schema that was rewritten is read anew. */
  readonly sql: string | readonly string[];
  /** The check that must see it; of several, one of them. */
  readonly caughtBy: CheckName | readonly CheckName[];
  /** The file is so broken that it cannot be audited: the error's code, in place of a finding. */
  readonly refusedAs?: string;
  /** Where a finding of that check must point, if that is one place. */
  readonly table?: string;
  readonly column?: string;
}

/** The shell refuses nothing that its user may want: constraints are for those who forget, not for those who cheat. */
const preamble = [
  ".bail on",
  "PRAGMA foreign_keys = OFF;",
  "PRAGMA ignore_check_constraints = ON;",
  "PRAGMA writable_schema = ON;",
].join("\n");

/** Copies a ledger and tampers with the copy; fails if that left the file as it was. */
export function tamperedCopy(ledger: string, copy: string, { name, sql }: Tampering): void {
  copyFileSync(ledger, copy);
  for (const session of typeof sql === "string" ? [sql] : sql) {
    execFileSync("sqlite3", [copy], { input: `${preamble}\n${session}\n`, stdio: ["pipe", "pipe", "pipe"] });
  }
  assert.ok(!readFileSync(ledger).equals(readFileSync(copy)), `"${name}" has changed nothing`);
}
