/** How a ledger file is laid out: from the table definitions to SQL, and to the data dictionary inside the file. */
import type { DatabaseSync } from "node:sqlite";
import { ledgerViews } from "./auditor-views.ts";
import { ledgerTables } from "./ledger-tables.ts";
import { type Column, quoted, type Table } from "./table.ts";

/** "AUXL" in ASCII: tells a ledger from any other SQLite file. */
export const ledgerApplicationId = 0x4155_584c;
/** Of the schema; a file with another one is refused. */
export const ledgerSchemaVersion = 5;
/** The first that has all that the schema uses: WITH, in the views. */
export const oldestSqlite = "3.8.3 (February 2014)";

/** What the table README of a file says. */
export const readmeLines: readonly string[] = [
  "This file is a ledger of Aurex: every block and transaction of one blockchain or more, as SQL tables.",
  `SQLite ${oldestSqlite} and all later versions read it. An older one says: malformed database schema.`,
  "What each table and column means: SELECT * FROM data_dictionary",
  "Which chains are in here, up to which block, and what is final: SELECT * FROM meta",
  "Sums belong to the columns *_units, which are exact. An amount over 9223372036854775807 stands in *_units_large.",
  "Whether the file is true, nobody has to believe: aurex-node audit FILE checks every row of it.",
];

/** As in CREATE TABLE. Numbers hold their own kind: SQLite would keep any text in their columns, and sum it up as 0. */
export function columnSql({ name, type, required, constraint }: Column): string {
  const isKey = constraint.includes("PRIMARY KEY");
  const kind = type.toLowerCase();
  const isNumber = type === "INTEGER" || type === "REAL";
  const check = required ? `= '${kind}'` : `IN ('${kind}', 'null')`;
  const parts = [quoted(name), type];
  if (required) parts.push("NOT NULL");
  if (constraint !== "") parts.push(constraint);
  if (isNumber && !isKey) parts.push(`CHECK (typeof(${quoted(name)}) ${check})`);
  return parts.join(" ");
}

export function createTableSql(table: Table): string {
  const lines = [...table.columns.map(columnSql), ...table.constraints].map((line) => `  ${line}`);
  return `CREATE TABLE ${quoted(table.name)} (\n${lines.join(",\n")}\n)`;
}

/** Writes the whole schema into an empty database; the caller holds the transaction. */
export function createSchema(db: DatabaseSync): void {
  for (const table of ledgerTables) {
    db.exec(createTableSql(table));
    for (const index of table.indexes) db.exec(index);
  }
  describeSchema(db);
  db.exec(`PRAGMA application_id = ${ledgerApplicationId}`);
  db.exec(`PRAGMA user_version = ${ledgerSchemaVersion}`);
}

/** Writes what belongs to no chain: the views, the data dictionary and README. The tables are there, these two empty. */
export function describeSchema(db: DatabaseSync): void {
  for (const view of ledgerViews) db.exec(`CREATE VIEW ${view.name} AS ${view.sql}`);
  const insert = db.prepare("INSERT INTO data_dictionary VALUES (?, ?, ?, ?, ?)");
  for (const row of dictionaryRows()) insert.run(...row);
  const insertLine = db.prepare("INSERT INTO README VALUES (?, ?)");
  for (const [index, text] of readmeLines.entries()) insertLine.run(index + 1, text);
}

/** The data dictionary, in the order of its columns. */
export function dictionaryRows(): readonly (readonly [string, string, string, string, string])[] {
  const described = [
    ...ledgerTables.map(({ name, meaning, columns }) => ({ name, meaning, columns })),
    ...ledgerViews.map(({ name, meaning, added }) => ({ name, meaning, columns: added })),
  ];
  return described.flatMap(({ name, meaning, columns }) => [
    [name, "", meaning, "", ""] as const,
    ...columns.map((column) => [name, column.name, column.meaning, column.unit, column.source] as const),
  ]);
}

/** Indexes over random hashes: built after a backfill, since filling them row by row is several times slower. */
export const hashIndexes: Readonly<Record<string, string>> = {
  blocks_hash: "CREATE INDEX IF NOT EXISTS blocks_hash ON blocks (hash)",
  transactions_id: "CREATE INDEX IF NOT EXISTS transactions_id ON transactions (id)",
  transactions_from: "CREATE INDEX IF NOT EXISTS transactions_from ON transactions (from_account, block_id)",
  transactions_to: "CREATE INDEX IF NOT EXISTS transactions_to ON transactions (to_account, block_id)",
};
