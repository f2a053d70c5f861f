/** Tamperings with one value, made from a ledger's own data dictionary: each column that follows from the chain, each in several ways. */
import { DatabaseSync } from "node:sqlite";
import type { CheckName } from "../../src/audit/check-name.ts";
import type { LedgerName, Tampering } from "./tampering.ts";

interface ColumnWay {
  readonly name: string;
  /** SQL of the new value; `{}` stands for the column. */
  readonly value: string;
  /** Which values it changes. */
  readonly of: string;
}

/** The last byte of a value with its lowest bit turned, whatever bytes they are. */
const otherLastHexDigit = `substr('1032547698badcfe', instr('0123456789abcdef', lower(substr({}, -1))), 1)`;

const ways: readonly ColumnWay[] = [
  { name: "more", value: "{} + {step}", of: "typeof({}) = 'integer' AND abs({}) < 9223372036854775807" },
  { name: "less", value: "{} - {step}", of: "typeof({}) = 'integer' AND {} > -9223372036854775807" },
  { name: "the next real number", value: "{} * 1.0000000000000002", of: "typeof({}) = 'real'" },
  { name: "without end", value: "9e999", of: "typeof({}) = 'real'" },
  { name: "a fraction more", value: "{} * (1 + 1e-14) + 1e-300", of: "typeof({}) = 'real'" },
  {
    name: "another last character",
    value: `substr({}, 1, length({}) - 1) || CASE WHEN lower({}) GLOB '*[0-9a-f]' THEN ${otherLastHexDigit} ELSE 'x' END`,
    of: "typeof({}) = 'text' AND {} <> '' AND {} NOT GLOB '*x'",
  },
  { name: "text after it", value: "{} || 'x'", of: "typeof({}) = 'text'" },
  { name: "a NUL byte after it", value: "{} || char(0)", of: "typeof({}) = 'text'" },
  {
    name: "another last byte",
    value: `CAST(substr({}, 1, length({}) - 1) || CASE substr({}, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB)`,
    of: "typeof({}) = 'blob' AND length({}) > 0",
  },
  { name: "a byte after it", value: "CAST({} || x'00' AS BLOB)", of: "typeof({}) = 'blob'" },
  { name: "emptied", value: "''", of: "typeof({}) = 'text' AND {} <> ''" },
  { name: "its bytes as a BLOB", value: "CAST({} AS BLOB)", of: "typeof({}) IN ('text', 'integer')" },
  {
    name: "a real beside the integer",
    value: "{} + 0.25",
    of: "typeof({}) = 'integer' AND abs({}) < 1000000000000",
  },
  { name: "text in its place", value: "'ten'", of: "typeof({}) IN ('integer', 'real')" },
  { name: "negative", value: "-{}", of: "typeof({}) IN ('integer', 'real') AND {} > 0" },
  { name: "NULL", value: "NULL", of: "{} IS NOT NULL" },
  { name: "a value where there is none", value: "'1'", of: "{} IS NULL" },
];

/** Which check answers for a column, where it is not the one of its table. */
const checkOfTable: Readonly<Record<string, readonly CheckName[]>> = {
  blocks: ["headers"],
  transactions: ["transactions"],
  users: ["tables"],
  assets: ["tables"],
  mining_pool: ["tables"],
  allocations: ["tables"],
  authority_changes: ["tables", "authority"],
  meta: ["chain"],
  nodes: ["observed"],
  reorgs: ["orphans"],
  orphaned_blocks: ["orphans"],
};

const checkOfColumn: Readonly<Record<string, readonly CheckName[]>> = {
  "blocks.index": ["chain"],
  // A row without a chain of its own is nobody's: its chain has a gap.
  "blocks.chain_id": ["chain", "schema"],
  "transactions.chain_id": ["blocks", "schema", "chain", "transactions"],
  "blocks.transaction_count": ["headers", "blocks"],
  "blocks.consensus_bytes": ["headers", "blocks"],
  "blocks.seal_signature": ["headers", "authority", "work"],
  "blocks.cumulative_weight": ["headers", "work", "authority"],
  "blocks.miner": ["headers", "tables"],
  "blocks.data": ["headers", "tables"],
  "transactions.from_user": ["transactions", "tables"],
  "transactions.to_user": ["transactions", "tables"],
  "transactions.block_id": ["blocks", "transactions"],
  "transactions.position": ["blocks", "transactions"],
  "transactions.transaction_key": ["blocks", "transactions"],
  "meta.final_certificate": ["authority", "chain"],
};

/** Rows that come from observers' own clocks and books: nothing can be held against them. */
const unverifiable = new Set([
  "nodes.first_seen_ms",
  "nodes.last_seen_ms",
  "reorgs.reorg_id",
  "reorgs.seen_at_ms",
  "orphaned_blocks.reorg_id",
]);

/** A row that another file's shape is keyed by; what it is must not be guessed at here. */
const skipped = new Set(["meta.chain_id"]);

const observedTables = new Set(["nodes", "reorgs", "orphaned_blocks"]);

/** Columns that say which row it is. */
const placeColumns = new Set(["index", "transaction_key"]);

/** An index and a hash that name two blocks: which of them is false nobody can say. */
const pairedColumns = new Set(
  ["fork", "old", "new"].flatMap((end) => [`reorgs.${end}_index`, `reorgs.${end}_hash`]),
);

/** Columns whose change makes its row another row, so that the finding is about that row. */
const keyColumns = new Set([
  "chain_id",
  "transaction_key",
  "index",
  "block_id",
  "position",
  "bytes",
  "registered_in",
  "issued_in",
]);

/**
 * Every way in which one value can differ, for each column of a ledger that follows from its chain or from a signed record, on a
 * row of its middle. Ways that the file's own constraints refuse are left out.
 */
export function columnTamperings(file: string, ledger: LedgerName): Tampering[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const columns = db
      .prepare(
        "SELECT table_name, column_name, source FROM data_dictionary WHERE column_name <> '' AND " +
          "table_name IN (SELECT name FROM sqlite_schema WHERE type = 'table') ORDER BY 1, 2",
      )
      .all()
      .map((row) => ({
        table: String(row.table_name),
        column: String(row.column_name),
        source: String(row.source),
      }))
      .filter(({ table, source }) => source === "chain" || source === "genesis" || observedTables.has(table))
      .filter(
        ({ table, column }) => !unverifiable.has(`${table}.${column}`) && !skipped.has(`${table}.${column}`),
      );
    return columns.flatMap(({ table, column }) => tamperingsOf(db, ledger, table, column));
  } finally {
    db.close();
  }
}

function tamperingsOf(db: DatabaseSync, ledger: LedgerName, table: string, column: string): Tampering[] {
  const notNull = db
    .prepare(`SELECT "notnull", pk, type FROM pragma_table_info(?) WHERE name = ?`)
    .get(table, column);
  const isKey = Number(notNull?.pk) > 0;
  const isRowId = isKey && notNull?.type === "INTEGER";
  return ways.flatMap(({ name, value, of }) => {
    if (name === "NULL" && (Number(notNull?.notnull) === 1 || isRowId)) return [];
    if (isRowId && ["its bytes as a BLOB", "a real beside the integer", "text in its place"].includes(name))
      return [];
    const quoted = `"${column}"`;
    const where = of.replaceAll("{}", quoted) + chainRowsOnly(table);
    // The next key may be another row's.
    const changed = value.replaceAll("{}", quoted).replace("{step}", placeColumns.has(column) ? "4000" : "1");
    // NULL has no type to be wrong by; a text that already is what it would become changes nothing.
    const isNew = `(${changed}) IS NOT ${quoted}`;
    const ids = db
      .prepare(`SELECT rowid AS id FROM ${table} WHERE ${where} AND ${isNew} ORDER BY rowid`)
      .all();
    const row = ids[Math.floor(ids.length / 2)]?.id;
    if (row === undefined) return [];
    // A row with another key is another row: one is missing, and one is too many.
    const isOfKey = keyColumns.has(column);
    // Bytes say what many columns say: the finding may be at any of them.
    const isOnePlace = !isKey && !column.endsWith("bytes") && !pairedColumns.has(`${table}.${column}`);
    const place = isOnePlace ? { table, column } : { table };
    return [
      {
        name: `${table}.${column}: ${name}`,
        ledger,
        sql: `UPDATE ${table} SET ${quoted} = ${changed} WHERE rowid = ${row};`,
        caughtBy: checkOfColumn[`${table}.${column}`] ?? checkOfTable[table] ?? [],
        ...(isOfKey ? {} : place),
      },
    ];
  });
}

/** A pool's books are its own word. */
function chainRowsOnly(table: string): string {
  return table === "mining_pool" ? " AND pool = 'solo'" : "";
}
