/** Check 1: tables, indexes, views, the data dictionary and the README are the shipped ones, nothing more and nothing less. */
import type { CheckReport } from "../chain-check.ts";
import type { Row, SqlValue } from "../ledger-block.ts";
import type { LedgerReader } from "../ledger-reader.ts";
import {
  shippedApplicationId,
  shippedDictionary,
  shippedObjects,
  shippedReadme,
  shippedVersion,
} from "../shipped-schema.ts";

const objectsMax = 10_000;

/** @returns whether every table and index is the shipped one, so that SQLite may be let to run what they say */
export function checkSchema(reader: LedgerReader, report: CheckReport): boolean {
  checkHeader(reader, report);
  const isShipped = checkObjects(reader, report);
  checkLines(
    {
      ...{ table: "data_dictionary", columns: ["table_name", "column_name", "meaning", "unit", "source"] },
      ...{ lines: shippedDictionary, keys: 2 },
      meaning:
        "the data dictionary describes the ledger otherwise than this program does: a reader would be misled",
    },
    reader,
    report,
  );
  if (shippedReadme.length > 0) {
    const meaning =
      "the README in the file says something else than the shipped one: a reader would be misled";
    const about = { table: "README", columns: ["line", "text"], lines: shippedReadme, keys: 1, meaning };
    checkLines(about, reader, report);
  }
  return isShipped;
}

function checkHeader(reader: LedgerReader, report: CheckReport): void {
  const expected: readonly (readonly [pragma: string, value: SqlValue, meaning: string])[] = [
    [
      "application_id",
      BigInt(shippedApplicationId),
      "other programs would not take the file for a ledger of Aurex",
    ],
    ["user_version", BigInt(shippedVersion), "the file claims another version of the schema"],
    ["encoding", "UTF-8", "texts are stored in another encoding than a ledger's"],
  ];
  for (const [pragma, value, meaning] of expected) {
    const row: Row = reader.query(`PRAGMA main.${pragma}`).next().value ?? {};
    const found = Object.values(row)[0];
    report.looked(1);
    if (found === value) continue;
    report.finding({ table: "", row: "the file's header", column: pragma, expected: value, found, meaning });
  }
}

function checkObjects(reader: LedgerReader, report: CheckReport): boolean {
  const missing = new Map(shippedObjects.map((object) => [object.name, object]));
  let isShipped = true;
  const sql =
    "SELECT type, name, tbl_name, rootpage, CAST(sql AS TEXT) AS sql FROM main.sqlite_schema LIMIT ?";
  for (const row of reader.query(sql, [objectsMax])) {
    report.looked(1);
    const name = String(row.name);
    const shipped = missing.get(name);
    if (!shipped) {
      if (row.type !== "view") isShipped = false;
      report.finding({
        ...{
          table: name,
          row: `${row.type} ${name}`,
          column: null,
          expected: "nothing",
          found: row.sql ?? name,
        },
        meaning: addedMeaning(row),
      });
      continue;
    }
    missing.delete(name);
    if (row.type === shipped.type && (row.sql ?? "") === shipped.sql) continue;
    if (shipped.type !== "view" || row.type !== "view") isShipped = false;
    report.finding({
      ...{ table: name, row: `${shipped.type} ${name}`, column: null },
      ...differenceOf(shipped.sql, String(row.sql ?? "")),
      meaning: changedMeaning(shipped.type),
    });
  }
  for (const { type, name, sql } of missing.values()) {
    if (type === "table") isShipped = false;
    report.finding({
      ...{
        table: name,
        row: `${type} ${name}`,
        column: null,
        expected: sql === "" ? name : sql,
        found: undefined,
      },
      meaning: missingMeaning(type),
    });
  }
  return isShipped;
}

/** From where on two texts differ, so that the difference is in what a finding shows. */
function differenceOf(expected: string, found: string): { expected: string; found: string } {
  let start = 0;
  while (start < expected.length && expected[start] === found[start]) start += 1;
  const from = start <= contextCharacters ? 0 : start - contextCharacters;
  const shown = (text: string) => (from === 0 ? text : `…${text.slice(from)}`);
  return { expected: shown(expected), found: shown(found) };
}

const contextCharacters = 40;

function addedMeaning({ type }: Row): string {
  if (type === "trigger") return "a trigger changes rows when a program writes: the shipped schema has none";
  if (type === "view") return "this view does not come with aurex: ask the person who added it what it shows";
  return `the ${type === "index" ? "index" : "table"} is none of the shipped ones: it was added by hand`;
}

function changedMeaning(type: string): string {
  if (type === "view") return "the view was redefined: it shows what somebody else wants it to show";
  if (type === "index")
    return "the index was made anew otherwise: it may let in rows that the shipped one forbids";
  return "the table was made anew otherwise: types, keys or checks that protect its rows may be gone";
}

function missingMeaning(type: string): string {
  if (type === "view") return "the view is missing: questions that it answers cannot be asked as documented";
  if (type === "index") {
    return "the index is missing: it was dropped, or the file was not written to its end (aurex-node export --out makes it)";
  }
  return "the table is missing: what it should hold cannot be judged";
}

interface ShippedLines {
  readonly table: string;
  readonly columns: readonly string[];
  /** Values behind tabs. */
  readonly lines: readonly string[];
  /** How many of the columns name the row. */
  readonly keys: number;
  readonly meaning: string;
}

/** A table whose every row is known. */
function checkLines(
  { table, columns, lines, keys, meaning }: ShippedLines,
  reader: LedgerReader,
  report: CheckReport,
): void {
  if (!reader.has(table, columns)) return;
  const nameOf = (line: string) => line.split("\t").slice(0, keys).join(" ").trim();
  const expected = new Map(lines.map((line) => [nameOf(line), line]));
  const column = columns.at(-1) ?? null;
  for (const row of reader.rows(table, { columns, limit: objectsMax })) {
    report.looked(1);
    const found = columns.map((name) => String(row[name])).join("\t");
    const name = nameOf(found);
    const wanted = expected.get(name);
    expected.delete(name);
    if (wanted === found) continue;
    report.finding({
      table,
      row: name,
      column: keys === 2 ? "meaning" : column,
      expected: wanted,
      found,
      meaning,
    });
  }
  for (const [name, wanted] of expected) {
    report.finding({ table, row: name, column: null, expected: wanted, found: undefined, meaning });
  }
}
