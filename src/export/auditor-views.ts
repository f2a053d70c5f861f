/** Views for the questions that auditors ask: each is one SELECT away from its answer. */
import { columns } from "./columns.ts";
import { chainColumn, foundingViews } from "./ledger-views.ts";
import {
  amountColumns,
  amountStages,
  decimalTextSql,
  digitsSql,
  highWord,
  lowWord,
  shownAmount,
  summedWords,
  wordColumns,
} from "./sql-amounts.ts";
import type { View } from "./table.ts";

const dayColumn = [
  "day",
  "TEXT",
  "day of the block, e.g. 2026-01-31; NULL after the year 9999",
  "UTC",
] as const;
const blockTime = ["timestamp_iso", "TEXT", "time of the block, ISO 8601", "UTC"] as const;
const assetColumns = [
  ["asset_id", "TEXT", "AUR, or the id of the transaction that issued the asset"],
  ["symbol", "TEXT", "short name of the asset; not unique"],
] as const;

const accountLedger: View = {
  name: "account_ledger",
  meaning:
    "Every change of every balance with its time and the other side: one account's rows in the order of block_id are its ledger. The sum of delta_units up to a time is the balance then; an asset with amounts over 2^63 - 1 is summed by delta_high * 10^9 + delta_low",
  sql: `
SELECT entries.chain_id, entries.account, entries.block_id, blocks.timestamp_iso, entries.kind, entries.asset_id,
  assets.symbol, entries.delta_units, entries.delta_units_large,
  ${decimalTextSql(digitsSql("entries.delta"), "assets.decimals")} AS delta_text,
  ${highWord("entries.delta_units", "entries.delta_units_large")} AS delta_high,
  ${lowWord("entries.delta_units", "entries.delta_units_large")} AS delta_low,
  entries.counterparty, entries.data, entries.transaction_id
FROM ledger_entries AS entries
JOIN blocks ON blocks.chain_id = entries.chain_id AND blocks."index" = entries.block_id
JOIN assets ON assets.chain_id = entries.chain_id AND assets.asset_id = entries.asset_id`.trim(),
  added: columns("chain", [
    chainColumn,
    ["account", "TEXT", "address of the account whose balance changes"],
    ["block_id", "INTEGER", "index of the block that changes it"],
    blockTime,
    ["kind", "TEXT", "allocation, reward or fees (earned), fee (paid), sent, received or issued"],
    ...assetColumns,
    ...amountColumns("delta", "the change, below zero where the balance falls"),
    ...wordColumns("delta", "the change"),
    ["counterparty", "TEXT", "name or address of the other side: the receiver, the sender or the issuer"],
    ["data", "TEXT", "memo of the transfer or metadata of the asset"],
    ["transaction_id", "TEXT", "the transaction; NULL for an allocation, a reward and fees earned"],
  ]),
};

const supply: View = {
  name: "supply",
  meaning:
    "How much there is of each asset: what came into being equals what accounts hold and what is not mature yet",
  sql: `
WITH parts AS (
  SELECT chain_id, 'AUR' AS asset_id, 1 AS made, 0 AS held, 0 AS waits, amount_units AS units, amount_units_large AS large FROM allocations
  UNION ALL
  SELECT chain_id, 'AUR', 1, 0, 0, amount_units, amount_units_large FROM rewards WHERE kind = 'reward'
  UNION ALL
  SELECT chain_id, asset_id, 1, 0, 0, amount_units, amount_units_large FROM transactions WHERE kind = 'issueAsset'
  UNION ALL
  SELECT chain_id, 'AUR', 0, 0, 1, amount_units, amount_units_large FROM rewards WHERE mature = 0
  UNION ALL
  SELECT chain_id, asset_id, 0, 1, 0, delta_units, delta_units_large FROM ledger_entries
), words AS (
  SELECT chain_id, asset_id, made, held, waits, ${highWord("units", "large")} AS high, ${lowWord("units", "large")} AS low
  FROM parts
), sums AS (
  SELECT chain_id, asset_id, ${summedWords("created", "made = 1")}, ${summedWords("held", "held = 1")}, ${summedWords("immature", "waits = 1")}
  FROM words GROUP BY chain_id, asset_id
), ${amountStages("sums", ["chain_id", "asset_id"], ["created", "held", "immature"])}
SELECT amounts.chain_id, amounts.asset_id, assets.symbol, assets.decimals, ${shownAmount("created", "assets.decimals")},
  ${shownAmount("held", "assets.decimals")}, ${shownAmount("immature", "assets.decimals")}
FROM amounts JOIN assets ON assets.chain_id = amounts.chain_id AND assets.asset_id = amounts.asset_id`.trim(),
  added: columns("chain", [
    chainColumn,
    ...assetColumns,
    ["decimals", "INTEGER", "decimal places of the asset"],
    ...amountColumns("created", "what came into being: allocations and block rewards, or the issue"),
    ...amountColumns("held", "what all accounts together can spend"),
    ...amountColumns("immature", "what blocks have earned and nobody can spend yet"),
  ]),
};

const holders: View = {
  name: "holders",
  meaning: "Accounts that have something of an asset, with their registered names",
  sql:
    "SELECT balances.chain_id, balances.asset_id, balances.symbol, balances.account, users.name, " +
    "balances.balance_units, balances.balance_units_large, balances.balance_text, balances.immature_text " +
    "FROM balances LEFT JOIN users ON users.chain_id = balances.chain_id AND users.account = balances.account " +
    "WHERE COALESCE(balances.balance_units, 1) <> 0 OR COALESCE(balances.immature_units, 1) <> 0",
  added: columns("chain", [
    chainColumn,
    ...assetColumns,
    ["account", "TEXT", "address of the account"],
    ["name", "TEXT", "its registered name; NULL: it has none"],
    ...amountColumns("balance", "what the account can spend"),
    ["immature_text", "TEXT", "what its blocks have earned beside that and it cannot spend yet", "asset"],
  ]),
};

const dailyTransactions: View = {
  name: "daily_transactions",
  meaning: "Transactions with the day of their block, in words: for a day, or an account's names",
  sql:
    "SELECT transactions.chain_id, substr(blocks.timestamp_iso, 1, 10) AS day, transactions.block_id, " +
    'transactions."position", blocks.timestamp_iso, transactions.kind, transactions.from_user, transactions.to_user, ' +
    "transactions.amount_text, assets.symbol, transactions.fee_text, transactions.data, transactions.id AS transaction_id, " +
    "CASE WHEN transactions.block_id <= COALESCE(meta.final_index, -1) THEN 1 ELSE 0 END AS final " +
    "FROM transactions JOIN meta ON meta.chain_id = transactions.chain_id " +
    'JOIN blocks ON blocks.chain_id = transactions.chain_id AND blocks."index" = transactions.block_id ' +
    "LEFT JOIN assets ON assets.chain_id = transactions.chain_id AND assets.asset_id = transactions.asset_id",
  added: columns("chain", [
    chainColumn,
    dayColumn,
    ["block_id", "INTEGER", "index of the block that holds it"],
    ["position", "INTEGER", "place in the block, from 0"],
    blockTime,
    ["kind", "TEXT", "transfer, record, registerUser, issueAsset or authorityVote"],
    ["from_user", "TEXT", "the sender, as in transactions"],
    ["to_user", "TEXT", "the other side, as in transactions"],
    ["amount_text", "TEXT", "the amount transferred or issued, exact", "asset"],
    ["symbol", "TEXT", "short name of the asset; not unique"],
    ["fee_text", "TEXT", "the fee in AUR, exact", "asset"],
    ["data", "TEXT", "memo, recorded data, registered name, asset metadata or the vote in words"],
    ["transaction_id", "TEXT", "the transaction"],
    ["final", "INTEGER", "1: nothing can replace it any more; 0: a reorganization still can"],
  ]),
};

const dailyVolume: View = {
  name: "daily_volume",
  meaning: "What was transferred of each asset on each day",
  sql: `
WITH words AS (
  SELECT transactions.chain_id, substr(blocks.timestamp_iso, 1, 10) AS day, transactions.asset_id,
    ${highWord("transactions.amount_units", "transactions.amount_units_large")} AS high,
    ${lowWord("transactions.amount_units", "transactions.amount_units_large")} AS low
  FROM transactions JOIN blocks ON blocks.chain_id = transactions.chain_id AND blocks."index" = transactions.block_id
  WHERE transactions.kind = 'transfer'
), sums AS (
  SELECT chain_id, day, asset_id, COUNT(*) AS transfers, SUM(high) AS volume_high, SUM(low) AS volume_low
  FROM words GROUP BY chain_id, day, asset_id
), ${amountStages("sums", ["chain_id", "day", "asset_id", "transfers"], ["volume"])}
SELECT amounts.chain_id, amounts.day, amounts.asset_id, assets.symbol, amounts.transfers, ${shownAmount("volume", "assets.decimals")}
FROM amounts JOIN assets ON assets.chain_id = amounts.chain_id AND assets.asset_id = amounts.asset_id`.trim(),
  added: columns("chain", [
    chainColumn,
    dayColumn,
    ...assetColumns,
    ["transfers", "INTEGER", "transfers of that asset on that day"],
    ...amountColumns("volume", "the sum of their amounts"),
  ]),
};

const sealedBy: View = {
  name: "sealed_by",
  meaning: "Who made the blocks of each chain: miners and authorities",
  sql:
    "SELECT made.chain_id, made.account, made.node_id, users.name, made.blocks, made.transactions, made.first_block, " +
    "made.last_block, first_made.timestamp_iso AS first_time, last_made.timestamp_iso AS last_time FROM (" +
    "SELECT chain_id, producer AS account, MAX(signer_id) AS node_id, COUNT(*) AS blocks, " +
    'CAST(SUM(transaction_count) AS BIGINT) AS transactions, MIN("index") AS first_block, MAX("index") AS last_block ' +
    'FROM blocks WHERE "index" > 0 GROUP BY chain_id, producer) AS made ' +
    'JOIN blocks AS first_made ON first_made.chain_id = made.chain_id AND first_made."index" = made.first_block ' +
    'JOIN blocks AS last_made ON last_made.chain_id = made.chain_id AND last_made."index" = made.last_block ' +
    "LEFT JOIN users ON users.chain_id = made.chain_id AND users.account = made.account",
  added: columns("chain", [
    chainColumn,
    ["account", "TEXT", "address of the producer's account"],
    ["node_id", "TEXT", "Proof of Authority: node id of the authority"],
    ["name", "TEXT", "registered name of the account; NULL: it has none"],
    ["blocks", "INTEGER", "blocks that it made", "blocks"],
    ["transactions", "INTEGER", "transactions in them"],
    ["first_block", "INTEGER", "index of the first of them"],
    ["last_block", "INTEGER", "index of the last of them"],
    ["first_time", "TEXT", "time of the first, ISO 8601", "UTC"],
    ["last_time", "TEXT", "time of the last, ISO 8601", "UTC"],
  ]),
};

const reorganizations: View = {
  name: "reorganizations",
  meaning: "What the export saw replaced: how many blocks, and with how many transactions",
  sql:
    "SELECT reorgs.reorg_id, reorgs.chain_id, reorgs.seen_at_ms, reorgs.fork_index, " +
    "reorgs.old_index - reorgs.fork_index AS blocks_left, reorgs.new_index - reorgs.fork_index AS blocks_written, " +
    "COALESCE(lost.transactions, 0) AS transactions_left, reorgs.old_hash, reorgs.new_hash FROM reorgs LEFT JOIN (" +
    "SELECT reorg_id, CAST(SUM(transaction_count) AS BIGINT) AS transactions FROM orphaned_blocks GROUP BY reorg_id) AS lost " +
    "ON lost.reorg_id = reorgs.reorg_id",
  added: columns("observed", [
    ["reorg_id", "INTEGER", "number of the reorganization in this file"],
    chainColumn,
    ["seen_at_ms", "INTEGER", "when the export followed it", "ms since 1970, UTC"],
    ["fork_index", "INTEGER", "index of the last block that both branches share"],
    ["blocks_left", "INTEGER", "blocks of the old branch, all in orphaned_blocks", "blocks"],
    ["blocks_written", "INTEGER", "blocks of the new branch that replaced them at once", "blocks"],
    [
      "transactions_left",
      "INTEGER",
      "transactions in the blocks that were left; the new branch may hold them too",
    ],
    ["old_hash", "TEXT", "hash of the tip that was left, hex"],
    ["new_hash", "TEXT", "hash of the tip that took its place, hex"],
  ]),
};

const notFinal: View = {
  name: "not_final",
  meaning: "Blocks that a reorganization can still replace; in Proof of Work that is all of them",
  sql:
    'SELECT blocks.chain_id, blocks."index" AS block_id, blocks.timestamp_iso, blocks.hash, blocks.producer, ' +
    'blocks.transaction_count FROM blocks JOIN meta ON meta.chain_id = blocks.chain_id WHERE blocks."index" > COALESCE(meta.final_index, -1)',
  added: columns("export", [
    chainColumn,
    ["block_id", "INTEGER", "index of the block"],
    blockTime,
    ["hash", "TEXT", "its hash, hex"],
    ["producer", "TEXT", "address of the producer's account"],
    ["transaction_count", "INTEGER", "transactions in the block"],
  ]),
};

const userOverview: View = {
  name: "user_overview",
  meaning: "Registered names with their accounts and what they have in AUR",
  sql:
    "SELECT users.chain_id, users.name, users.account, users.registered_in, blocks.timestamp_iso AS registered_at, " +
    "COALESCE(balances.balance_text, '0.00000000') AS aur_text, balances.balance_units AS aur_units " +
    'FROM users JOIN blocks ON blocks.chain_id = users.chain_id AND blocks."index" = users.registered_in ' +
    "LEFT JOIN balances ON balances.chain_id = users.chain_id AND balances.account = users.account AND balances.asset_id = 'AUR'",
  added: columns("chain", [
    chainColumn,
    ["name", "TEXT", "the registered name"],
    ["account", "TEXT", "address of the account that bears it"],
    ["registered_in", "INTEGER", "index of the block that registered it"],
    ["registered_at", "TEXT", "time of that block, ISO 8601", "UTC"],
    ["aur_text", "TEXT", "what the account can spend of AUR, exact", "asset"],
    [
      "aur_units",
      "INTEGER",
      "the same; NULL where the account never had any, or has over 2^63 - 1",
      "base units",
    ],
  ]),
};

const assetOverview: View = {
  name: "asset_overview",
  meaning: "Assets with their issuers, how much there is, and how many accounts hold them",
  sql:
    "SELECT assets.chain_id, assets.asset_id, assets.symbol, assets.name, assets.issuer, assets.issued_in, " +
    "blocks.timestamp_iso AS issued_at, supply.created_text, COALESCE(held.holders, 0) AS holders, assets.metadata " +
    'FROM assets JOIN blocks ON blocks.chain_id = assets.chain_id AND blocks."index" = assets.issued_in ' +
    "LEFT JOIN supply ON supply.chain_id = assets.chain_id AND supply.asset_id = assets.asset_id " +
    "LEFT JOIN (SELECT chain_id, asset_id, COUNT(*) AS holders FROM holders GROUP BY chain_id, asset_id) AS held " +
    "ON held.chain_id = assets.chain_id AND held.asset_id = assets.asset_id",
  added: columns("chain", [
    chainColumn,
    ...assetColumns,
    ["name", "TEXT", "name of the asset"],
    ["issuer", "TEXT", "the issuer's name or address; NULL for AUR"],
    ["issued_in", "INTEGER", "index of the block that holds the issue"],
    ["issued_at", "TEXT", "time of that block, ISO 8601", "UTC"],
    ["created_text", "TEXT", "what came into being of it, exact", "asset"],
    ["holders", "INTEGER", "accounts that have some of it"],
    ["metadata", "TEXT", "what the issuer wrote"],
  ]),
};

const authorities: View = {
  name: "authorities",
  meaning:
    "Proof of Authority: who may seal after the last block in this file, and since when; at an older index, see authority_changes",
  sql:
    "SELECT came.chain_id, came.account, came.node_id, users.name, came.block_id AS since_block, " +
    "blocks.timestamp_iso AS since_time FROM authority_changes AS came " +
    'JOIN blocks ON blocks.chain_id = came.chain_id AND blocks."index" = came.block_id ' +
    "LEFT JOIN users ON users.chain_id = came.chain_id AND users.account = came.account " +
    "WHERE came.change = 'added' AND NOT EXISTS (SELECT 1 FROM authority_changes AS gone " +
    "WHERE gone.chain_id = came.chain_id AND gone.account = came.account AND gone.block_id > came.block_id)",
  added: columns("chain", [
    chainColumn,
    ["account", "TEXT", "address of the authority's account"],
    ["node_id", "TEXT", "node id of the same key"],
    ["name", "TEXT", "registered name of the account; NULL: it has none"],
    ["since_block", "INTEGER", "index of the block after which it may seal"],
    ["since_time", "TEXT", "time of that block, ISO 8601", "UTC"],
  ]),
};

const authorityVotes: View = {
  name: "authority_votes",
  meaning:
    "Proof of Authority: every vote to let an authority in or out; what came of them is in authority_changes",
  sql:
    "SELECT transactions.chain_id, transactions.block_id, blocks.timestamp_iso, transactions.from_user AS voter, " +
    "transactions.from_account AS voter_account, CASE WHEN transactions.data LIKE 'add %' THEN 'add' " +
    "WHEN transactions.data LIKE 'remove %' THEN 'remove' END AS action, transactions.to_user AS authority, " +
    "transactions.to_account AS authority_account, transactions.data, transactions.id AS transaction_id " +
    'FROM transactions JOIN blocks ON blocks.chain_id = transactions.chain_id AND blocks."index" = transactions.block_id ' +
    "WHERE transactions.kind = 'authorityVote'",
  added: columns("chain", [
    chainColumn,
    ["block_id", "INTEGER", "index of the block that holds the vote"],
    blockTime,
    ["voter", "TEXT", "name or address of the authority that voted"],
    ["voter_account", "TEXT", "its address"],
    ["action", "TEXT", "add or remove"],
    ["authority", "TEXT", "name or address of the one that the vote is about"],
    ["authority_account", "TEXT", "its address"],
    ["data", "TEXT", "the vote in words, with its node id and the last block that counts it"],
    ["transaction_id", "TEXT", "the transaction"],
  ]),
};

/** All views, in an order in which each finds those that it reads. */
export const ledgerViews: readonly View[] = [
  ...foundingViews,
  accountLedger,
  supply,
  holders,
  dailyTransactions,
  dailyVolume,
  sealedBy,
  reorganizations,
  notFinal,
  userOverview,
  assetOverview,
  authorities,
  authorityVotes,
];
