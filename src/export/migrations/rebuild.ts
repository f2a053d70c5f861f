/** Puts a table of a new definition in the place of an old one. */
import type { DatabaseSync } from "node:sqlite";
import { createTableSql } from "../schema.ts";
import { quoted, type Table } from "../table.ts";

/** Of a long table: rows between two signs of life. */
export const rowsPerStep = 20_000;

export function createTable(db: DatabaseSync, table: Table): void {
  db.exec(createTableSql(table));
  for (const index of table.indexes) db.exec(index);
}

/**
 * The way that SQLite recommends (sqlite.org/lang_altertable.html, section 7): another table, filled, then renamed; with
 * foreign keys off, which the caller sees to.
 */
export function replaceTable(db: DatabaseSync, table: Table, fill: (fresh: string) => void): void {
  const fresh = `new_${table.name}`;
  db.exec(createTableSql({ ...table, name: fresh }));
  fill(fresh);
  db.exec(`DROP TABLE ${quoted(table.name)}`);
  db.exec(`ALTER TABLE ${quoted(fresh)} RENAME TO ${quoted(table.name)}`);
  for (const index of table.indexes) db.exec(index);
}
