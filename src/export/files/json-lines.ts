/** Rows as JSON lines: one object for each row, with every column. */
import { toHex } from "../../base/bytes.ts";
import type { FileValue } from "./file-row.ts";
import type { FileColumn, FileTable } from "./file-tables.ts";

/** Integers that pass 2^53, which most readers of JSON would round. They are written as text, whatever their value. */
const wideIntegers: ReadonlySet<string> = new Set(["nonce", "transaction_key"]);

export function isTextInJson({ name, kind }: FileColumn): boolean {
  return kind !== "real" && (kind !== "integer" || wideIntegers.has(name));
}

export function jsonLine({ columns }: FileTable, row: readonly FileValue[]): string {
  const fields = columns.map(
    (column, index) => `${JSON.stringify(column.name)}:${jsonValue(column, row[index] ?? null)}`,
  );
  return `{${fields.join(",")}}\n`;
}

function jsonValue(column: FileColumn, value: FileValue): string {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return isTextInJson(column) || !isSafe(value) ? `"${value}"` : `${value}`;
  // JSON has no word for what is no finite number.
  if (typeof value === "number") return Number.isFinite(value) ? `${value}` : `"${value}"`;
  return `"${toHex(value)}"`;
}

function isSafe(value: bigint): boolean {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
}
