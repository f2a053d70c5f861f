/** Holds a list of rows of a file against the rows that follow from the chain: what is missing, too much, or different. */
import type { CheckReport } from "../chain-check.ts";
import type { Row, SqlValue } from "../ledger-block.ts";
import type { Rebuilt } from "../rebuilt-rows.ts";
import { compareRow } from "../row-comparison.ts";

export interface ComparedRows {
  readonly table: string;
  /** The column by which rows are told from each other. */
  readonly key: string;
  /** What makes the rows, e.g. "block 7". */
  readonly source: string;
  /** The row of a key if it stands elsewhere in the table: then what differs is told, and not that it is missing. */
  readonly elsewhere?: (key: SqlValue | undefined) => Row | undefined;
}

export function compareRows(
  { table, key, source, elsewhere }: ComparedRows,
  expected: readonly Rebuilt[],
  found: readonly Row[],
  report: CheckReport,
): void {
  const wanted = new Map(expected.map((row) => [row[key], row]));
  const there = new Set<SqlValue | undefined>();
  for (const row of found) {
    const value = row[key];
    const match = wanted.get(value as SqlValue);
    if (!match || there.has(value)) {
      extraRow(table, key, row, report);
      continue;
    }
    there.add(value);
    differ(row, match, value);
  }
  for (const [value, match] of wanted) {
    if (there.has(value)) continue;
    const moved = elsewhere?.(value);
    if (moved) differ(moved, match, value);
    else missingRow(table, key, value, source, report);
  }

  function differ(row: Row, match: Rebuilt, value: SqlValue | undefined): void {
    const meaning = (column: string) => `${column} is not what ${source} makes it: the row was changed`;
    compareRow(row, match, { table, row: `${key} ${value}`, meaning }, report);
  }
}

export function extraRow(table: string, key: string, row: Row, report: CheckReport): void {
  report.finding({
    ...{ table, row: `${key} ${String(row[key])}`, column: null, expected: "no such row", found: row[key] },
    meaning:
      "nothing in the chain makes this row: it was added, or changed so that it stands for something else",
  });
}

export function missingRow(
  table: string,
  key: string,
  value: SqlValue | undefined,
  source: string,
  report: CheckReport,
): void {
  report.finding({
    ...{ table, row: `${key} ${String(value)}`, column: null, expected: "a row", found: undefined },
    meaning: `${source} makes a row that is not in the file: it was removed, or changed so that it stands for something else`,
  });
}
