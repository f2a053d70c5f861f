/** The `mining_pool` rows of pools: what a pool's books say of its members, replaced as a whole. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { addressOf, nodeIdOf } from "../protocol/identity.ts";
import { tables } from "./ledger-tables.ts";
import { RowInserter } from "./row-inserter.ts";
import { type Row, units } from "./rows.ts";

/** A member as its pool's books have it. */
export interface PoolRow {
  /** Public key of the pool's account, 32 bytes. */
  readonly poolAccount: Uint8Array;
  /** Public key of the member's account, 32 bytes. */
  readonly member: Uint8Array;
  readonly sharesAccepted: number;
  readonly sharesRejected: number;
  readonly hashesPerSecond: number;
  readonly blocksFound: number;
  /** All that the member ever earned, mature or not. */
  readonly dueUnits: bigint;
  readonly paidUnits: bigint;
  /** Id of the last payout in hex. */
  readonly payoutTransaction: string | null;
}

export class PoolRegistry {
  readonly #chainId: string;
  readonly #insert: RowInserter;
  readonly #delete: StatementSync;

  /** @param chainId hex */
  constructor(db: DatabaseSync, chainId: string) {
    this.#chainId = chainId;
    this.#insert = new RowInserter(db, tables.miningPool);
    this.#delete = db.prepare("DELETE FROM mining_pool WHERE chain_id = ? AND pool = ?");
  }

  /** Replaces the rows of every pool that has some here; the caller holds the transaction. */
  record(members: readonly PoolRow[]): void {
    const rows = members.map((member) => poolRowOf(member, this.#chainId));
    for (const pool of new Set(rows.map((row) => String(row.pool)))) this.#delete.run(this.#chainId, pool);
    this.#insert.insert(rows);
  }
}

/** @param chainId hex */
export function poolRowOf(member: PoolRow, chainId: string): Row {
  return {
    member: addressOf(member.member),
    node_id: nodeIdOf(member.member),
    pool: addressOf(member.poolAccount),
    blocks_found: member.blocksFound,
    shares_accepted: member.sharesAccepted,
    shares_rejected: member.sharesRejected,
    hash_rate: member.hashesPerSecond,
    ...units("rewards_due", member.dueUnits),
    ...units("rewards_paid", member.paidUnits),
    payout_transaction: member.payoutTransaction,
    chain_id: chainId,
    origin: "observed",
  };
}
