/** What a table of the ledger file is made of. */

/** Where a column's value comes from. */
export type ColumnSource = "genesis" | "chain" | "observed" | "export";

/** SQLite's names of the four kinds of values. */
export type ColumnType = "INTEGER" | "REAL" | "TEXT" | "BLOB";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Never NULL. */
  readonly required: boolean;
  /** What stands after type and NOT NULL in CREATE TABLE: a key, a reference or a check; often empty. */
  readonly constraint: string;
  readonly meaning: string;
  readonly source: ColumnSource;
  /** E.g. "base units", "ms since 1970"; empty where there is none. */
  readonly unit: string;
}

export interface Table {
  readonly name: string;
  readonly meaning: string;
  readonly columns: readonly Column[];
  /** Keys and checks over several columns. */
  readonly constraints: readonly string[];
  /** CREATE INDEX statements that hold from the start. */
  readonly indexes: readonly string[];
}

export interface View {
  readonly name: string;
  readonly meaning: string;
  readonly sql: string;
  /** Columns beside those of the table that it shows whole, where there is one. */
  readonly added: readonly Column[];
}

/** Names of the columns, in the order of the table. */
export function columnNames(table: Table): readonly string[] {
  return table.columns.map((column) => column.name);
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
