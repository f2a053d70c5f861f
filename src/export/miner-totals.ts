/** The `mining_pool` rows of solo miners: what each found and earned, kept in step with the canonical chain. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { invariant } from "../base/invariant.ts";
import { nodeIdOf, publicKeyOfAddress } from "../protocol/identity.ts";
import { tables } from "./ledger-tables.ts";
import { RowInserter } from "./row-inserter.ts";
import { type MinerGain, units } from "./rows.ts";
import { loadUnits } from "./units.ts";

interface Difference {
  blocks: bigint;
  units: bigint;
}

const solo = "solo";

/** Sums up the differences of one SQL transaction, so that each miner's row is written once. */
export class MinerTotals {
  readonly #chainId: string;
  readonly #insert: RowInserter;
  readonly #query: StatementSync;
  readonly #delete: StatementSync;
  readonly #differences = new Map<string, Difference>();

  constructor(db: DatabaseSync, chainId: string) {
    this.#chainId = chainId;
    this.#insert = new RowInserter(db, tables.miningPool);
    const where = "WHERE chain_id = ? AND pool = ? AND member = ?";
    this.#query = db.prepare(
      `SELECT blocks_found, rewards_due_units, rewards_due_units_large FROM mining_pool ${where}`,
    );
    this.#query.setReadBigInts(true);
    this.#delete = db.prepare(`DELETE FROM mining_pool ${where}`);
  }

  add(gain: MinerGain): void {
    this.#change(gain.member, 1n, gain.units);
  }

  subtract(member: string, gained: bigint): void {
    this.#change(member, -1n, -gained);
  }

  #change(member: string, blocks: bigint, units: bigint): void {
    const difference = this.#differences.get(member) ?? { blocks: 0n, units: 0n };
    difference.blocks += blocks;
    difference.units += units;
    this.#differences.set(member, difference);
  }

  clear(): void {
    this.#differences.clear();
  }

  flush(): void {
    for (const [member, difference] of this.#differences) {
      const row = this.#query.get(this.#chainId, solo, member);
      const found = loadUnits(row?.blocks_found, null) + difference.blocks;
      const due = loadUnits(row?.rewards_due_units, row?.rewards_due_units_large) + difference.units;
      invariant(found >= 0n && due >= 0n, "a miner loses only what it had gained");
      if (row) this.#delete.run(this.#chainId, solo, member);
      if (found > 0n) this.#insert.insert([this.#row(member, found, due)]);
    }
    this.#differences.clear();
  }

  #row(member: string, found: bigint, due: bigint) {
    const key = publicKeyOfAddress(member);
    invariant(key, "a miner's address");
    return {
      member,
      node_id: nodeIdOf(key),
      pool: solo,
      blocks_found: found,
      shares_accepted: null,
      shares_rejected: null,
      hash_rate: null,
      ...units("rewards_due", due),
      ...units("rewards_paid", due),
      payout_transaction: null,
      chain_id: this.#chainId,
      origin: "chain",
    };
  }
}
