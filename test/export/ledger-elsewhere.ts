/** A ledger's tables and views in DuckDB, with the types that its SQLite extension gives them; that extension has to be downloaded. */
import { DatabaseSync } from "node:sqlite";
import { DuckDBBlobValue, type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { ledgerViews } from "../../src/export/auditor-views.ts";
import { ledgerTables } from "../../src/export/ledger-tables.ts";
import { type ColumnType, quoted } from "../../src/export/table.ts";

const duckTypes: Readonly<Record<ColumnType, string>> = {
  INTEGER: "BIGINT",
  REAL: "DOUBLE",
  TEXT: "VARCHAR",
  BLOB: "BLOB",
};

export async function ledgerInDuckDb(file: string): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:");
  const duck = await instance.connect();
  using db = new DatabaseSync(file, { readOnly: true });
  for (const table of ledgerTables) {
    const columns = table.columns.map(({ name, type }) => `${quoted(name)} ${duckTypes[type]}`);
    await duck.run(`CREATE TABLE ${quoted(table.name)} (${columns.join(", ")})`);
    const query = db.prepare(`SELECT * FROM ${quoted(table.name)}`);
    query.setReadBigInts(true);
    const appender = await duck.createAppender(table.name);
    for (const row of query.all()) {
      for (const { name, type } of table.columns) {
        const value = row[name];
        if (value === null || value === undefined) appender.appendNull();
        else if (type === "INTEGER") appender.appendBigInt(value as bigint);
        else if (type === "REAL") appender.appendDouble(value as number);
        else if (type === "TEXT") appender.appendVarchar(value as string);
        else appender.appendBlob(value as Uint8Array);
      }
      appender.endRow();
    }
    appender.closeSync();
  }
  for (const view of ledgerViews) await duck.run(`CREATE VIEW ${quoted(view.name)} AS ${view.sql}`);
  return duck;
}

/** Every row of a query as JSON, sorted: whole numbers without their kind, since sums are wider in DuckDB. */
export async function rowsInDuckDb(duck: DuckDBConnection, sql: string): Promise<string[]> {
  const result = await duck.runAndReadAll(sql);
  return result.getRowObjects().map((row) => JSON.stringify(row, plain));
}

export function rowsInSqlite(db: DatabaseSync, sql: string): string[] {
  const query = db.prepare(sql);
  query.setReadBigInts(true);
  return query.all().map((row) => JSON.stringify(row, plain));
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return value instanceof DuckDBBlobValue ? Buffer.from(value.bytes).toString("hex") : value;
}
