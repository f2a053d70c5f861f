import type { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { ExportJob, ExportJobOptions } from "../../src/export/export-job.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import type { LedgerSource } from "../../src/export/ledger-source.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { createExportJob } from "./local-export-job.ts";

/** Lasts as long as the test file: a job that is stopped after the test may still write. */
export function temporaryFolder(_context: TestContext): Promise<string> {
  return folderUntilEnd("aurex-export-");
}

export function jobFor(
  file: string,
  source: LedgerSource,
  options: Partial<ExportJobOptions> = {},
): ExportJob {
  return createExportJob({ file, ...options }, { source, clock: systemClock, logger: silentLogger });
}

export async function exportOnce(file: string, source: LedgerSource): Promise<void> {
  const job = jobFor(file, source);
  try {
    await job.catchUp();
  } finally {
    job.close();
  }
}

const comparedTables = [
  "users",
  "blocks",
  "transactions",
  "assets",
  "authority_changes",
  "mining_pool",
  "meta",
];

/** Every row of the tables that follow from the chain, in one order; clocks left out. */
export function chainContents(db: DatabaseSync): Record<string, string[]> {
  return Object.fromEntries(comparedTables.map((table) => [table, rowsOf(db, table)]));
}

/** What a file has seen on its way, which one that was written from scratch has not. */
const observedTables = ["reorgs", "orphaned_blocks", "reorganizations"];

/** Every row of every table and view but those; clocks left out. */
export function everyTable(file: string): Record<string, string[]> {
  const db = openLedgerFile(file, { readOnly: true });
  try {
    const names = db
      .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name")
      .all()
      .map(({ name }) => String(name))
      .filter((name) => !name.startsWith("sqlite_") && !observedTables.includes(name));
    return Object.fromEntries(names.map((name) => [name, rowsOf(db, name)]));
  } finally {
    db.close();
  }
}

function rowsOf(db: DatabaseSync, table: string): string[] {
  const query = db.prepare(`SELECT * FROM ${table}`);
  query.setReadBigInts(true);
  return query
    .all()
    .map(({ updated_at_ms: _, ...row }) => JSON.stringify(row, plainValue))
    .sort();
}

export function fileContents(file: string): Record<string, string[]> {
  const db = openLedgerFile(file, { readOnly: true });
  try {
    return chainContents(db);
  } finally {
    db.close();
  }
}

function plainValue(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}
