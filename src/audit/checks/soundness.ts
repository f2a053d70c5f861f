/** What SQLite itself says of the file: its pages and indexes, and references from row to row. Part of check 1. */
import { sqliteCodeOf } from "../audit-error.ts";
import type { CheckReport } from "../chain-check.ts";
import type { SqlValue } from "../ledger-block.ts";
import { type LedgerReader, quoted } from "../ledger-reader.ts";
import { shippedObjects } from "../shipped-schema.ts";
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
  checkConstraints(reader, report);
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

/** Tables whose every column is rebuilt from bytes, so that their CHECKs say nothing more. */
const rebuiltTables = ["blocks", "transactions"];

/** SQLite's integrity_check does not look at CHECKs if the file is opened to be read only: so this does, by the shipped ones. */
function checkConstraints(reader: LedgerReader, report: CheckReport): void {
  for (const { type, name, sql } of shippedObjects) {
    if (type !== "table" || rebuiltTables.includes(name)) continue;
    const expressions = checksIn(sql);
    if (expressions.length === 0) continue;
    // A CHECK holds unless it is false: NULL is not false.
    const broken = expressions.map((expression) => `NOT (${expression})`).join(" OR ");
    const query = `SELECT rowid AS place FROM main.${quoted(name)} WHERE ${broken} LIMIT ${problemsMax}`;
    for (const row of rowsOf(reader, query, report)) {
      report.finding({
        ...{ table: name, row: `rowid ${row.place}`, column: null },
        ...{ expected: "a row that the table's CHECKs allow", found: undefined },
        meaning:
          "a value has another type than its column, or one that no ledger has: it was changed by hand",
      });
    }
  }
}

/** What stands in the brackets of each CHECK of a statement. */
function checksIn(sql: string): string[] {
  const found: string[] = [];
  for (const match of sql.matchAll(/\bCHECK \(/g)) {
    const start = match.index + match[0].length;
    let end = start;
    for (let depth = 1; end < sql.length; end += 1) {
      if (sql[end] === "(") depth += 1;
      else if (sql[end] === ")") depth -= 1;
      if (depth === 0) break;
    }
    found.push(sql.slice(start, end));
  }
  return found;
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
