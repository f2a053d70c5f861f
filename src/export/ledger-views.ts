/** The views on which the others rest: finality, what blocks earned, every change of every balance, and the balances. */
import { type ColumnRow, chainIdMeaning, columns } from "./columns.ts";
import {
  amountColumns,
  amountStages,
  highWord,
  lowWord,
  shownAmount,
  summedWords,
  unitsColumns,
} from "./sql-amounts.ts";
import type { View } from "./table.ts";

function finalityView(name: string, table: string, heightColumn: string): View {
  return {
    name,
    meaning: `Every column of ${table}, and whether it is final`,
    sql:
      `SELECT ${table}.*, CASE WHEN ${heightColumn} <= COALESCE(meta.final_index, -1) THEN 1 ELSE 0 END AS final ` +
      `FROM ${table} JOIN meta ON meta.chain_id = ${table}.chain_id`,
    added: columns("export", [
      ["final", "INTEGER", "1: nothing can replace the row any more; 0: a reorganization still can"],
    ]),
  };
}

export const chainColumn: ColumnRow = ["chain_id", "TEXT", chainIdMeaning];

const amountsOfBlock = (kind: string) =>
  `SELECT chain_id, "index" AS block_id, '${kind}' AS kind, producer AS account, ` +
  `${kind}_units AS amount_units, ${kind}_units_large AS amount_units_large FROM blocks WHERE "index" > 0`;

const rewards: View = {
  name: "rewards",
  meaning: "What blocks earned their producers, and whether it is mature: an account's to spend",
  sql:
    "SELECT earned.chain_id, earned.block_id, earned.kind, earned.account, earned.amount_units, " +
    "earned.amount_units_large, earned.block_id + meta.reward_maturity_blocks AS mature_in, " +
    "CASE WHEN earned.block_id + meta.reward_maturity_blocks <= meta.cursor_index THEN 1 ELSE 0 END AS mature " +
    `FROM (${amountsOfBlock("reward")} UNION ALL ${amountsOfBlock("fees")}) AS earned ` +
    "JOIN meta ON meta.chain_id = earned.chain_id WHERE COALESCE(earned.amount_units, 1) <> 0",
  added: columns("chain", [
    chainColumn,
    ["block_id", "INTEGER", "index of the block that earned it"],
    ["kind", "TEXT", "reward, by the chain's schedule, or fees of the block's transactions"],
    ["account", "TEXT", "address of the block's producer"],
    ...unitsColumns("amount", "what was earned, in AUR"),
    ["mature_in", "INTEGER", "index of the block that credits it to the account"],
    ["mature", "INTEGER", "1: credited by a block in this file; 0: it still waits"],
  ]),
};

const ledgerEntries: View = {
  name: "ledger_entries",
  meaning:
    "Every change of every balance: summed up over block_id up to an index they are the balances after that block",
  sql: [
    "SELECT chain_id, 0 AS block_id, CAST(NULL AS TEXT) AS transaction_id, 'allocation' AS kind, account, " +
      "'AUR' AS asset_id, amount_units AS delta_units, amount_units_large AS delta_units_large, " +
      "CAST(NULL AS TEXT) AS counterparty, '' AS data FROM allocations",
    "SELECT chain_id, mature_in, CAST(NULL AS TEXT), kind, account, 'AUR', amount_units, amount_units_large, " +
      "CAST(NULL AS TEXT), '' FROM rewards WHERE mature = 1",
    "SELECT chain_id, block_id, id, 'fee', from_account, 'AUR', -fee_units, '-' || fee_units_large, " +
      "CAST(NULL AS TEXT), '' FROM transactions WHERE COALESCE(fee_units, 1) <> 0",
    "SELECT chain_id, block_id, id, 'sent', from_account, asset_id, -amount_units, '-' || amount_units_large, " +
      "to_user, data FROM transactions WHERE kind = 'transfer'",
    "SELECT chain_id, block_id, id, CASE WHEN kind = 'transfer' THEN 'received' ELSE 'issued' END, to_account, asset_id, " +
      "amount_units, amount_units_large, from_user, data FROM transactions WHERE kind IN ('transfer', 'issueAsset')",
  ].join(" UNION ALL "),
  added: columns("chain", [
    chainColumn,
    [
      "block_id",
      "INTEGER",
      "index of the block that changes the balance; of a reward: the one it matures in",
    ],
    ["transaction_id", "TEXT", "the transaction; NULL for an allocation, a reward and fees earned"],
    ["kind", "TEXT", "allocation, reward or fees (earned), fee (paid), sent, received or issued"],
    ["account", "TEXT", "address of the account whose balance changes"],
    ["asset_id", "TEXT", "AUR, or the id of the transaction that issued the asset"],
    ...unitsColumns("delta", "the change, below zero where the balance falls"),
    ["counterparty", "TEXT", "name or address of the other side: the receiver, the sender or the issuer"],
    ["data", "TEXT", "memo of the transfer or metadata of the asset"],
  ]),
};

const balanceKeys = ["chain_id", "account", "asset_id"];
const balances: View = {
  name: "balances",
  meaning: "What each account has of each asset after the last block in this file",
  sql: `
WITH parts AS (
  SELECT chain_id, account, asset_id, 0 AS waits, delta_units AS units, delta_units_large AS large FROM ledger_entries
  UNION ALL
  SELECT chain_id, account, 'AUR', 1, amount_units, amount_units_large FROM rewards WHERE mature = 0
), words AS (
  SELECT chain_id, account, asset_id, waits, ${highWord("units", "large")} AS high, ${lowWord("units", "large")} AS low
  FROM parts
), sums AS (
  SELECT chain_id, account, asset_id, ${summedWords("balance", "waits = 0")}, ${summedWords("immature", "waits = 1")}
  FROM words GROUP BY chain_id, account, asset_id
), ${amountStages("sums", balanceKeys, ["balance", "immature"])}
SELECT amounts.chain_id, amounts.account, amounts.asset_id, assets.symbol, assets.decimals,
  ${shownAmount("balance", "assets.decimals")}, ${shownAmount("immature", "assets.decimals")}
FROM amounts JOIN assets ON assets.chain_id = amounts.chain_id AND assets.asset_id = amounts.asset_id`.trim(),
  added: columns("chain", [
    chainColumn,
    ["account", "TEXT", "address of the account"],
    ["asset_id", "TEXT", "AUR, or the id of the transaction that issued the asset"],
    ["symbol", "TEXT", "short name of the asset; not unique"],
    ["decimals", "INTEGER", "decimal places of the asset"],
    ...amountColumns("balance", "what the account can spend"),
    ...amountColumns("immature", "what its blocks have earned beside that and it cannot spend yet"),
  ]),
};

const poolPayments: View = {
  name: "pool_payments",
  meaning: "Transfers of AUR from a pool's account to one of the members that mining_pool knows",
  sql:
    "SELECT mining_pool.chain_id, mining_pool.pool, mining_pool.member, transactions.block_id, " +
    "transactions.id AS transaction_id, transactions.amount_units, transactions.amount_units_large, transactions.amount_text " +
    "FROM mining_pool JOIN transactions ON transactions.chain_id = mining_pool.chain_id " +
    "AND transactions.from_account = mining_pool.pool AND transactions.to_account = mining_pool.member " +
    "WHERE transactions.kind = 'transfer' AND transactions.asset_id = 'AUR'",
  added: columns("chain", [
    chainColumn,
    ["pool", "TEXT", "address of the pool's account"],
    ["member", "TEXT", "address of the member's account"],
    ["block_id", "INTEGER", "index of the block that holds the transfer"],
    ["transaction_id", "TEXT", "the transfer"],
    ...amountColumns("amount", "what the member received"),
  ]),
};

/** In an order in which each finds those that it reads. */
export const foundingViews: readonly View[] = [
  finalityView("blocks_with_finality", "blocks", `blocks."index"`),
  finalityView("transactions_with_finality", "transactions", "transactions.block_id"),
  rewards,
  ledgerEntries,
  balances,
  poolPayments,
];
