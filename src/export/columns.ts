/** How the columns of the ledger's tables and views are written down: their SQL, and what the data dictionary says of them. */
import { invariant } from "../base/invariant.ts";
import type { Column, ColumnSource, ColumnType } from "./table.ts";

export type ColumnRow = readonly [name: string, sql: string, meaning: string, unit?: string];

export function columns(source: ColumnSource, rows: readonly ColumnRow[]): Column[] {
  return rows.map(([name, sql, meaning, unit = ""]) => {
    const parts = /^(INTEGER|REAL|TEXT|BLOB)( NOT NULL)?(?: (.+))?$/s.exec(sql);
    invariant(parts, `the type of ${name} is written as in ${sql}`);
    return {
      name,
      type: parts[1] as ColumnType,
      required: parts[2] !== undefined,
      constraint: parts[3] ?? "",
      meaning,
      unit,
      source,
    };
  });
}

/** The columns of one amount: exact integer, exact text for what an INTEGER cannot hold, and decimal text. */
export function exactUnits(source: ColumnSource, prefix: string, what: string): Column[] {
  return columns(source, [
    [
      `${prefix}_units`,
      "INTEGER",
      `${what}, exact; NULL where there is none or where it is over 2^63 - 1 (then see ${prefix}_units_large)`,
      "base units",
    ],
    [
      `${prefix}_units_large`,
      `TEXT CHECK (${prefix}_units IS NULL OR ${prefix}_units_large IS NULL)`,
      `${what}, exact decimal digits, only where it is over 2^63 - 1 and so does not fit ${prefix}_units`,
      "base units",
    ],
    [`${prefix}_text`, "TEXT", `${what} as decimal text with all places of the asset, exact`, "asset"],
  ]);
}

export const chainReference = "TEXT NOT NULL REFERENCES meta (chain_id)";
export const chainIdMeaning = "the chain that the row belongs to: SHA-256 of its genesis spec, hex";
