/** Inserts rows by prepared statements, many rows to a statement where there are many. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { invariant } from "../base/invariant.ts";
import type { Row, SqlValue } from "./rows.ts";
import { columnNames, quoted, type Table } from "./table.ts";

/** Measured: more rows to a statement bring nothing more. */
const rowsPerStatement = 16;

export class RowInserter {
  readonly #columns: readonly string[];
  readonly #one: StatementSync;
  readonly #many: StatementSync;

  constructor(db: DatabaseSync, table: Table) {
    this.#columns = columnNames(table);
    const head = `INSERT INTO ${quoted(table.name)} (${this.#columns.map(quoted).join(", ")}) VALUES `;
    const placeholders = `(${this.#columns.map(() => "?").join(", ")})`;
    this.#one = db.prepare(head + placeholders);
    this.#many = db.prepare(head + Array(rowsPerStatement).fill(placeholders).join(", "));
  }

  insert(rows: readonly Row[]): void {
    let index = 0;
    for (; index + rowsPerStatement <= rows.length; index += rowsPerStatement) {
      this.#many.run(...this.#values(rows.slice(index, index + rowsPerStatement)));
    }
    for (; index < rows.length; index += 1) this.#one.run(...this.#values(rows.slice(index, index + 1)));
  }

  #values(rows: readonly Row[]): SqlValue[] {
    const values: SqlValue[] = [];
    for (const row of rows) {
      for (const column of this.#columns) {
        const value = row[column];
        invariant(value !== undefined, `a row without ${column}`);
        values.push(value);
      }
    }
    return values;
  }
}
