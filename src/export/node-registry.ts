/** The `nodes` table: what signed node records say, kept by node and chain. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { NodeRecord } from "../protocol/node-record.ts";
import { tables } from "./ledger-tables.ts";
import { nodeRow } from "./rows.ts";
import { columnNames, quoted } from "./table.ts";

export class NodeRegistry {
  readonly #columns = columnNames(tables.nodes);
  readonly #upsert: StatementSync;

  constructor(db: DatabaseSync) {
    const kept = new Set(["chain_id", "node_id", "first_seen_ms", "last_seen_ms", "origin"]);
    const updates = this.#columns
      .filter((column) => !kept.has(column))
      .map(
        (column) =>
          `${column} = iif(excluded.record_timestamp_ms >= record_timestamp_ms, excluded.${column}, ${column})`,
      );
    this.#upsert = db.prepare(
      `INSERT INTO nodes (${this.#columns.map(quoted).join(", ")}) VALUES (${this.#columns.map(() => "?").join(", ")})` +
        ` ON CONFLICT (chain_id, node_id) DO UPDATE SET ${updates.join(", ")},` +
        " last_seen_ms = max(last_seen_ms, excluded.last_seen_ms)",
    );
  }

  /** The caller holds the transaction. */
  record(records: readonly NodeRecord[], seenAtMs: number): void {
    for (const record of records) {
      const row = nodeRow(record, seenAtMs);
      this.#upsert.run(...this.#columns.map((column) => row[column] ?? null));
    }
  }
}
