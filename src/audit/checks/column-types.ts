/** Whether values have the types of their columns, where no other check rebuilds them: clocks, books of pools, what was observed. Part of check 1. */
import type { CheckReport } from "../chain-check.ts";
import type { LedgerReader } from "../ledger-reader.ts";
import { shippedObjects } from "../shipped-schema.ts";

/** Every value of the other tables is held against what it should be, its type too. */
const observedTables: ReadonlySet<string> = new Set([
  "meta",
  "nodes",
  "mining_pool",
  "reorgs",
  "orphaned_blocks",
]);

const problemsMax = 100;

/**
 * SQLite's `integrity_check` runs no CHECK on a connection that only reads: it leaves them out when it reads the schema.
 * A text in a column of numbers would make programs that sum it go wrong.
 *
 * Only for a file with the shipped schema.
 */
export function checkColumnTypes(reader: LedgerReader, report: CheckReport): void {
  for (const { type, name: table, sql } of shippedObjects) {
    if (type !== "table" || !observedTables.has(table)) continue;
    const columns = [...sql.matchAll(/^ {2}"(\w+)" (INTEGER|REAL|TEXT|BLOB)\b/gm)].map(
      ([, name = "", declared = ""]) => ({ name, type: declared.toLowerCase() }),
    );
    const found = columns.map(({ name }) => `typeof("${name}") AS "${name}"`).join(", ");
    const isWrong = columns.map((column) => `typeof("${column.name}") NOT IN ('${column.type}', 'null')`);
    const query = `SELECT rowid AS row, ${found} FROM main."${table}" WHERE ${isWrong.join(" OR ")} LIMIT ?`;
    for (const row of reader.query(query, [problemsMax])) {
      for (const column of columns) {
        const actual = row[column.name];
        if (actual === column.type || actual === "null") continue;
        report.finding({
          ...{ table, row: `rowid ${row.row}`, column: column.name, expected: column.type, found: actual },
          meaning: "the value has another type than its column: the row was changed by hand",
        });
      }
    }
  }
}
