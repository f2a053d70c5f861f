/** The `mining_pool` rows of solo miners: what each found and earned, kept in step with the canonical chain. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { tables } from "./ledger-tables.ts";
import { MinerDifferences, minerRow, solo } from "./miner-differences.ts";
import { RowInserter } from "./row-inserter.ts";

/** Writes the differences of one SQL transaction, so that each miner's row is written once. */
export class MinerTotals extends MinerDifferences {
  readonly #chainId: string;
  readonly #insert: RowInserter;
  readonly #query: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, chainId: string) {
    super();
    this.#chainId = chainId;
    this.#insert = new RowInserter(db, tables.miningPool);
    const where = "WHERE chain_id = ? AND pool = ? AND member = ?";
    this.#query = db.prepare(
      "SELECT blocks_found, rewards_due_units, rewards_due_units_large, rewards_paid_units, rewards_paid_units_large" +
        ` FROM mining_pool ${where}`,
    );
    this.#query.setReadBigInts(true);
    this.#delete = db.prepare(`DELETE FROM mining_pool ${where}`);
  }

  flush(): void {
    for (const [member, change] of this.take()) {
      const before = this.#query.get(this.#chainId, solo, member);
      const row = minerRow(this.#chainId, member, before, change);
      if (before) this.#delete.run(this.#chainId, solo, member);
      if (row) this.#insert.insert([row]);
    }
  }
}
