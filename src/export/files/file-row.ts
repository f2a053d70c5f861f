/** A row of a ledger on its way into a file: each value of the kind that its column says, or an error that names it. */
import { ExportError } from "../export-error.ts";
import type { Row, SqlValue } from "../rows.ts";
import type { FileColumn, FileTable } from "./file-tables.ts";

/** Exact: `integer` and `units` are bigints, `real` is a number. */
export type FileValue = null | bigint | number | string | Uint8Array;

/** The values of a row in the order of the table's columns. */
export function fileRow(table: FileTable, row: Row): FileValue[] {
  return table.columns.map((column) => fileValue(table, column, row));
}

function fileValue(table: FileTable, column: FileColumn, row: Row): FileValue {
  const { name, kind } = column;
  const value = row[name] ?? null;
  if (kind === "units") return units(table, name, value, row[`${name}_large`] ?? null);
  if (value === null) {
    if (column.required) throw unfit(table, name, value);
    return null;
  }
  const isRight = kind === "blob" ? value instanceof Uint8Array : typeof value === typesOfKinds[kind];
  if (!isRight) throw unfit(table, name, value);
  return value;
}

const typesOfKinds = { integer: "bigint", real: "number", text: "string" } as const;

/** One amount of the two columns that SQLite needs for it. */
function units(table: FileTable, name: string, value: SqlValue, large: SqlValue): bigint | null {
  if (typeof value === "bigint") return value;
  if (value === null && large === null) return null;
  const isDigits = typeof large === "string" && /^-?\d+$/.test(large) && large.length <= table.unitsDigits;
  if (value !== null || !isDigits) throw unfit(table, name, value ?? large);
  return BigInt(large);
}

function unfit(table: FileTable, name: string, value: SqlValue): ExportError {
  const found =
    value === null
      ? "NULL"
      : value instanceof Uint8Array
        ? "a BLOB"
        : `the ${typeof value} ${String(value).slice(0, 60)}`;
  return new ExportError(
    "export/corrupt",
    `a row of ${table.name} cannot be written`,
    `its column ${name} holds ${found}`,
    "the ledger was changed by hand or is damaged; see where: aurex-node audit FILE",
  );
}
