/** The views of a ledger file: whatever moves with every block is computed from the rows, and stands in none. */
import { type ColumnRow, chainIdMeaning, columns, decimalTextSql } from "./columns.ts";
import type { View } from "./table.ts";

function finalityView(name: string, table: string, heightColumn: string): View {
  return {
    name,
    meaning: `Every column of ${table}, and whether it is final`,
    sql:
      `SELECT ${table}.*, ${heightColumn} <= COALESCE(meta.final_index, -1) AS final ` +
      `FROM ${table} JOIN meta USING (chain_id)`,
    added: columns("export", [
      ["final", "INTEGER", "1: nothing can replace the row any more; 0: a reorganization still can"],
    ]),
  };
}

const chainColumn: ColumnRow = ["chain_id", "TEXT", chainIdMeaning];

/** Both columns of an amount as a view shows them. */
function unitsColumns(prefix: string, what: string): readonly ColumnRow[] {
  return [
    [
      `${prefix}_units`,
      "INTEGER",
      `${what}, exact; NULL where it does not fit (then see ${prefix}_units_large)`,
      "base units",
    ],
    [
      `${prefix}_units_large`,
      "TEXT",
      `${what}, exact decimal digits, only where it is over 2^63 - 1`,
      "base units",
    ],
  ];
}

const amountsOfBlock = (kind: string) =>
  `SELECT chain_id, "index" AS block_id, '${kind}' AS kind, producer AS account, ` +
  `${kind}_units AS amount_units, ${kind}_units_large AS amount_units_large FROM blocks WHERE "index" > 0`;

const rewards: View = {
  name: "rewards",
  meaning: "What blocks earned their producers, and whether it is mature: an account's to spend",
  sql:
    "SELECT earned.*, block_id + meta.reward_maturity_blocks AS mature_in, " +
    "block_id + meta.reward_maturity_blocks <= meta.cursor_index AS mature " +
    `FROM (${amountsOfBlock("reward")} UNION ALL ${amountsOfBlock("fees")}) AS earned ` +
    "JOIN meta USING (chain_id) WHERE COALESCE(amount_units, 1) <> 0",
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
    "SELECT chain_id, 0 AS block_id, NULL AS transaction_id, 'allocation' AS kind, account, 'AUR' AS asset_id, " +
      "amount_units AS delta_units, amount_units_large AS delta_units_large FROM allocations",
    "SELECT chain_id, mature_in, NULL, kind, account, 'AUR', amount_units, amount_units_large FROM rewards WHERE mature",
    "SELECT chain_id, block_id, id, 'fee', from_account, 'AUR', -fee_units, '-' || fee_units_large " +
      "FROM transactions WHERE COALESCE(fee_units, 1) <> 0",
    "SELECT chain_id, block_id, id, 'sent', from_account, asset_id, -amount_units, '-' || amount_units_large " +
      "FROM transactions WHERE kind = 'transfer'",
    "SELECT chain_id, block_id, id, iif(kind = 'transfer', 'received', 'issued'), to_account, asset_id, " +
      "amount_units, amount_units_large FROM transactions WHERE kind IN ('transfer', 'issueAsset')",
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
  ]),
};

/** Sums are kept in two words of this base: SUM fails once it passes 2^63, and strangers can issue and send that much. */
const base = 1_000_000_000;

/** Both columns of an amount from its words, whose lower one may be of either sign. */
function unitsOfWords(prefix: string, high: string, low: string): string {
  const lowWord = `((${low} % ${base} + ${base}) % ${base})`;
  const highWord = `(${high} + (${low} - ${lowWord}) / ${base})`;
  const fits = `${highWord} < 9223372036 OR (${highWord} = 9223372036 AND ${lowWord} <= 854775807)`;
  return (
    `CASE WHEN ${fits} THEN ${highWord} * ${base} + ${lowWord} END AS ${prefix}_units, ` +
    `CASE WHEN NOT (${fits}) THEN ${highWord} || printf('%09d', ${lowWord}) END AS ${prefix}_units_large`
  );
}

const balancesSql = `
WITH parts AS (
  SELECT chain_id, account, asset_id, 0 AS waits, delta_units AS units, delta_units_large AS large FROM ledger_entries
  UNION ALL
  SELECT chain_id, account, 'AUR', 1, amount_units, amount_units_large FROM rewards WHERE NOT mature
), words AS (
  SELECT chain_id, account, asset_id, waits,
    COALESCE(units / ${base}, CAST(substr(large, 1, length(large) - 9) AS INTEGER)) AS high,
    COALESCE(units % ${base}, CAST(substr(large, -9) AS INTEGER) * iif(large LIKE '-%', -1, 1)) AS low
  FROM parts
), sums AS (
  SELECT chain_id, account, asset_id,
    SUM(iif(waits, 0, high)) AS high, SUM(iif(waits, 0, low)) AS low,
    SUM(iif(waits, high, 0)) AS waiting_high, SUM(iif(waits, low, 0)) AS waiting_low
  FROM words GROUP BY chain_id, account, asset_id
), totals AS (
  SELECT chain_id, account, asset_id,
    ${unitsOfWords("balance", "high", "low")},
    ${unitsOfWords("immature", "waiting_high", "waiting_low")}
  FROM sums
)
SELECT totals.chain_id, account, totals.asset_id, symbol, decimals,
  balance_units, balance_units_large, ${decimalTextSql("balance", "decimals")} AS balance_text,
  immature_units, immature_units_large, ${decimalTextSql("immature", "decimals")} AS immature_text
FROM totals JOIN assets ON assets.chain_id = totals.chain_id AND assets.asset_id = totals.asset_id`.trim();

const balances: View = {
  name: "balances",
  meaning: "What each account has of each asset after the last block in this file",
  sql: balancesSql,
  added: columns("chain", [
    chainColumn,
    ["account", "TEXT", "address of the account"],
    ["asset_id", "TEXT", "AUR, or the id of the transaction that issued the asset"],
    ["symbol", "TEXT", "short name of the asset; not unique"],
    ["decimals", "INTEGER", "decimal places of the asset"],
    ...unitsColumns("balance", "what the account can spend"),
    ["balance_text", "TEXT", "the same as decimal text, exact", "asset"],
    ...unitsColumns("immature", "what its blocks have earned beside that and it cannot spend yet"),
    ["immature_text", "TEXT", "the same as decimal text, exact", "asset"],
  ]),
};

const poolPayments: View = {
  name: "pool_payments",
  meaning: "Transfers of AUR from a pool's account to one of the members that mining_pool knows",
  sql:
    "SELECT mining_pool.chain_id, pool, member, block_id, id AS transaction_id, " +
    "amount_units, amount_units_large, amount_text FROM mining_pool JOIN transactions " +
    "ON transactions.chain_id = mining_pool.chain_id AND from_account = pool AND to_account = member " +
    "WHERE kind = 'transfer' AND asset_id = 'AUR'",
  added: columns("chain", [
    chainColumn,
    ["pool", "TEXT", "address of the pool's account"],
    ["member", "TEXT", "address of the member's account"],
    ["block_id", "INTEGER", "index of the block that holds the transfer"],
    ["transaction_id", "TEXT", "the transfer"],
    ...unitsColumns("amount", "what the member received"),
    ["amount_text", "TEXT", "the same as decimal text, exact", "asset"],
  ]),
};

/** In an order in which each finds those that it reads. */
export const ledgerViews: readonly View[] = [
  finalityView("blocks_with_finality", "blocks", `blocks."index"`),
  finalityView("transactions_with_finality", "transactions", "transactions.block_id"),
  rewards,
  ledgerEntries,
  balances,
  poolPayments,
];
