/** The rows of a ledger in PostgreSQL that follow from no chain: what nodes said of themselves, and the books of pools. */
import type { NodeRecord } from "../../protocol/node-record.ts";
import { tables } from "../ledger-tables.ts";
import { type PoolRow, poolRowOf } from "../pool-rows.ts";
import { nodeRow, type Row } from "../rows.ts";
import { columnNames, quoted, type Table } from "../table.ts";
import type { PostgresConnection } from "./postgres-connection.ts";

/** PostgreSQL takes at most 65,535 parameters in a statement. */
const rowsPerStatement = 500;

/** A record older than the one there changes nothing but when it was seen; the caller holds the transaction. */
export async function recordNodes(
  connection: PostgresConnection,
  schema: string,
  records: readonly NodeRecord[],
  seenAtMs: number,
): Promise<void> {
  // One statement may touch a row once: the newest record of each node.
  const byNode = new Map<string, Row>();
  for (const record of records) {
    const row = nodeRow(record, seenAtMs);
    const key = `${String(row.chain_id)} ${String(row.node_id)}`;
    const known = byNode.get(key);
    if (!known || Number(known.record_timestamp_ms) <= record.timestampMs) byNode.set(key, row);
  }
  const kept = new Set(["chain_id", "node_id", "first_seen_ms", "last_seen_ms"]);
  const changes = columnNames(tables.nodes)
    .filter((name) => !kept.has(name))
    .map(
      (name) =>
        `${quoted(name)} = CASE WHEN excluded.record_timestamp_ms >= nodes.record_timestamp_ms THEN excluded.${quoted(name)} ELSE nodes.${quoted(name)} END`,
    );
  const seen = "last_seen_ms = GREATEST(nodes.last_seen_ms, excluded.last_seen_ms)";
  const conflict = `ON CONFLICT (chain_id, node_id) DO UPDATE SET ${[...changes, seen].join(", ")}`;
  await insertRows(connection, schema, tables.nodes, [...byNode.values()], conflict);
}

/** Replaces the rows of every pool that has some here; the caller holds the transaction. */
export async function recordPools(
  connection: PostgresConnection,
  schema: string,
  chainId: string,
  members: readonly PoolRow[],
): Promise<void> {
  const rows = members.map((member) => poolRowOf(member, chainId));
  for (const pool of new Set(rows.map((row) => String(row.pool)))) {
    await connection.query(
      `DELETE FROM ${quoted(schema)}.${quoted(tables.miningPool.name)} WHERE chain_id = $1 AND pool = $2`,
      [chainId, pool],
    );
  }
  await insertRows(connection, schema, tables.miningPool, rows, "");
}

async function insertRows(
  connection: PostgresConnection,
  schema: string,
  table: Table,
  rows: readonly Row[],
  conflict: string,
): Promise<void> {
  const names = columnNames(table);
  const head = `INSERT INTO ${quoted(schema)}.${quoted(table.name)} AS ${quoted(table.name)} (${names.map(quoted).join(", ")}) VALUES `;
  for (let first = 0; first < rows.length; first += rowsPerStatement) {
    const part = rows.slice(first, first + rowsPerStatement);
    const places = part.map(
      (_, row) => `(${names.map((_name, column) => `$${row * names.length + column + 1}`).join(", ")})`,
    );
    await connection.query(
      `${head}${places.join(", ")} ${conflict}`,
      part.flatMap((row) => names.map((name) => row[name] ?? null)),
    );
  }
}
