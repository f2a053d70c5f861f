/** Rows as CSV (RFC 4180): NULL is an empty field, an empty text is `""`, and no cell is a formula to a spreadsheet. */
import { toHex } from "../../base/bytes.ts";
import type { FileValue } from "./file-row.ts";
import type { FileTable } from "./file-tables.ts";

export interface CsvOptions {
  /**
   * Writes texts as they are. Otherwise a text that a spreadsheet could take for a formula gets an apostrophe in front,
   * and so does a text that begins with one: whoever takes away one leading apostrophe of each text has the text again.
   */
  readonly exactTexts: boolean;
}

/** What begins a formula in Excel, LibreOffice or Google Sheets, also in its full-width form; and the apostrophe itself. */
const formulaStart = /^[=+\-@\t\r\n'\uff1d\uff0b\uff0d\uff20]/;
const needsQuotes = /[",\r\n]|^\s|\s$/;

export function csvHeader(table: FileTable): string {
  return `${table.columns.map(({ name }) => name).join(",")}\r\n`;
}

export function csvLine(row: readonly FileValue[], options: CsvOptions): string {
  return `${row.map((value) => csvField(value, options)).join(",")}\r\n`;
}

function csvField(value: FileValue, { exactTexts }: CsvOptions): string {
  if (value === null) return "";
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "string") return value.length === 0 ? '""' : toHex(value);
  const text = !exactTexts && formulaStart.test(value) ? `'${value}` : value;
  return text === "" || needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
