/** What SQLite itself says of the file: its pages and indexes, and references from row to row. Part of check 1. */
import { sqliteCodeOf } from "../audit-error.ts";
import type { CheckReport } from "../chain-check.ts";
import type { SqlValue } from "../ledger-block.ts";
import type { LedgerReader } from "../ledger-reader.ts";
import { checkColumnTypes } from "./column-types.ts";

const problemsMax = 100;

/** Only for a file with the shipped schema: SQLite runs the CHECKs that the file has. */
export function checkSoundness(reader: LedgerReader, report: CheckReport): void {
  for (const row of rowsOf(reader, `PRAGMA main.integrity_check(${problemsMax})`, report)) {
    const found = Object.values(row)[0];
    if (found === "ok") continue;
    report.finding({
      ...{ table: "", row: "", column: null, expected: "integrity_check says ok", found },
      meaning:
        "SQLite finds the file damaged, or a row without a value that it must have: it was changed by hand",
    });
  }
  checkColumnTypes(reader, report);
  let found = 0;
  for (const row of rowsOf(reader, "PRAGMA main.foreign_key_check", report)) {
    if (found === problemsMax) break;
    found += 1;
    report.finding({
      ...{ table: String(row.table), row: `rowid ${row.rowid}`, column: null },
      ...{ expected: `a row of ${row.parent} that it refers to`, found: undefined },
      meaning: "the row refers to a row that is not in the file: one of the two was added or taken away",
    });
  }
}

function* rowsOf(
  reader: LedgerReader,
  sql: string,
  report: CheckReport,
): Generator<Readonly<Record<string, SqlValue | undefined>>> {
  try {
    yield* reader.query(sql);
  } catch (thrown) {
    if (sqliteCodeOf(thrown) === undefined) throw thrown;
    report.finding({
      ...{ table: "", row: "", column: null, expected: `${sql} runs to its end` },
      found: (thrown as Error).message,
      meaning: "SQLite cannot read the whole file: it is damaged",
    });
  }
}
