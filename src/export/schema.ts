/** How a ledger file is laid out: from the table definitions to SQL, and to the data dictionary inside the file. */
import type { DatabaseSync } from "node:sqlite";
import { ledgerTables } from "./ledger-tables.ts";
import { ledgerViews } from "./ledger-views.ts";
import { quoted, type Table } from "./table.ts";

/** "AUXL" in ASCII: tells a ledger from any other SQLite file. */
export const ledgerApplicationId = 0x4155_584c;
/** Of the schema; a file with another one is refused. */
export const ledgerSchemaVersion = 4;

function createTableSql(table: Table): string {
  const columns = table.columns.map((column) => `  ${quoted(column.name)} ${column.sql}`);
  const lines = [...columns, ...table.constraints.map((constraint) => `  ${constraint}`)];
  return `CREATE TABLE ${quoted(table.name)} (\n${lines.join(",\n")}\n) STRICT`;
}

/** Writes the whole schema into an empty database; the caller holds the transaction. */
export function createSchema(db: DatabaseSync): void {
  const describe: [string, string, string, string, string][] = [];
  for (const table of ledgerTables) {
    db.exec(createTableSql(table));
    for (const index of table.indexes) db.exec(index);
    describe.push([table.name, "", table.meaning, "", ""]);
    for (const column of table.columns) {
      describe.push([table.name, column.name, column.meaning, column.unit, column.source]);
    }
  }
  for (const view of ledgerViews) {
    db.exec(`CREATE VIEW ${view.name} AS ${view.sql}`);
    describe.push([view.name, "", view.meaning, "", ""]);
    for (const column of view.added) {
      describe.push([view.name, column.name, column.meaning, column.unit, column.source]);
    }
  }
  const insert = db.prepare("INSERT INTO data_dictionary VALUES (?, ?, ?, ?, ?)");
  for (const row of describe) insert.run(...row);
  db.exec(`PRAGMA application_id = ${ledgerApplicationId}`);
  db.exec(`PRAGMA user_version = ${ledgerSchemaVersion}`);
}

/** Indexes over random hashes: built after a backfill, since filling them row by row is several times slower. */
export const hashIndexes: Readonly<Record<string, string>> = {
  blocks_hash: "CREATE INDEX IF NOT EXISTS blocks_hash ON blocks (hash)",
  transactions_id: "CREATE INDEX IF NOT EXISTS transactions_id ON transactions (id)",
  transactions_from: "CREATE INDEX IF NOT EXISTS transactions_from ON transactions (from_account, block_id)",
  transactions_to: "CREATE INDEX IF NOT EXISTS transactions_to ON transactions (to_account, block_id)",
};
