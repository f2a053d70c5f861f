/** How the columns of the ledger's tables and views are written down: their SQL, and what the data dictionary says of them. */
import type { Column, ColumnSource } from "./table.ts";

export type ColumnRow = readonly [name: string, sql: string, meaning: string, unit?: string];

export function columns(source: ColumnSource, rows: readonly ColumnRow[]): Column[] {
  return rows.map(([name, sql, meaning, unit = ""]) => ({
    name,
    sql,
    meaning,
    unit,
    source,
    generated: sql.includes("GENERATED ALWAYS"),
  }));
}

/** Decimal text of exact units, with all of its asset's places: 10.50000000. Core functions only, for any reader. */
export function decimalTextSql(prefix: string, decimals: string): string {
  const digits = `COALESCE(CAST(${prefix}_units AS TEXT), ${prefix}_units_large)`;
  const padded = `substr(hex(zeroblob(${decimals})), 1, max(0, ${decimals} + 1 - length(${digits}))) || ${digits}`;
  return (
    `CASE WHEN ${decimals} = 0 THEN ${digits} ELSE ` +
    `substr(${padded}, 1, max(1, length(${digits}) - ${decimals})) || '.' || substr(${padded}, -${decimals}) END`
  );
}

/** The columns of one amount: exact integer, exact text for what an INTEGER cannot hold, and decimal text. */
export function exactUnits(source: ColumnSource, prefix: string, what: string, decimals = "8"): Column[] {
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
    [
      `${prefix}_text`,
      `TEXT GENERATED ALWAYS AS (${decimalTextSql(prefix, decimals)}) VIRTUAL`,
      `${what} as decimal text, exact`,
      "asset",
    ],
  ]);
}

export const chainReference = "TEXT NOT NULL REFERENCES meta (chain_id)";
export const chainIdMeaning = "the chain that the row belongs to: SHA-256 of its genesis spec, hex";
