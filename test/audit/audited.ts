/** Ledgers for the audit's tests: each is written once, and changed only in copies. */
import { copyFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AuditResult } from "../../src/audit/audit-result.ts";
import type { CheckName } from "../../src/audit/finding.ts";

let copies = 0;

/** A copy of a ledger that somebody has changed with SQL, or by hand. */
export function changedCopy(file: string, change: string | ((db: DatabaseSync) => void)): string {
  copies += 1;
  const copy = path.join(path.dirname(file), `changed-${copies}.sqlite`);
  copyFileSync(file, copy);
  const db = new DatabaseSync(copy, { enableForeignKeyConstraints: false });
  db.enableDefensive(false);
  db.exec("PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON");
  if (typeof change === "string") db.exec(change);
  else change(db);
  db.close();
  return copy;
}

/** The checks that found something, with how much, over the file and all its chains. */
export function failing({ schema, others, chains }: AuditResult): Partial<Record<CheckName, number>> {
  const all = [schema, ...others, ...chains.flatMap(({ checks }) => checks)];
  const sums: Partial<Record<CheckName, number>> = {};
  for (const { name, findings } of all) if (findings > 0) sums[name] = (sums[name] ?? 0) + findings;
  return sums;
}

/** Everything that was found, as one line each. */
export function foundBy(result: AuditResult): string[] {
  return [...result.findings, ...result.chains.flatMap(({ findings }) => findings)].map(
    ({ check, table, row, column, expected, found }) =>
      `${check}: ${table}, ${row}, ${column}: ${expected} <> ${found}`,
  );
}
