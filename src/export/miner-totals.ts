/** The `mining_pool` rows of solo miners: what each found and earned, kept in step with the canonical chain. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { invariant } from "../base/invariant.ts";
import { nodeIdOf, publicKeyOfAddress } from "../protocol/identity.ts";
import { tables } from "./ledger-tables.ts";
import { RowInserter } from "./row-inserter.ts";
import { units } from "./rows.ts";
import { loadUnits } from "./units.ts";

/** Who found a block, and what it earned. */
export interface MinerGain {
  readonly member: string;
  readonly units: bigint;
}

interface Difference {
  blocks: bigint;
  due: bigint;
  paid: bigint;
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
      "SELECT blocks_found, rewards_due_units, rewards_due_units_large, rewards_paid_units, rewards_paid_units_large" +
        ` FROM mining_pool ${where}`,
    );
    this.#query.setReadBigInts(true);
    this.#delete = db.prepare(`DELETE FROM mining_pool ${where}`);
  }

  /** A block came into the chain; undefined stands for one that nobody found. */
  found(gain: MinerGain | undefined): void {
    if (gain) this.#change(gain.member, 1n, gain.units, 0n);
  }

  /** What a block earned became its producer's to spend. */
  paid(gain: MinerGain | undefined): void {
    if (gain) this.#change(gain.member, 0n, 0n, gain.units);
  }

  /** The block left the chain again. */
  lost(gain: MinerGain | undefined): void {
    if (gain) this.#change(gain.member, -1n, -gain.units, 0n);
  }

  /** The block that paid it left the chain again. */
  unpaid(gain: MinerGain | undefined): void {
    if (gain) this.#change(gain.member, 0n, 0n, -gain.units);
  }

  #change(member: string, blocks: bigint, due: bigint, paid: bigint): void {
    const difference = this.#differences.get(member) ?? { blocks: 0n, due: 0n, paid: 0n };
    difference.blocks += blocks;
    difference.due += due;
    difference.paid += paid;
    this.#differences.set(member, difference);
  }

  clear(): void {
    this.#differences.clear();
  }

  flush(): void {
    for (const [member, difference] of this.#differences) {
      const row = this.#query.get(this.#chainId, solo, member);
      const found = loadUnits(row?.blocks_found, null) + difference.blocks;
      const due = loadUnits(row?.rewards_due_units, row?.rewards_due_units_large) + difference.due;
      const paid = loadUnits(row?.rewards_paid_units, row?.rewards_paid_units_large) + difference.paid;
      invariant(found >= 0n && paid >= 0n && due >= paid, "a miner loses only what it had gained");
      if (row) this.#delete.run(this.#chainId, solo, member);
      if (found > 0n) this.#insert.insert([this.#row(member, found, due, paid)]);
    }
    this.#differences.clear();
  }

  #row(member: string, found: bigint, due: bigint, paid: bigint) {
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
      ...units("rewards_paid", paid),
      payout_transaction: null,
      chain_id: this.#chainId,
      origin: "chain",
    };
  }
}
