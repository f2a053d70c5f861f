/** Makes the ledger's tables in a PostgreSQL schema, or checks that those which are there are a ledger's. */

import { ledgerViews } from "../auditor-views.ts";
import { ExportError } from "../export-error.ts";
import { tables } from "../ledger-tables.ts";
import { dictionaryRows, ledgerSchemaVersion } from "../schema.ts";
import { quoted } from "../table.ts";
import type { PostgresConnection } from "./postgres-connection.ts";
import { columnTypes, markTable, postgresTables, tableStatements } from "./postgres-schema.ts";
import type { PostgresPlace } from "./postgres-url.ts";

const application = "aurex-ledger";

/**
 * Every statement can be run again, and the mark is written last: a kill in between leaves what the next start completes.
 * Tables that an operator has made beforehand, partitioned or spread over machines, are used as they are.
 *
 * @throws ExportError if the schema holds something else, or a ledger of another version
 */
export async function layOutSchema(connection: PostgresConnection, place: PostgresPlace): Promise<void> {
  const { schema, text } = place;
  const mark = `${quoted(schema)}.${quoted(markTable)}`;
  const found = await versionOf(connection, schema);
  if (found !== undefined && found !== ledgerSchemaVersion) throw otherVersion(text, found);
  // Before anything is made, so that a schema of something else gets no tables of ours.
  await checkColumns(connection, place, found === undefined ? "those present" : "all");
  if (found !== undefined) return;
  const [present] = await connection.query(
    "SELECT 1 AS present FROM pg_catalog.pg_namespace WHERE nspname = $1",
    [schema],
  );
  // Not "IF NOT EXISTS" alone: it asks for a right on the database that the owner of a schema may not have.
  if (!present) await connection.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`);
  for (const statement of tableStatements(schema)) await connection.query(statement, [], true);
  await checkColumns(connection, place, "all");
  await connection.transaction(async () => {
    await connection.query(`SET LOCAL search_path TO ${quoted(schema)}`);
    for (const view of ledgerViews)
      await connection.query(`CREATE OR REPLACE VIEW ${quoted(view.name)} AS ${view.sql}`);
  });
  await connection.transaction(async () => {
    const dictionary = `${quoted(schema)}.${quoted(tables.dataDictionary.name)}`;
    await connection.query(`DELETE FROM ${dictionary}`);
    const rows = dictionaryRows().filter(([table]) => table !== tables.readme.name);
    const places = rows.map(
      (_, row) => `(${[1, 2, 3, 4, 5].map((column) => `$${row * 5 + column}`).join(", ")})`,
    );
    await connection.query(`INSERT INTO ${dictionary} VALUES ${places.join(", ")}`, rows.flat());
    await connection.query(
      `INSERT INTO ${mark} (id, application, version) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING`,
      [application, ledgerSchemaVersion],
    );
  });
}

/** Undefined if the schema was not laid out, or not to the end. */
async function versionOf(connection: PostgresConnection, schema: string): Promise<number | undefined> {
  const [table] = await connection.query(
    "SELECT 1 AS present FROM information_schema.tables WHERE table_schema = $1 AND table_name = $2",
    [schema, markTable],
  );
  if (!table) return undefined;
  const [row] = await connection.query(
    `SELECT version FROM ${quoted(schema)}.${quoted(markTable)} WHERE id = 1`,
  );
  return row && Number(row.version);
}

function otherVersion(text: string, version: number): ExportError {
  const isOlder = version < ledgerSchemaVersion;
  return new ExportError(
    isOlder ? "export/older-version" : "export/newer-version",
    `the ledger in ${text} was written by ${isOlder ? "an older" : "a newer"} Aurex`,
    `its schema is version ${version}, this program ${isOlder ? "writes" : "knows"} ${ledgerSchemaVersion}`,
    isOlder
      ? "name another schema: the export writes it from the chain"
      : "use the newer program, or name another schema",
  );
}

async function checkColumns(
  connection: PostgresConnection,
  { schema, text }: PostgresPlace,
  which: "all" | "those present",
): Promise<void> {
  const rows = await connection.query(
    "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = $1",
    [schema],
  );
  const present = new Map(
    rows.map((row) => [
      `${String(row.table_name)}.${String(row.column_name)}`,
      String(row.data_type).toUpperCase(),
    ]),
  );
  const names = new Set(rows.map((row) => row.table_name));
  for (const table of postgresTables) {
    if (which === "those present" && !names.has(table.name)) continue;
    for (const [column, type] of columnTypes(table)) {
      const found = present.get(`${table.name}.${column}`);
      if (found === type) continue;
      throw new ExportError(
        "export/not-a-ledger",
        `the schema ${schema} of ${text} is no ledger`,
        `the column ${table.name}.${column} is ${found ?? "missing"}, a ledger's is ${type}`,
        "name another schema: --schema NAME, or ?schema=NAME in the URL",
      );
    }
  }
}
