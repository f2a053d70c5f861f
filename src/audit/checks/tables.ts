/** Check 9: users, assets, allocations, miners and balances in the file are what the replay of the chain gives. */

import { toHex } from "../../base/bytes.ts";
import { toError } from "../../base/invariant.ts";
import { aurDecimals, aurSymbol } from "../../protocol/amount.ts";
import { blockRewardAt } from "../../protocol/genesis.ts";
import { addressOf } from "../../protocol/identity.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";
import type { ChainCheck, ChainCheckContext, ChainCheckFactory } from "../chain-check.ts";
import type { LedgerBlock, Row, SqlValue } from "../ledger-block.ts";
import { textOf } from "../readable-value.ts";
import type { Rebuilt } from "../rebuilt-rows.ts";
import { type ChainReplay, replayOf } from "../replay/chain-replay.ts";
import type { ExecutedBlock } from "../replay/ledger-replay.ts";
import type { ReadBlock } from "../replay/read-block.ts";
import { compareRow } from "../row-comparison.ts";
import { compareBalances } from "./balances.ts";
import { amountColumns, MinerSums } from "./miner-sums.ts";
import { PoolBooks } from "./pool-books.ts";
import { compareRows, extraRow, missingRow } from "./row-differences.ts";
import { allocatedUnits } from "./state.ts";

export const tablesCheck: ChainCheckFactory = (context) => new TablesCheck(context);

class TablesCheck implements ChainCheck {
  readonly name = "tables" as const;
  readonly #context: ChainCheckContext;
  readonly #replay: ChainReplay;
  readonly #miners: MinerSums;
  readonly #pools: PoolBooks;
  readonly #rows = { users: 0, assets: 0, authority_changes: 0 };
  /** Without its index a table would be read whole for each look-up. */
  #lookUpsLeft = 100;
  /** Whether every block up to here was there and could be read. */
  #isWhole = true;

  constructor(context: ChainCheckContext) {
    const { reader, chainId, report, spec } = context;
    this.#context = context;
    this.#replay = replayOf(context);
    this.#miners = new MinerSums(spec.genesis.rewardMaturityBlocks);
    this.#pools = new PoolBooks(reader, chainId, report);
  }

  block(block: LedgerBlock): void {
    const replayed = this.#replay.at(block);
    this.#rows.users += block.userRows.length;
    this.#rows.assets += block.assetRows.length;
    this.#rows.authority_changes += block.authorityRows.length;
    this.#context.report.looked(block.userRows.length + block.assetRows.length);
    const { parts, isNext } = replayed;
    if (!parts || !isNext) this.#isWhole = false;
    if (!parts) {
      this.#context.report.cannotJudge(`users and assets of block ${block.height}: it does not decode`);
      return;
    }
    if (!parts.isWhole) this.#isWhole = false;
    const accepted = acceptedOf(parts, this.#replay.execute(replayed));
    const source = `block ${block.height}`;
    const { report } = this.#context;
    const users = accepted.flatMap((transaction) => this.#userRow(transaction, parts));
    compareRows(
      { table: "users", key: "name", source, elsewhere: this.#elsewhere("users", "name") },
      users,
      block.userRows,
      report,
    );
    const assets = accepted.flatMap((transaction) => this.#assetRow(transaction, parts));
    if (block.height === 0) assets.unshift(this.#nativeAsset());
    compareRows(
      { table: "assets", key: "asset_id", source, elsewhere: this.#elsewhere("assets", "asset_id") },
      assets,
      block.assetRows,
      report,
    );
    this.#pools.add(parts.transactions);
    if (block.height > 0 && this.#context.spec.consensus === "pow") this.#earn(parts);
  }

  end(): void {
    this.#countRows();
    this.#compareAllocations();
    this.#pools.end();
    this.#compareMiners();
    this.#compareBalances();
  }

  /** A row of another block under a key that this block's row should have. */
  #elsewhere(table: string, key: string) {
    return (value: SqlValue | undefined): Row | undefined => {
      const { reader, chainId } = this.#context;
      const canLookUp = this.#lookUpsLeft > 0 && reader.has(table, ["chain_id", key]);
      if (!canLookUp || typeof value !== "string") return undefined;
      this.#lookUpsLeft -= 1;
      return reader.first(table, { where: `chain_id = ? AND ${key} = ?`, parameters: [chainId, value] });
    };
  }

  #earn({ height, header, transactions }: ReadBlock): void {
    const fees = transactions.reduce((sum, { transaction }) => sum + transaction.fee, 0n);
    const units = blockRewardAt(this.#context.spec.genesis, height) + fees;
    this.#miners.add(height, toHex(header.producer), units);
  }

  #userRow({ payload, transaction, idHex }: DecodedTransaction, { header, height }: ReadBlock): Rebuilt[] {
    if (payload.kind !== "registerUser") return [];
    return [
      {
        name: textOf(payload.name),
        account: addressOf(transaction.sender),
        registered_in: BigInt(height),
        registered_at_ms: BigInt(header.timestampMs),
        transaction_id: idHex,
        chain_id: this.#context.chainId,
        origin: "chain",
      },
    ];
  }

  #assetRow(
    { payload, transaction, idHex, senderHex }: DecodedTransaction,
    { header, height }: ReadBlock,
  ): Rebuilt[] {
    if (payload.kind !== "issueAsset") return [];
    const account = addressOf(transaction.sender);
    return [
      {
        asset_id: idHex,
        symbol: textOf(payload.symbol),
        name: textOf(payload.name),
        decimals: BigInt(payload.decimals),
        ...amountColumns("supply", payload.supply, payload.decimals),
        issuer: this.#replay.names.nameOf(senderHex) ?? account,
        issuer_account: account,
        metadata: textOf(payload.metadata),
        issued_in: BigInt(height),
        issued_at_ms: BigInt(header.timestampMs),
        chain_id: this.#context.chainId,
        origin: "chain",
      },
    ];
  }

  #nativeAsset(): Rebuilt {
    const { genesis } = this.#context.spec;
    return {
      ...{ asset_id: aurSymbol, symbol: aurSymbol, name: "Aurex", decimals: BigInt(aurDecimals) },
      ...amountColumns("supply", allocatedUnits(genesis)),
      ...{ issuer: null, issuer_account: null, metadata: "", issued_in: 0n },
      issued_at_ms: BigInt(genesis.timestampMs),
      chain_id: this.#context.chainId,
      origin: "genesis",
    };
  }

  /** Rows that no block was shown with: of a height that the file has no block of, or of a wrong type. */
  #countRows(): void {
    const { reader, chainId, report } = this.#context;
    for (const [table, seen] of Object.entries(this.#rows)) {
      if (!reader.has(table, ["chain_id"])) continue;
      const found = reader.count(table, "chain_id = ?", [chainId]);
      if (found === seen) continue;
      report.finding({
        ...{ table, row: "", column: null, expected: BigInt(seen), found: BigInt(found) },
        meaning:
          "the table has rows that belong to no block of this file, or more of one block than it can have",
      });
    }
  }

  #compareAllocations(): void {
    const { reader, chainId, report, spec } = this.#context;
    if (!reader.has("allocations", ["chain_id", "account"])) return;
    const wanted = new Map(
      spec.genesis.allocations.map(({ account, amount }): [string, Rebuilt] => {
        const address = addressOf(account);
        return [address, { chain_id: chainId, account: address, ...amountColumns("amount", amount) }];
      }),
    );
    const meaning = (column: string) => `${column} is not what the genesis allocates`;
    for (const row of reader.rows("allocations", { where: "chain_id = ?", parameters: [chainId] })) {
      report.looked(1);
      const expected = typeof row.account === "string" ? wanted.get(row.account) : undefined;
      if (!expected) {
        extraRow("allocations", "account", row, report);
        continue;
      }
      wanted.delete(String(row.account));
      compareRow(row, expected, { table: "allocations", row: `account ${row.account}`, meaning }, report);
    }
    for (const account of wanted.keys()) missingRow("allocations", "account", account, "the genesis", report);
  }

  #compareMiners(): void {
    const { reader, chainId, report } = this.#context;
    if (!reader.has("mining_pool", ["chain_id", "pool", "member"])) return;
    if (!this.#isWhole) {
      report.cannotJudge("what miners found and earned: a block is missing or does not decode");
      return;
    }
    const wanted = this.#miners.rows(chainId);
    const meaning = (column: string) => `${column} is not what the blocks of the chain add up to`;
    const where = "chain_id = ? AND pool = 'solo'";
    for (const row of reader.rows("mining_pool", { where, parameters: [chainId] })) {
      report.looked(1);
      const expected = typeof row.member === "string" ? wanted.get(row.member) : undefined;
      if (!expected) {
        extraRow("mining_pool", "member", row, report);
        continue;
      }
      wanted.delete(String(row.member));
      compareRow(row, expected, { table: "mining_pool", row: `member ${row.member}`, meaning }, report);
    }
    for (const member of wanted.keys()) missingRow("mining_pool", "member", member, "a block", report);
  }

  #compareBalances(): void {
    const { report } = this.#context;
    const ledger = this.#replay.ledger.known;
    if (!ledger) {
      report.cannotJudge("the balances: the ledger after the last block is not known");
      return;
    }
    try {
      compareBalances(this.#context, ledger);
    } catch (thrown) {
      report.finding({
        ...{ table: "balances", row: "", column: null, expected: "the balance of every account" },
        ...{ found: toError(thrown).message, meaning: "the rows hold values that cannot be summed up" },
      });
    }
  }
}

/** Transactions that took effect. Beside one that does not decode, or on a guess, those that follow seem to be refused. */
function acceptedOf(
  { transactions, isWhole }: ReadBlock,
  executed: ExecutedBlock | undefined,
): DecodedTransaction[] {
  const isKnown = executed?.isJudged === true && isWhole;
  const refused = new Set(isKnown ? executed.refused.map(({ position }) => position) : []);
  return transactions.filter((_, position) => !refused.has(position));
}
