/** The ledger's tables in PostgreSQL: the same names, columns and values as in a file, with keys that a distributed database can spread. */
import { invariant } from "../../base/invariant.ts";
import { ledgerTables, tables } from "../ledger-tables.ts";
import { quoted, type Table } from "../table.ts";

/** The one row that says that a schema holds a ledger, and of which version; locked while the schema or its list of chains changes. */
export const markTable = "aurex_ledger";

/** How the two large tables are laid out: see docs/postgres.md. */
export const layouts = ["plain", "partitioned", "citus", "yugabyte"] as const;
export type Layout = (typeof layouts)[number];

/** All but README, which says which SQLite reads a file. */
export const postgresTables: readonly Table[] = ledgerTables.filter((table) => table !== tables.readme);

const types = { INTEGER: "BIGINT", REAL: "DOUBLE PRECISION", TEXT: "TEXT", BLOB: "BYTEA" } as const;

interface Keys {
  readonly primary: readonly string[];
  readonly unique?: readonly string[];
  readonly index?: Readonly<Record<string, readonly string[]>>;
}

/** Every primary key begins with the chain, so that tables can be spread by it; those of blocks and transactions have the height, too. */
const keys: Readonly<Record<string, Keys>> = {
  meta: { primary: ["chain_id"] },
  users: {
    primary: ["chain_id", "name"],
    unique: ["chain_id", "account"],
    index: { users_registered_in: ["chain_id", "registered_in"] },
  },
  nodes: { primary: ["chain_id", "node_id"] },
  blocks: { primary: ["chain_id", "index"] },
  transactions: { primary: ["chain_id", "block_id", "position"] },
  assets: { primary: ["chain_id", "asset_id"], index: { assets_issued_in: ["chain_id", "issued_in"] } },
  mining_pool: { primary: ["chain_id", "pool", "member"] },
  allocations: { primary: ["chain_id", "account"] },
  authority_changes: { primary: ["chain_id", "block_id", "account"] },
  reorgs: { primary: ["chain_id", "reorg_id"] },
  orphaned_blocks: { primary: ["chain_id", "reorg_id", "index"], index: { orphaned_blocks_hash: ["hash"] } },
  data_dictionary: { primary: ["table_name", "column_name"] },
};

/** Indexes over random hashes and accounts: built after a backfill, since filling them row by row is several times slower. */
export const lateIndexes: Readonly<Record<string, readonly [table: string, columns: readonly string[]]>> = {
  blocks_hash: ["blocks", ["hash"]],
  transactions_id: ["transactions", ["id"]],
  transactions_from: ["transactions", ["from_account", "block_id"]],
  transactions_to: ["transactions", ["to_account", "block_id"]],
};

/** Blocks to a partition, and partitions that the printed statements make at once. */
const partitionBlocks = 1_000_000;
const partitions = 4;
const heights: Readonly<Record<string, string>> = { blocks: "index", transactions: "block_id" };

export function keysOf(table: Table): Keys {
  const found = keys[table.name];
  invariant(found, `${table.name} has keys for PostgreSQL`);
  return found;
}

/** Types are BIGINT, DOUBLE PRECISION, TEXT and BYTEA alone: they hold exactly what a file's columns hold. */
export function columnTypes(table: Table): ReadonlyMap<string, string> {
  return new Map(table.columns.map(({ name, type }) => [name, types[type]]));
}

function list(columns: readonly string[]): string {
  return columns.map(quoted).join(", ");
}

function createTable(table: Table, schema: string, layout: Layout): string {
  const { primary, unique } = keysOf(table);
  const height = heights[table.name];
  const isSpread = height !== undefined;
  const columns = table.columns.map(({ name, type, required }) => {
    const isKey = primary.includes(name);
    return `  ${quoted(name)} ${types[type]}${required || isKey ? " NOT NULL" : ""}`;
  });
  const sorted = isSpread && layout === "yugabyte";
  const key = sorted ? primary.map((name) => `${quoted(name)} ASC`).join(", ") : list(primary);
  const lines = [...columns, `  PRIMARY KEY (${key})`, ...(unique ? [`  UNIQUE (${list(unique)})`] : [])];
  const tail = isSpread && layout === "partitioned" ? ` PARTITION BY RANGE (${quoted(height)})` : "";
  return `CREATE TABLE IF NOT EXISTS ${quoted(schema)}.${quoted(table.name)} (\n${lines.join(",\n")}\n)${tail}`;
}

export function createIndex(schema: string, name: string, table: string, columns: readonly string[]): string {
  return `CREATE INDEX IF NOT EXISTS ${quoted(name)} ON ${quoted(schema)}.${quoted(table)} (${list(columns)})`;
}

function partitionsOf(table: string, schema: string): string[] {
  const whole = `${quoted(schema)}.${quoted(table)}`;
  const ranges = Array.from({ length: partitions }, (_, index) => {
    const [from, to] = [index * partitionBlocks, (index + 1) * partitionBlocks];
    const part = `${quoted(schema)}.${quoted(`${table}_${index}`)}`;
    return `CREATE TABLE IF NOT EXISTS ${part} PARTITION OF ${whole} FOR VALUES FROM (${from}) TO (${to})`;
  });
  const rest = `${quoted(schema)}.${quoted(`${table}_rest`)}`;
  return [...ranges, `CREATE TABLE IF NOT EXISTS ${rest} PARTITION OF ${whole} DEFAULT`];
}

/** What Citus needs beside the tables: the small ones on every machine, the two large ones spread by height and side by side. */
function citusStatements(schema: string): string[] {
  const name = (table: string) => `'${schema}.${quoted(table)}'`;
  const small = [
    ...postgresTables.map((table) => table.name).filter((table) => !(table in heights)),
    markTable,
  ];
  return [
    ...small.map((table) => `SELECT create_reference_table(${name(table)})`),
    `SELECT create_distributed_table(${name("blocks")}, '${heights.blocks}')`,
    `SELECT create_distributed_table(${name("transactions")}, '${heights.transactions}', colocate_with => ${name("blocks")})`,
  ];
}

/** Every statement that makes the tables, in order; each can be run again. Views are not among them: see `createViews`. */
export function tableStatements(schema: string, layout: Layout = "plain"): string[] {
  const made = postgresTables.flatMap((table) => [
    createTable(table, schema, layout),
    ...(layout === "partitioned" && table.name in heights ? partitionsOf(table.name, schema) : []),
    ...Object.entries(keysOf(table).index ?? {}).map(([name, columns]) =>
      createIndex(schema, name, table.name, columns),
    ),
  ]);
  const mark =
    `CREATE TABLE IF NOT EXISTS ${quoted(schema)}.${quoted(markTable)} (\n` +
    "  id BIGINT NOT NULL PRIMARY KEY,\n  application TEXT NOT NULL,\n  version BIGINT NOT NULL\n)";
  const splits =
    layout === "yugabyte"
      ? Object.keys(heights).map(
          (table) =>
            `-- ${table}: add before the semicolon, with your chain's id: ` +
            `SPLIT AT VALUES (('CHAIN_ID', ${partitionBlocks}), ('CHAIN_ID', ${2 * partitionBlocks}))`,
        )
      : [];
  return [...splits, ...made, mark, ...(layout === "citus" ? citusStatements(schema) : [])];
}

/** The same as a script for `psql`, with the schema itself. */
export function tableScript(schema: string, layout: Layout): string {
  const statements = [`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`, ...tableStatements(schema, layout)];
  return statements.map((text) => (text.startsWith("--") ? `${text}\n` : `${text};\n`)).join("");
}
