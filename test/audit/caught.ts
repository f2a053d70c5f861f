/** Whether the audit of a file sees what was done to it, by the check that should and at the place where it was done. */
import { AuditError } from "../../src/audit/audit-error.ts";
import { auditLedger } from "../../src/audit/audit-ledger.ts";
import type { AuditResult } from "../../src/audit/audit-result.ts";
import type { CheckName, Finding } from "../../src/audit/finding.ts";

export interface Expected {
  /** Of several checks, one of them. */
  readonly caughtBy: CheckName | readonly CheckName[];
  readonly table?: string;
  readonly column?: string;
  readonly refusedAs?: string;
}

export function findingsOf({ findings, chains }: AuditResult): Finding[] {
  return [...findings, ...chains.flatMap((chain) => chain.findings)];
}

/** What is wrong with the audit of a tampered file; undefined if it found what it should. */
export async function missedIn(file: string, expected: Expected): Promise<string | undefined> {
  const result = await auditedOrRefused(file);
  if (result instanceof AuditError) {
    return result.code === expected.refusedAs ? undefined : `is refused: ${result.message}`;
  }
  const findings = findingsOf(result);
  if (result.holds || result.verdict !== "failed") return `passes as ${result.verdict}`;
  const checks = [expected.caughtBy].flat();
  const isThere = findings.some(
    ({ check, table, column }) =>
      checks.includes(check) &&
      (expected.table === undefined || table === expected.table) &&
      (expected.column === undefined || column === expected.column),
  );
  if (isThere) return undefined;
  const place = [expected.table, expected.column].filter((part) => part !== undefined).join(".");
  const told = findings
    .slice(0, 6)
    .map(({ check, table, column, row }) => `${check} ${table}.${column ?? ""} (${row})`);
  return `is not seen by ${checks.join(" or ")}${place ? ` at ${place}` : ""}, but by: ${told.join("; ")}`;
}

async function auditedOrRefused(file: string): Promise<AuditResult | AuditError> {
  try {
    return await auditLedger({ file, jobs: 1 });
  } catch (thrown) {
    if (thrown instanceof AuditError) return thrown;
    throw thrown;
  }
}
