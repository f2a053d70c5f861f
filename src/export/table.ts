/** What a table of the ledger file is made of. */

/** Where a column's value comes from. */
export type ColumnSource = "genesis" | "chain" | "observed" | "export";

export interface Column {
  readonly name: string;
  /** What stands after the name in CREATE TABLE. */
  readonly sql: string;
  readonly meaning: string;
  readonly source: ColumnSource;
  /** E.g. "base units", "ms since 1970"; empty where there is none. */
  readonly unit: string;
  /** Computed by SQLite from other columns: never written. */
  readonly generated: boolean;
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

/** Names of the columns that are written, in the order of the table. */
export function storedColumns(table: Table): readonly string[] {
  return table.columns.filter((column) => !column.generated).map((column) => column.name);
}

export function quoted(name: string): string {
  return `"${name}"`;
}
