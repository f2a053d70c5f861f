/** The rows of `mining_pool` that pools wrote of their members: what of them the chain can confirm. */
import { toHex } from "../../base/bytes.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";
import { nodeIdOf, publicKeyOfAddress } from "../../protocol/identity.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";
import type { CheckReport } from "../chain-check.ts";
import { shownValue } from "../finding.ts";
import type { Row, SqlValue } from "../ledger-block.ts";
import type { LedgerReader } from "../ledger-reader.ts";
import { amountColumns } from "./miner-sums.ts";

/** Rows that are held in memory. */
const membersMax = 100_000;
const zeroHex = toHex(zeroBytes32);

/** No row is kept: its texts may be as large as whoever wrote the file likes. */
interface Member {
  /** Which row, in words. */
  readonly name: string;
  /** What the row says that the pool has paid. */
  readonly paidUnits: bigint | undefined;
  /** What the pool has sent to it, with the fees. */
  sentUnits: bigint;
  /** Whether the file has the payment that the row calls the last one. */
  hasLastPayout: boolean;
}

export class PoolBooks {
  readonly #report: CheckReport;
  /** By the keys of pool and member, hex. */
  readonly #members = new Map<string, Member>();
  readonly #pools = new Set<string>();
  /** By the id of what their rows call the last payout. */
  readonly #lastPayouts = new Map<string, Member[]>();

  constructor(reader: LedgerReader, chainId: string, report: CheckReport) {
    this.#report = report;
    if (!reader.has("mining_pool", ["chain_id", "pool", "member"])) return;
    const where = "chain_id = ? AND pool <> 'solo'";
    let rows = 0;
    for (const row of reader.rows("mining_pool", { where, parameters: [chainId], limit: membersMax })) {
      rows += 1;
      this.#take(row);
    }
    report.looked(rows);
    if (rows === membersMax) report.cannotJudge(`rows of pools beyond the first ${membersMax}`);
  }

  /** The transactions of the next block. */
  add(transactions: readonly DecodedTransaction[]): void {
    if (this.#pools.size === 0) return;
    for (const { payload, senderHex, idHex, transaction } of transactions) {
      const named = this.#lastPayouts.get(idHex);
      const isPayment =
        payload.kind === "transfer" && this.#pools.has(senderHex) && toHex(payload.assetId) === zeroHex;
      const paid = isPayment ? this.#members.get(senderHex + toHex(payload.to)) : undefined;
      if (paid && payload.kind === "transfer") paid.sentUnits += payload.amount + transaction.fee;
      for (const member of named ?? []) {
        member.hasLastPayout = true;
        if (member !== paid)
          this.#finding(member.name, "payout_transaction", "a payment to the member", idHex);
      }
    }
  }

  end(): void {
    for (const { name, paidUnits, sentUnits, hasLastPayout } of this.#members.values()) {
      // A pool pays in the order of its account: with the last payout all others are in the file, and none is elsewhere.
      if (!hasLastPayout || paidUnits === undefined || paidUnits <= sentUnits) continue;
      this.#finding(name, "rewards_paid_units", `at most ${sentUnits}`, paidUnits);
    }
  }

  #take(row: Row): void {
    const [pool, key] = [keyOf(row.pool), keyOf(row.member)];
    const name = `member ${shownValue(row.member)} of ${shownValue(row.pool)}`;
    if (!pool) {
      this.#finding(name, "pool", "solo, or the address of an account", row.pool);
      return;
    }
    if (!key) {
      this.#finding(name, "member", "the address of an account", row.member);
      return;
    }
    const nodeId = nodeIdOf(key);
    if (row.node_id !== nodeId) this.#finding(name, "node_id", nodeId, row.node_id);
    if (row.origin !== "observed") this.#finding(name, "origin", "observed", row.origin);
    for (const prefix of ["rewards_due", "rewards_paid"]) this.#amount(name, prefix, row);
    const paidUnits = amountOf(row.rewards_paid_units, row.rewards_paid_units_large);
    const member = { name, paidUnits, sentUnits: 0n, hasLastPayout: false };
    this.#pools.add(toHex(pool));
    this.#members.set(toHex(pool) + toHex(key), member);
    const last = row.payout_transaction;
    if (last === null || last === undefined) return;
    if (typeof last !== "string" || !/^[0-9a-f]{64}$/.test(last)) {
      this.#finding(name, "payout_transaction", "the id of a transaction", last);
      return;
    }
    const others = this.#lastPayouts.get(last);
    if (others) others.push(member);
    else this.#lastPayouts.set(last, [member]);
  }

  /** The columns of one amount say the same. */
  #amount(name: string, prefix: string, row: Row): void {
    const units = amountOf(row[`${prefix}_units`], row[`${prefix}_units_large`]);
    const isAmount = units !== undefined && units >= 0n;
    if (!isAmount) this.#finding(name, `${prefix}_units`, "an amount", row[`${prefix}_units`]);
    const expected = isAmount ? amountColumns(prefix, units) : {};
    for (const column in expected) {
      const [wanted, found] = [expected[column] as SqlValue, row[column]];
      if (wanted !== found) this.#finding(name, column, wanted, found);
    }
  }

  #finding(row: string, column: string, expected: SqlValue, found: SqlValue | undefined): void {
    const meaning = "the chain does not confirm what the pool's row says";
    this.#report.finding({ table: "mining_pool", row, column, expected, found, meaning });
  }
}

function keyOf(address: SqlValue | undefined): Uint8Array | undefined {
  return typeof address === "string" ? publicKeyOfAddress(address.slice(0, 128)) : undefined;
}

const digitsMax = 40;

/** The amount of its two columns; undefined if they hold none. */
export function amountOf(units: SqlValue | undefined, large: SqlValue | undefined): bigint | undefined {
  if (typeof units === "bigint") return units;
  return typeof large === "string" && large.length <= digitsMax && /^-?\d+$/.test(large)
    ? BigInt(large)
    : undefined;
}
