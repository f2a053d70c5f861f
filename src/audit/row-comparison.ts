/** Holds a row of a ledger file against the row that it must be, column by column and type by type. */
import { bytesEqual } from "../base/bytes.ts";
import type { CheckReport } from "./chain-check.ts";
import type { CheckName } from "./finding.ts";
import type { Row, SqlValue } from "./ledger-block.ts";
import type { Rebuilt } from "./rebuilt-rows.ts";

export interface ComparedRow {
  readonly check?: CheckName;
  readonly table: string;
  /** Which row, in words, for a finding. */
  readonly row: string;
  /** What a difference means, as one sentence about `column`. */
  readonly meaning: (column: string) => string;
  /**
   * The bytes of a text as they stand in the file: a byte that is no UTF-8 and the character that stands for such a
   * byte read the same.
   */
  readonly bytesOf?: (column: string) => Uint8Array | undefined;
}

/** Of a text that may hide a byte that is no UTF-8. */
const replacement = "\ufffd";

/** Reports every column of `expected` in which the row differs; columns that it does not name are not looked at. */
export function compareRow(found: Row, expected: Rebuilt, about: ComparedRow, report: CheckReport): void {
  for (const column in expected) {
    const [wanted, value] = [expected[column] as SqlValue, found[column]];
    if (isSame(wanted, value) && !hides(wanted, column, about)) continue;
    report.finding({
      ...(about.check === undefined ? {} : { check: about.check }),
      ...{ table: about.table, row: about.row, column, expected: wanted, found: value },
      meaning: about.meaning(column),
    });
  }
}

export function isSame(a: SqlValue, b: SqlValue | undefined): boolean {
  if (a === b) return true;
  return a instanceof Uint8Array && b instanceof Uint8Array && bytesEqual(a, b);
}

function hides(wanted: SqlValue, column: string, { bytesOf }: ComparedRow): boolean {
  if (typeof wanted !== "string" || !wanted.includes(replacement)) return false;
  const bytes = bytesOf?.(column);
  return bytes !== undefined && !bytesEqual(bytes, new TextEncoder().encode(wanted));
}
