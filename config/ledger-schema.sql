PRAGMA application_id = 1096112204;
PRAGMA user_version = 5;
-- table README
CREATE TABLE "README" (
  "line" INTEGER PRIMARY KEY,
  "text" TEXT NOT NULL
)
-- table meta
CREATE TABLE "meta" (
  "chain_id" TEXT NOT NULL PRIMARY KEY,
  "name" TEXT NOT NULL,
  "consensus" TEXT NOT NULL,
  "genesis_hash" TEXT NOT NULL,
  "genesis_bytes" BLOB NOT NULL,
  "reward_maturity_blocks" INTEGER NOT NULL CHECK (typeof("reward_maturity_blocks") = 'integer'),
  "chain_number" INTEGER NOT NULL UNIQUE CHECK (typeof("chain_number") = 'integer'),
  "first_index" INTEGER NOT NULL CHECK (typeof("first_index") = 'integer'),
  "cursor_index" INTEGER NOT NULL CHECK (typeof("cursor_index") = 'integer'),
  "cursor_hash" TEXT NOT NULL,
  "final_index" INTEGER CHECK (final_index <= cursor_index) CHECK (typeof("final_index") IN ('integer', 'null')),
  "final_hash" TEXT,
  "final_certificate" BLOB,
  "updated_at_ms" INTEGER NOT NULL CHECK (typeof("updated_at_ms") = 'integer')
)
-- index sqlite_autoindex_meta_1
-- index sqlite_autoindex_meta_2
-- table users
CREATE TABLE "users" (
  "name" TEXT NOT NULL,
  "account" TEXT NOT NULL,
  "registered_in" INTEGER NOT NULL CHECK (typeof("registered_in") = 'integer'),
  "registered_at_ms" INTEGER NOT NULL CHECK (typeof("registered_at_ms") = 'integer'),
  "transaction_id" TEXT NOT NULL,
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "origin" TEXT NOT NULL,
  PRIMARY KEY (chain_id, name),
  UNIQUE (chain_id, account)
)
-- index sqlite_autoindex_users_1
-- index sqlite_autoindex_users_2
-- index users_registered_in
CREATE INDEX users_registered_in ON users (registered_in)
-- table nodes
CREATE TABLE "nodes" (
  "node_id" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "host" TEXT,
  "port" INTEGER CHECK (typeof("port") IN ('integer', 'null')),
  "addresses" TEXT NOT NULL,
  "engine" TEXT NOT NULL,
  "role" TEXT NOT NULL,
  "height" INTEGER NOT NULL CHECK (typeof("height") = 'integer'),
  "version" TEXT NOT NULL,
  "first_seen_ms" INTEGER NOT NULL CHECK (typeof("first_seen_ms") = 'integer'),
  "last_seen_ms" INTEGER NOT NULL CHECK (typeof("last_seen_ms") = 'integer'),
  "record_timestamp_ms" INTEGER NOT NULL CHECK (typeof("record_timestamp_ms") = 'integer'),
  "record_bytes" BLOB NOT NULL,
  "chain_id" TEXT NOT NULL,
  "origin" TEXT NOT NULL,
  PRIMARY KEY (chain_id, node_id)
)
-- index sqlite_autoindex_nodes_1
-- table blocks
CREATE TABLE "blocks" (
  "index" INTEGER NOT NULL CHECK (typeof("index") = 'integer'),
  "timestamp" REAL NOT NULL CHECK (typeof("timestamp") = 'real'),
  "data" TEXT NOT NULL,
  "previous_hash" TEXT NOT NULL,
  "nonce" INTEGER CHECK (typeof("nonce") IN ('integer', 'null')),
  "hash" TEXT NOT NULL,
  "miner" TEXT,
  "signer_id" TEXT,
  "signature" TEXT,
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "timestamp_ms" INTEGER NOT NULL CHECK (typeof("timestamp_ms") = 'integer'),
  "timestamp_iso" TEXT,
  "producer" TEXT,
  "transaction_count" INTEGER NOT NULL CHECK (typeof("transaction_count") = 'integer'),
  "header_version" INTEGER NOT NULL CHECK (typeof("header_version") = 'integer'),
  "transactions_root" TEXT NOT NULL,
  "state_root" TEXT NOT NULL,
  "consensus_root" TEXT NOT NULL,
  "consensus_state_hash" TEXT NOT NULL,
  "target" TEXT NOT NULL,
  "extra_data" TEXT NOT NULL,
  "cumulative_weight" TEXT,
  "reward_units" INTEGER CHECK (typeof("reward_units") IN ('integer', 'null')),
  "reward_units_large" TEXT CHECK (reward_units IS NULL OR reward_units_large IS NULL),
  "reward_text" TEXT,
  "fees_units" INTEGER CHECK (typeof("fees_units") IN ('integer', 'null')),
  "fees_units_large" TEXT CHECK (fees_units IS NULL OR fees_units_large IS NULL),
  "fees_text" TEXT,
  "header_bytes" BLOB NOT NULL,
  "nonce_bytes" BLOB NOT NULL,
  "seal_signature" BLOB NOT NULL,
  "consensus_bytes" BLOB NOT NULL,
  "origin" TEXT NOT NULL,
  PRIMARY KEY (chain_id, "index")
)
-- index sqlite_autoindex_blocks_1
-- table transactions
CREATE TABLE "transactions" (
  "id" TEXT NOT NULL,
  "from_user" TEXT NOT NULL,
  "to_user" TEXT,
  "amount" REAL CHECK (abs(amount - CAST(amount_text AS REAL)) <= 1e-12 * amount) CHECK (typeof("amount") IN ('real', 'null')),
  "timestamp" TEXT,
  "block_id" INTEGER NOT NULL CHECK (typeof("block_id") = 'integer'),
  "status" TEXT NOT NULL CHECK (status = 'committed'),
  "chain_id" TEXT NOT NULL,
  "position" INTEGER NOT NULL CHECK (typeof("position") = 'integer'),
  "kind" TEXT NOT NULL,
  "from_account" TEXT NOT NULL,
  "to_account" TEXT,
  "asset_id" TEXT,
  "decimals" INTEGER CHECK (typeof("decimals") IN ('integer', 'null')),
  "amount_units" INTEGER CHECK (typeof("amount_units") IN ('integer', 'null')),
  "amount_units_large" TEXT CHECK (amount_units IS NULL OR amount_units_large IS NULL),
  "amount_text" TEXT,
  "fee_units" INTEGER CHECK (typeof("fee_units") IN ('integer', 'null')),
  "fee_units_large" TEXT CHECK (fee_units IS NULL OR fee_units_large IS NULL),
  "fee_text" TEXT,
  "sequence" INTEGER NOT NULL CHECK (typeof("sequence") = 'integer'),
  "valid_until" INTEGER NOT NULL CHECK (typeof("valid_until") = 'integer'),
  "timestamp_ms" INTEGER NOT NULL CHECK (typeof("timestamp_ms") = 'integer'),
  "data" TEXT NOT NULL,
  "bytes" BLOB NOT NULL,
  "signature" TEXT NOT NULL,
  "transaction_key" INTEGER PRIMARY KEY,
  "origin" TEXT NOT NULL,
  FOREIGN KEY (chain_id, block_id) REFERENCES blocks (chain_id, "index")
)
-- index transactions_block_id
CREATE INDEX transactions_block_id ON transactions (block_id)
-- table assets
CREATE TABLE "assets" (
  "asset_id" TEXT NOT NULL,
  "symbol" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "decimals" INTEGER NOT NULL CHECK (typeof("decimals") = 'integer'),
  "supply_units" INTEGER CHECK (typeof("supply_units") IN ('integer', 'null')),
  "supply_units_large" TEXT CHECK (supply_units IS NULL OR supply_units_large IS NULL),
  "supply_text" TEXT,
  "issuer" TEXT,
  "issuer_account" TEXT,
  "metadata" TEXT NOT NULL,
  "issued_in" INTEGER NOT NULL CHECK (typeof("issued_in") = 'integer'),
  "issued_at_ms" INTEGER NOT NULL CHECK (typeof("issued_at_ms") = 'integer'),
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "origin" TEXT NOT NULL,
  PRIMARY KEY (chain_id, asset_id)
)
-- index sqlite_autoindex_assets_1
-- index assets_issued_in
CREATE INDEX assets_issued_in ON assets (issued_in)
-- table mining_pool
CREATE TABLE "mining_pool" (
  "member" TEXT NOT NULL,
  "node_id" TEXT NOT NULL,
  "pool" TEXT NOT NULL,
  "blocks_found" INTEGER NOT NULL CHECK (typeof("blocks_found") = 'integer'),
  "shares_accepted" INTEGER CHECK (typeof("shares_accepted") IN ('integer', 'null')),
  "shares_rejected" INTEGER CHECK (typeof("shares_rejected") IN ('integer', 'null')),
  "hash_rate" REAL CHECK (typeof("hash_rate") IN ('real', 'null')),
  "rewards_due_units" INTEGER CHECK (typeof("rewards_due_units") IN ('integer', 'null')),
  "rewards_due_units_large" TEXT CHECK (rewards_due_units IS NULL OR rewards_due_units_large IS NULL),
  "rewards_due_text" TEXT,
  "rewards_paid_units" INTEGER CHECK (typeof("rewards_paid_units") IN ('integer', 'null')),
  "rewards_paid_units_large" TEXT CHECK (rewards_paid_units IS NULL OR rewards_paid_units_large IS NULL),
  "rewards_paid_text" TEXT,
  "payout_transaction" TEXT,
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "origin" TEXT NOT NULL CHECK (origin IN ('chain', 'observed')),
  PRIMARY KEY (chain_id, pool, member)
)
-- index sqlite_autoindex_mining_pool_1
-- table allocations
CREATE TABLE "allocations" (
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "account" TEXT NOT NULL,
  "amount_units" INTEGER CHECK (typeof("amount_units") IN ('integer', 'null')),
  "amount_units_large" TEXT CHECK (amount_units IS NULL OR amount_units_large IS NULL),
  "amount_text" TEXT,
  PRIMARY KEY (chain_id, account)
)
-- index sqlite_autoindex_allocations_1
-- table authority_changes
CREATE TABLE "authority_changes" (
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "block_id" INTEGER NOT NULL CHECK (typeof("block_id") = 'integer'),
  "account" TEXT NOT NULL,
  "node_id" TEXT NOT NULL,
  "change" TEXT NOT NULL,
  "origin" TEXT NOT NULL,
  PRIMARY KEY (chain_id, block_id, account)
)
-- index sqlite_autoindex_authority_changes_1
-- table reorgs
CREATE TABLE "reorgs" (
  "reorg_id" INTEGER PRIMARY KEY,
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "seen_at_ms" INTEGER NOT NULL CHECK (typeof("seen_at_ms") = 'integer'),
  "fork_index" INTEGER NOT NULL CHECK (typeof("fork_index") = 'integer'),
  "fork_hash" TEXT NOT NULL,
  "old_index" INTEGER NOT NULL CHECK (typeof("old_index") = 'integer'),
  "old_hash" TEXT NOT NULL,
  "new_index" INTEGER NOT NULL CHECK (typeof("new_index") = 'integer'),
  "new_hash" TEXT NOT NULL
)
-- table orphaned_blocks
CREATE TABLE "orphaned_blocks" (
  "reorg_id" INTEGER NOT NULL REFERENCES reorgs (reorg_id) CHECK (typeof("reorg_id") = 'integer'),
  "index" INTEGER NOT NULL CHECK (typeof("index") = 'integer'),
  "timestamp" REAL NOT NULL CHECK (typeof("timestamp") = 'real'),
  "data" TEXT NOT NULL,
  "previous_hash" TEXT NOT NULL,
  "nonce" INTEGER CHECK (typeof("nonce") IN ('integer', 'null')),
  "hash" TEXT NOT NULL,
  "miner" TEXT,
  "signer_id" TEXT,
  "signature" TEXT,
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "transaction_count" INTEGER NOT NULL CHECK (typeof("transaction_count") = 'integer'),
  "block_bytes" BLOB NOT NULL,
  PRIMARY KEY (reorg_id, "index")
)
-- index sqlite_autoindex_orphaned_blocks_1
-- index orphaned_blocks_hash
CREATE INDEX orphaned_blocks_hash ON orphaned_blocks (hash)
-- table data_dictionary
CREATE TABLE "data_dictionary" (
  "table_name" TEXT NOT NULL,
  "column_name" TEXT NOT NULL,
  "meaning" TEXT NOT NULL,
  "unit" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
)
-- index sqlite_autoindex_data_dictionary_1
-- view blocks_with_finality
CREATE VIEW blocks_with_finality AS SELECT blocks.*, CASE WHEN blocks."index" <= COALESCE(meta.final_index, -1) THEN 1 ELSE 0 END AS final FROM blocks JOIN meta ON meta.chain_id = blocks.chain_id
-- view transactions_with_finality
CREATE VIEW transactions_with_finality AS SELECT transactions.*, CASE WHEN transactions.block_id <= COALESCE(meta.final_index, -1) THEN 1 ELSE 0 END AS final FROM transactions JOIN meta ON meta.chain_id = transactions.chain_id
-- view rewards
CREATE VIEW rewards AS SELECT earned.chain_id, earned.block_id, earned.kind, earned.account, earned.amount_units, earned.amount_units_large, earned.block_id + meta.reward_maturity_blocks AS mature_in, CASE WHEN earned.block_id + meta.reward_maturity_blocks <= meta.cursor_index THEN 1 ELSE 0 END AS mature FROM (SELECT chain_id, "index" AS block_id, 'reward' AS kind, producer AS account, reward_units AS amount_units, reward_units_large AS amount_units_large FROM blocks WHERE "index" > 0 UNION ALL SELECT chain_id, "index" AS block_id, 'fees' AS kind, producer AS account, fees_units AS amount_units, fees_units_large AS amount_units_large FROM blocks WHERE "index" > 0) AS earned JOIN meta ON meta.chain_id = earned.chain_id WHERE COALESCE(earned.amount_units, 1) <> 0
-- view ledger_entries
CREATE VIEW ledger_entries AS SELECT chain_id, 0 AS block_id, CAST(NULL AS TEXT) AS transaction_id, 'allocation' AS kind, account, 'AUR' AS asset_id, amount_units AS delta_units, amount_units_large AS delta_units_large, CAST(NULL AS TEXT) AS counterparty, '' AS data FROM allocations UNION ALL SELECT chain_id, mature_in, CAST(NULL AS TEXT), kind, account, 'AUR', amount_units, amount_units_large, CAST(NULL AS TEXT), '' FROM rewards WHERE mature = 1 UNION ALL SELECT chain_id, block_id, id, 'fee', from_account, 'AUR', -fee_units, '-' || fee_units_large, CAST(NULL AS TEXT), '' FROM transactions WHERE COALESCE(fee_units, 1) <> 0 UNION ALL SELECT chain_id, block_id, id, 'sent', from_account, asset_id, -amount_units, '-' || amount_units_large, to_user, data FROM transactions WHERE kind = 'transfer' UNION ALL SELECT chain_id, block_id, id, CASE WHEN kind = 'transfer' THEN 'received' ELSE 'issued' END, to_account, asset_id, amount_units, amount_units_large, from_user, data FROM transactions WHERE kind IN ('transfer', 'issueAsset')
-- view balances
CREATE VIEW balances AS WITH parts AS (
  SELECT chain_id, account, asset_id, 0 AS waits, delta_units AS units, delta_units_large AS large FROM ledger_entries
  UNION ALL
  SELECT chain_id, account, 'AUR', 1, amount_units, amount_units_large FROM rewards WHERE mature = 0
), words AS (
  SELECT chain_id, account, asset_id, waits, COALESCE(CAST((units - units % 1000000000) / 1000000000 AS BIGINT), CAST(substr(large, CAST(1 AS INTEGER), CAST(length(large) - 9 AS INTEGER)) AS BIGINT)) AS high, COALESCE(units % 1000000000, CASE WHEN large LIKE '-%' THEN -CAST(substr(large, CAST(length(large) - 8 AS INTEGER), CAST(9 AS INTEGER)) AS BIGINT) ELSE CAST(substr(large, CAST(length(large) - 8 AS INTEGER), CAST(9 AS INTEGER)) AS BIGINT) END) AS low
  FROM parts
), sums AS (
  SELECT chain_id, account, asset_id, SUM(CASE WHEN waits = 0 THEN high ELSE 0 END) AS balance_high, SUM(CASE WHEN waits = 0 THEN low ELSE 0 END) AS balance_low, SUM(CASE WHEN waits = 1 THEN high ELSE 0 END) AS immature_high, SUM(CASE WHEN waits = 1 THEN low ELSE 0 END) AS immature_low
  FROM words GROUP BY chain_id, account, asset_id
), carried AS (SELECT chain_id, account, asset_id, CAST(balance_high + CAST((balance_low - ((balance_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000 AS BIGINT) AS BIGINT) AS balance_high, CAST(((balance_low % 1000000000 + 1000000000) % 1000000000) AS BIGINT) AS balance_low, CAST(immature_high + CAST((immature_low - ((immature_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000 AS BIGINT) AS BIGINT) AS immature_high, CAST(((immature_low % 1000000000 + 1000000000) % 1000000000) AS BIGINT) AS immature_low FROM sums), amounts AS (SELECT chain_id, account, asset_id, CASE WHEN (balance_high BETWEEN -9223372036 AND 9223372035 OR balance_high = 9223372036 AND balance_low <= 854775807 OR balance_high = -9223372037 AND balance_low >= 145224192) THEN CASE WHEN balance_high < 0 THEN (balance_high + 1) * 1000000000 + (balance_low - 1000000000) ELSE balance_high * 1000000000 + balance_low END END AS balance_units, CASE WHEN NOT (balance_high BETWEEN -9223372036 AND 9223372035 OR balance_high = 9223372036 AND balance_low <= 854775807 OR balance_high = -9223372037 AND balance_low >= 145224192) THEN CASE WHEN balance_high > 0 THEN CAST(balance_high AS TEXT) || substr('000000000' || CAST(balance_low AS TEXT), length(CAST(balance_low AS TEXT)) + 1, 9) WHEN balance_high = 0 THEN CAST(balance_low AS TEXT) WHEN balance_high = -1 THEN '-' || CAST(1000000000 - balance_low AS TEXT) WHEN balance_low = 0 THEN '-' || CAST(-balance_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-balance_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - balance_low AS TEXT), length(CAST(1000000000 - balance_low AS TEXT)) + 1, 9) END END AS balance_units_large, CASE WHEN balance_high > 0 THEN CAST(balance_high AS TEXT) || substr('000000000' || CAST(balance_low AS TEXT), length(CAST(balance_low AS TEXT)) + 1, 9) WHEN balance_high = 0 THEN CAST(balance_low AS TEXT) WHEN balance_high = -1 THEN '-' || CAST(1000000000 - balance_low AS TEXT) WHEN balance_low = 0 THEN '-' || CAST(-balance_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-balance_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - balance_low AS TEXT), length(CAST(1000000000 - balance_low AS TEXT)) + 1, 9) END AS balance_digits, CASE WHEN (immature_high BETWEEN -9223372036 AND 9223372035 OR immature_high = 9223372036 AND immature_low <= 854775807 OR immature_high = -9223372037 AND immature_low >= 145224192) THEN CASE WHEN immature_high < 0 THEN (immature_high + 1) * 1000000000 + (immature_low - 1000000000) ELSE immature_high * 1000000000 + immature_low END END AS immature_units, CASE WHEN NOT (immature_high BETWEEN -9223372036 AND 9223372035 OR immature_high = 9223372036 AND immature_low <= 854775807 OR immature_high = -9223372037 AND immature_low >= 145224192) THEN CASE WHEN immature_high > 0 THEN CAST(immature_high AS TEXT) || substr('000000000' || CAST(immature_low AS TEXT), length(CAST(immature_low AS TEXT)) + 1, 9) WHEN immature_high = 0 THEN CAST(immature_low AS TEXT) WHEN immature_high = -1 THEN '-' || CAST(1000000000 - immature_low AS TEXT) WHEN immature_low = 0 THEN '-' || CAST(-immature_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-immature_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - immature_low AS TEXT), length(CAST(1000000000 - immature_low AS TEXT)) + 1, 9) END END AS immature_units_large, CASE WHEN immature_high > 0 THEN CAST(immature_high AS TEXT) || substr('000000000' || CAST(immature_low AS TEXT), length(CAST(immature_low AS TEXT)) + 1, 9) WHEN immature_high = 0 THEN CAST(immature_low AS TEXT) WHEN immature_high = -1 THEN '-' || CAST(1000000000 - immature_low AS TEXT) WHEN immature_low = 0 THEN '-' || CAST(-immature_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-immature_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - immature_low AS TEXT), length(CAST(1000000000 - immature_low AS TEXT)) + 1, 9) END AS immature_digits FROM carried)
SELECT amounts.chain_id, amounts.account, amounts.asset_id, assets.symbol, assets.decimals,
  balance_units, balance_units_large, CASE WHEN assets.decimals = 0 THEN balance_digits WHEN length(replace(balance_digits, '-', '')) > assets.decimals THEN CASE WHEN balance_digits LIKE '-%' THEN '-' ELSE '' END || substr(replace(balance_digits, '-', ''), CAST(1 AS INTEGER), CAST(length(replace(balance_digits, '-', '')) - assets.decimals AS INTEGER)) || '.' || substr(replace(balance_digits, '-', ''), CAST(length(replace(balance_digits, '-', '')) - assets.decimals + 1 AS INTEGER), CAST(assets.decimals AS INTEGER)) ELSE CASE WHEN balance_digits LIKE '-%' THEN '-' ELSE '' END || '0.' || substr('000000000000000000', CAST(1 AS INTEGER), CAST(assets.decimals - length(replace(balance_digits, '-', '')) AS INTEGER)) || replace(balance_digits, '-', '') END AS balance_text, immature_units, immature_units_large, CASE WHEN assets.decimals = 0 THEN immature_digits WHEN length(replace(immature_digits, '-', '')) > assets.decimals THEN CASE WHEN immature_digits LIKE '-%' THEN '-' ELSE '' END || substr(replace(immature_digits, '-', ''), CAST(1 AS INTEGER), CAST(length(replace(immature_digits, '-', '')) - assets.decimals AS INTEGER)) || '.' || substr(replace(immature_digits, '-', ''), CAST(length(replace(immature_digits, '-', '')) - assets.decimals + 1 AS INTEGER), CAST(assets.decimals AS INTEGER)) ELSE CASE WHEN immature_digits LIKE '-%' THEN '-' ELSE '' END || '0.' || substr('000000000000000000', CAST(1 AS INTEGER), CAST(assets.decimals - length(replace(immature_digits, '-', '')) AS INTEGER)) || replace(immature_digits, '-', '') END AS immature_text
FROM amounts JOIN assets ON assets.chain_id = amounts.chain_id AND assets.asset_id = amounts.asset_id
-- view pool_payments
CREATE VIEW pool_payments AS SELECT mining_pool.chain_id, mining_pool.pool, mining_pool.member, transactions.block_id, transactions.id AS transaction_id, transactions.amount_units, transactions.amount_units_large, transactions.amount_text FROM mining_pool JOIN transactions ON transactions.chain_id = mining_pool.chain_id AND transactions.from_account = mining_pool.pool AND transactions.to_account = mining_pool.member WHERE transactions.kind = 'transfer' AND transactions.asset_id = 'AUR'
-- view account_ledger
CREATE VIEW account_ledger AS SELECT entries.chain_id, entries.account, entries.block_id, blocks.timestamp_iso, entries.kind, entries.asset_id,
  assets.symbol, entries.delta_units, entries.delta_units_large,
  CASE WHEN assets.decimals = 0 THEN COALESCE(CAST(entries.delta_units AS TEXT), entries.delta_units_large) WHEN length(replace(COALESCE(CAST(entries.delta_units AS TEXT), entries.delta_units_large), '-', '')) > assets.decimals THEN CASE WHEN COALESCE(CAST(entries.delta_units AS TEXT), entries.delta_units_large) LIKE '-%' THEN '-' ELSE '' END || substr(replace(COALESCE(CAST(entries.delta_units AS TEXT), entries.delta_units_large), '-', ''), CAST(1 AS INTEGER), CAST(length(replace(COALESCE(CAST(entries.delta_units AS TEXT), entries.delta_units_large), '-', '')) - assets.decimals AS INTEGER)) || '.' || substr(replace(COALESCE(CAST(entries.delta_units AS TEXT), entries.delta_units_large), '-', ''), CAST(length(replace(COALESCE(CAST(entries.delta_units AS TEXT), entries.delta_units_large), '-', '')) - assets.decimals + 1 AS INTEGER), CAST(assets.decimals AS INTEGER)) ELSE CASE WHEN COALESCE(CAST(entries.delta_units AS TEXT), entries.delta_units_large) LIKE '-%' THEN '-' ELSE '' END || '0.' || substr('000000000000000000', CAST(1 AS INTEGER), CAST(assets.decimals - length(replace(COALESCE(CAST(entries.delta_units AS TEXT), entries.delta_units_large), '-', '')) AS INTEGER)) || replace(COALESCE(CAST(entries.delta_units AS TEXT), entries.delta_units_large), '-', '') END AS delta_text,
  COALESCE(CAST((entries.delta_units - entries.delta_units % 1000000000) / 1000000000 AS BIGINT), CAST(substr(entries.delta_units_large, CAST(1 AS INTEGER), CAST(length(entries.delta_units_large) - 9 AS INTEGER)) AS BIGINT)) AS delta_high,
  COALESCE(entries.delta_units % 1000000000, CASE WHEN entries.delta_units_large LIKE '-%' THEN -CAST(substr(entries.delta_units_large, CAST(length(entries.delta_units_large) - 8 AS INTEGER), CAST(9 AS INTEGER)) AS BIGINT) ELSE CAST(substr(entries.delta_units_large, CAST(length(entries.delta_units_large) - 8 AS INTEGER), CAST(9 AS INTEGER)) AS BIGINT) END) AS delta_low,
  entries.counterparty, entries.data, entries.transaction_id
FROM ledger_entries AS entries
JOIN blocks ON blocks.chain_id = entries.chain_id AND blocks."index" = entries.block_id
JOIN assets ON assets.chain_id = entries.chain_id AND assets.asset_id = entries.asset_id
-- view supply
CREATE VIEW supply AS WITH parts AS (
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
  SELECT chain_id, asset_id, made, held, waits, COALESCE(CAST((units - units % 1000000000) / 1000000000 AS BIGINT), CAST(substr(large, CAST(1 AS INTEGER), CAST(length(large) - 9 AS INTEGER)) AS BIGINT)) AS high, COALESCE(units % 1000000000, CASE WHEN large LIKE '-%' THEN -CAST(substr(large, CAST(length(large) - 8 AS INTEGER), CAST(9 AS INTEGER)) AS BIGINT) ELSE CAST(substr(large, CAST(length(large) - 8 AS INTEGER), CAST(9 AS INTEGER)) AS BIGINT) END) AS low
  FROM parts
), sums AS (
  SELECT chain_id, asset_id, SUM(CASE WHEN made = 1 THEN high ELSE 0 END) AS created_high, SUM(CASE WHEN made = 1 THEN low ELSE 0 END) AS created_low, SUM(CASE WHEN held = 1 THEN high ELSE 0 END) AS held_high, SUM(CASE WHEN held = 1 THEN low ELSE 0 END) AS held_low, SUM(CASE WHEN waits = 1 THEN high ELSE 0 END) AS immature_high, SUM(CASE WHEN waits = 1 THEN low ELSE 0 END) AS immature_low
  FROM words GROUP BY chain_id, asset_id
), carried AS (SELECT chain_id, asset_id, CAST(created_high + CAST((created_low - ((created_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000 AS BIGINT) AS BIGINT) AS created_high, CAST(((created_low % 1000000000 + 1000000000) % 1000000000) AS BIGINT) AS created_low, CAST(held_high + CAST((held_low - ((held_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000 AS BIGINT) AS BIGINT) AS held_high, CAST(((held_low % 1000000000 + 1000000000) % 1000000000) AS BIGINT) AS held_low, CAST(immature_high + CAST((immature_low - ((immature_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000 AS BIGINT) AS BIGINT) AS immature_high, CAST(((immature_low % 1000000000 + 1000000000) % 1000000000) AS BIGINT) AS immature_low FROM sums), amounts AS (SELECT chain_id, asset_id, CASE WHEN (created_high BETWEEN -9223372036 AND 9223372035 OR created_high = 9223372036 AND created_low <= 854775807 OR created_high = -9223372037 AND created_low >= 145224192) THEN CASE WHEN created_high < 0 THEN (created_high + 1) * 1000000000 + (created_low - 1000000000) ELSE created_high * 1000000000 + created_low END END AS created_units, CASE WHEN NOT (created_high BETWEEN -9223372036 AND 9223372035 OR created_high = 9223372036 AND created_low <= 854775807 OR created_high = -9223372037 AND created_low >= 145224192) THEN CASE WHEN created_high > 0 THEN CAST(created_high AS TEXT) || substr('000000000' || CAST(created_low AS TEXT), length(CAST(created_low AS TEXT)) + 1, 9) WHEN created_high = 0 THEN CAST(created_low AS TEXT) WHEN created_high = -1 THEN '-' || CAST(1000000000 - created_low AS TEXT) WHEN created_low = 0 THEN '-' || CAST(-created_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-created_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - created_low AS TEXT), length(CAST(1000000000 - created_low AS TEXT)) + 1, 9) END END AS created_units_large, CASE WHEN created_high > 0 THEN CAST(created_high AS TEXT) || substr('000000000' || CAST(created_low AS TEXT), length(CAST(created_low AS TEXT)) + 1, 9) WHEN created_high = 0 THEN CAST(created_low AS TEXT) WHEN created_high = -1 THEN '-' || CAST(1000000000 - created_low AS TEXT) WHEN created_low = 0 THEN '-' || CAST(-created_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-created_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - created_low AS TEXT), length(CAST(1000000000 - created_low AS TEXT)) + 1, 9) END AS created_digits, CASE WHEN (held_high BETWEEN -9223372036 AND 9223372035 OR held_high = 9223372036 AND held_low <= 854775807 OR held_high = -9223372037 AND held_low >= 145224192) THEN CASE WHEN held_high < 0 THEN (held_high + 1) * 1000000000 + (held_low - 1000000000) ELSE held_high * 1000000000 + held_low END END AS held_units, CASE WHEN NOT (held_high BETWEEN -9223372036 AND 9223372035 OR held_high = 9223372036 AND held_low <= 854775807 OR held_high = -9223372037 AND held_low >= 145224192) THEN CASE WHEN held_high > 0 THEN CAST(held_high AS TEXT) || substr('000000000' || CAST(held_low AS TEXT), length(CAST(held_low AS TEXT)) + 1, 9) WHEN held_high = 0 THEN CAST(held_low AS TEXT) WHEN held_high = -1 THEN '-' || CAST(1000000000 - held_low AS TEXT) WHEN held_low = 0 THEN '-' || CAST(-held_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-held_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - held_low AS TEXT), length(CAST(1000000000 - held_low AS TEXT)) + 1, 9) END END AS held_units_large, CASE WHEN held_high > 0 THEN CAST(held_high AS TEXT) || substr('000000000' || CAST(held_low AS TEXT), length(CAST(held_low AS TEXT)) + 1, 9) WHEN held_high = 0 THEN CAST(held_low AS TEXT) WHEN held_high = -1 THEN '-' || CAST(1000000000 - held_low AS TEXT) WHEN held_low = 0 THEN '-' || CAST(-held_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-held_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - held_low AS TEXT), length(CAST(1000000000 - held_low AS TEXT)) + 1, 9) END AS held_digits, CASE WHEN (immature_high BETWEEN -9223372036 AND 9223372035 OR immature_high = 9223372036 AND immature_low <= 854775807 OR immature_high = -9223372037 AND immature_low >= 145224192) THEN CASE WHEN immature_high < 0 THEN (immature_high + 1) * 1000000000 + (immature_low - 1000000000) ELSE immature_high * 1000000000 + immature_low END END AS immature_units, CASE WHEN NOT (immature_high BETWEEN -9223372036 AND 9223372035 OR immature_high = 9223372036 AND immature_low <= 854775807 OR immature_high = -9223372037 AND immature_low >= 145224192) THEN CASE WHEN immature_high > 0 THEN CAST(immature_high AS TEXT) || substr('000000000' || CAST(immature_low AS TEXT), length(CAST(immature_low AS TEXT)) + 1, 9) WHEN immature_high = 0 THEN CAST(immature_low AS TEXT) WHEN immature_high = -1 THEN '-' || CAST(1000000000 - immature_low AS TEXT) WHEN immature_low = 0 THEN '-' || CAST(-immature_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-immature_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - immature_low AS TEXT), length(CAST(1000000000 - immature_low AS TEXT)) + 1, 9) END END AS immature_units_large, CASE WHEN immature_high > 0 THEN CAST(immature_high AS TEXT) || substr('000000000' || CAST(immature_low AS TEXT), length(CAST(immature_low AS TEXT)) + 1, 9) WHEN immature_high = 0 THEN CAST(immature_low AS TEXT) WHEN immature_high = -1 THEN '-' || CAST(1000000000 - immature_low AS TEXT) WHEN immature_low = 0 THEN '-' || CAST(-immature_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-immature_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - immature_low AS TEXT), length(CAST(1000000000 - immature_low AS TEXT)) + 1, 9) END AS immature_digits FROM carried)
SELECT amounts.chain_id, amounts.asset_id, assets.symbol, assets.decimals, created_units, created_units_large, CASE WHEN assets.decimals = 0 THEN created_digits WHEN length(replace(created_digits, '-', '')) > assets.decimals THEN CASE WHEN created_digits LIKE '-%' THEN '-' ELSE '' END || substr(replace(created_digits, '-', ''), CAST(1 AS INTEGER), CAST(length(replace(created_digits, '-', '')) - assets.decimals AS INTEGER)) || '.' || substr(replace(created_digits, '-', ''), CAST(length(replace(created_digits, '-', '')) - assets.decimals + 1 AS INTEGER), CAST(assets.decimals AS INTEGER)) ELSE CASE WHEN created_digits LIKE '-%' THEN '-' ELSE '' END || '0.' || substr('000000000000000000', CAST(1 AS INTEGER), CAST(assets.decimals - length(replace(created_digits, '-', '')) AS INTEGER)) || replace(created_digits, '-', '') END AS created_text,
  held_units, held_units_large, CASE WHEN assets.decimals = 0 THEN held_digits WHEN length(replace(held_digits, '-', '')) > assets.decimals THEN CASE WHEN held_digits LIKE '-%' THEN '-' ELSE '' END || substr(replace(held_digits, '-', ''), CAST(1 AS INTEGER), CAST(length(replace(held_digits, '-', '')) - assets.decimals AS INTEGER)) || '.' || substr(replace(held_digits, '-', ''), CAST(length(replace(held_digits, '-', '')) - assets.decimals + 1 AS INTEGER), CAST(assets.decimals AS INTEGER)) ELSE CASE WHEN held_digits LIKE '-%' THEN '-' ELSE '' END || '0.' || substr('000000000000000000', CAST(1 AS INTEGER), CAST(assets.decimals - length(replace(held_digits, '-', '')) AS INTEGER)) || replace(held_digits, '-', '') END AS held_text, immature_units, immature_units_large, CASE WHEN assets.decimals = 0 THEN immature_digits WHEN length(replace(immature_digits, '-', '')) > assets.decimals THEN CASE WHEN immature_digits LIKE '-%' THEN '-' ELSE '' END || substr(replace(immature_digits, '-', ''), CAST(1 AS INTEGER), CAST(length(replace(immature_digits, '-', '')) - assets.decimals AS INTEGER)) || '.' || substr(replace(immature_digits, '-', ''), CAST(length(replace(immature_digits, '-', '')) - assets.decimals + 1 AS INTEGER), CAST(assets.decimals AS INTEGER)) ELSE CASE WHEN immature_digits LIKE '-%' THEN '-' ELSE '' END || '0.' || substr('000000000000000000', CAST(1 AS INTEGER), CAST(assets.decimals - length(replace(immature_digits, '-', '')) AS INTEGER)) || replace(immature_digits, '-', '') END AS immature_text
FROM amounts JOIN assets ON assets.chain_id = amounts.chain_id AND assets.asset_id = amounts.asset_id
-- view holders
CREATE VIEW holders AS SELECT balances.chain_id, balances.asset_id, balances.symbol, balances.account, users.name, balances.balance_units, balances.balance_units_large, balances.balance_text, balances.immature_text FROM balances LEFT JOIN users ON users.chain_id = balances.chain_id AND users.account = balances.account WHERE COALESCE(balances.balance_units, 1) <> 0 OR COALESCE(balances.immature_units, 1) <> 0
-- view daily_transactions
CREATE VIEW daily_transactions AS SELECT transactions.chain_id, substr(blocks.timestamp_iso, 1, 10) AS day, transactions.block_id, transactions."position", blocks.timestamp_iso, transactions.kind, transactions.from_user, transactions.to_user, transactions.amount_text, assets.symbol, transactions.fee_text, transactions.data, transactions.id AS transaction_id, CASE WHEN transactions.block_id <= COALESCE(meta.final_index, -1) THEN 1 ELSE 0 END AS final FROM transactions JOIN meta ON meta.chain_id = transactions.chain_id JOIN blocks ON blocks.chain_id = transactions.chain_id AND blocks."index" = transactions.block_id LEFT JOIN assets ON assets.chain_id = transactions.chain_id AND assets.asset_id = transactions.asset_id
-- view daily_volume
CREATE VIEW daily_volume AS WITH words AS (
  SELECT transactions.chain_id, substr(blocks.timestamp_iso, 1, 10) AS day, transactions.asset_id,
    COALESCE(CAST((transactions.amount_units - transactions.amount_units % 1000000000) / 1000000000 AS BIGINT), CAST(substr(transactions.amount_units_large, CAST(1 AS INTEGER), CAST(length(transactions.amount_units_large) - 9 AS INTEGER)) AS BIGINT)) AS high,
    COALESCE(transactions.amount_units % 1000000000, CASE WHEN transactions.amount_units_large LIKE '-%' THEN -CAST(substr(transactions.amount_units_large, CAST(length(transactions.amount_units_large) - 8 AS INTEGER), CAST(9 AS INTEGER)) AS BIGINT) ELSE CAST(substr(transactions.amount_units_large, CAST(length(transactions.amount_units_large) - 8 AS INTEGER), CAST(9 AS INTEGER)) AS BIGINT) END) AS low
  FROM transactions JOIN blocks ON blocks.chain_id = transactions.chain_id AND blocks."index" = transactions.block_id
  WHERE transactions.kind = 'transfer'
), sums AS (
  SELECT chain_id, day, asset_id, COUNT(*) AS transfers, SUM(high) AS volume_high, SUM(low) AS volume_low
  FROM words GROUP BY chain_id, day, asset_id
), carried AS (SELECT chain_id, day, asset_id, transfers, CAST(volume_high + CAST((volume_low - ((volume_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000 AS BIGINT) AS BIGINT) AS volume_high, CAST(((volume_low % 1000000000 + 1000000000) % 1000000000) AS BIGINT) AS volume_low FROM sums), amounts AS (SELECT chain_id, day, asset_id, transfers, CASE WHEN (volume_high BETWEEN -9223372036 AND 9223372035 OR volume_high = 9223372036 AND volume_low <= 854775807 OR volume_high = -9223372037 AND volume_low >= 145224192) THEN CASE WHEN volume_high < 0 THEN (volume_high + 1) * 1000000000 + (volume_low - 1000000000) ELSE volume_high * 1000000000 + volume_low END END AS volume_units, CASE WHEN NOT (volume_high BETWEEN -9223372036 AND 9223372035 OR volume_high = 9223372036 AND volume_low <= 854775807 OR volume_high = -9223372037 AND volume_low >= 145224192) THEN CASE WHEN volume_high > 0 THEN CAST(volume_high AS TEXT) || substr('000000000' || CAST(volume_low AS TEXT), length(CAST(volume_low AS TEXT)) + 1, 9) WHEN volume_high = 0 THEN CAST(volume_low AS TEXT) WHEN volume_high = -1 THEN '-' || CAST(1000000000 - volume_low AS TEXT) WHEN volume_low = 0 THEN '-' || CAST(-volume_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-volume_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - volume_low AS TEXT), length(CAST(1000000000 - volume_low AS TEXT)) + 1, 9) END END AS volume_units_large, CASE WHEN volume_high > 0 THEN CAST(volume_high AS TEXT) || substr('000000000' || CAST(volume_low AS TEXT), length(CAST(volume_low AS TEXT)) + 1, 9) WHEN volume_high = 0 THEN CAST(volume_low AS TEXT) WHEN volume_high = -1 THEN '-' || CAST(1000000000 - volume_low AS TEXT) WHEN volume_low = 0 THEN '-' || CAST(-volume_high AS TEXT) || substr('000000000' || '0', length('0') + 1, 9) ELSE '-' || CAST(-volume_high - 1 AS TEXT) || substr('000000000' || CAST(1000000000 - volume_low AS TEXT), length(CAST(1000000000 - volume_low AS TEXT)) + 1, 9) END AS volume_digits FROM carried)
SELECT amounts.chain_id, amounts.day, amounts.asset_id, assets.symbol, amounts.transfers, volume_units, volume_units_large, CASE WHEN assets.decimals = 0 THEN volume_digits WHEN length(replace(volume_digits, '-', '')) > assets.decimals THEN CASE WHEN volume_digits LIKE '-%' THEN '-' ELSE '' END || substr(replace(volume_digits, '-', ''), CAST(1 AS INTEGER), CAST(length(replace(volume_digits, '-', '')) - assets.decimals AS INTEGER)) || '.' || substr(replace(volume_digits, '-', ''), CAST(length(replace(volume_digits, '-', '')) - assets.decimals + 1 AS INTEGER), CAST(assets.decimals AS INTEGER)) ELSE CASE WHEN volume_digits LIKE '-%' THEN '-' ELSE '' END || '0.' || substr('000000000000000000', CAST(1 AS INTEGER), CAST(assets.decimals - length(replace(volume_digits, '-', '')) AS INTEGER)) || replace(volume_digits, '-', '') END AS volume_text
FROM amounts JOIN assets ON assets.chain_id = amounts.chain_id AND assets.asset_id = amounts.asset_id
-- view sealed_by
CREATE VIEW sealed_by AS SELECT made.chain_id, made.account, made.node_id, users.name, made.blocks, made.transactions, made.first_block, made.last_block, first_made.timestamp_iso AS first_time, last_made.timestamp_iso AS last_time FROM (SELECT chain_id, producer AS account, MAX(signer_id) AS node_id, COUNT(*) AS blocks, CAST(SUM(transaction_count) AS BIGINT) AS transactions, MIN("index") AS first_block, MAX("index") AS last_block FROM blocks WHERE "index" > 0 GROUP BY chain_id, producer) AS made JOIN blocks AS first_made ON first_made.chain_id = made.chain_id AND first_made."index" = made.first_block JOIN blocks AS last_made ON last_made.chain_id = made.chain_id AND last_made."index" = made.last_block LEFT JOIN users ON users.chain_id = made.chain_id AND users.account = made.account
-- view reorganizations
CREATE VIEW reorganizations AS SELECT reorgs.reorg_id, reorgs.chain_id, reorgs.seen_at_ms, reorgs.fork_index, reorgs.old_index - reorgs.fork_index AS blocks_left, reorgs.new_index - reorgs.fork_index AS blocks_written, COALESCE(lost.transactions, 0) AS transactions_left, reorgs.old_hash, reorgs.new_hash FROM reorgs LEFT JOIN (SELECT reorg_id, CAST(SUM(transaction_count) AS BIGINT) AS transactions FROM orphaned_blocks GROUP BY reorg_id) AS lost ON lost.reorg_id = reorgs.reorg_id
-- view not_final
CREATE VIEW not_final AS SELECT blocks.chain_id, blocks."index" AS block_id, blocks.timestamp_iso, blocks.hash, blocks.producer, blocks.transaction_count FROM blocks JOIN meta ON meta.chain_id = blocks.chain_id WHERE blocks."index" > COALESCE(meta.final_index, -1)
-- view user_overview
CREATE VIEW user_overview AS SELECT users.chain_id, users.name, users.account, users.registered_in, blocks.timestamp_iso AS registered_at, COALESCE(balances.balance_text, '0.00000000') AS aur_text, balances.balance_units AS aur_units FROM users JOIN blocks ON blocks.chain_id = users.chain_id AND blocks."index" = users.registered_in LEFT JOIN balances ON balances.chain_id = users.chain_id AND balances.account = users.account AND balances.asset_id = 'AUR'
-- view asset_overview
CREATE VIEW asset_overview AS SELECT assets.chain_id, assets.asset_id, assets.symbol, assets.name, assets.issuer, assets.issued_in, blocks.timestamp_iso AS issued_at, supply.created_text, COALESCE(held.holders, 0) AS holders, assets.metadata FROM assets JOIN blocks ON blocks.chain_id = assets.chain_id AND blocks."index" = assets.issued_in LEFT JOIN supply ON supply.chain_id = assets.chain_id AND supply.asset_id = assets.asset_id LEFT JOIN (SELECT chain_id, asset_id, COUNT(*) AS holders FROM holders GROUP BY chain_id, asset_id) AS held ON held.chain_id = assets.chain_id AND held.asset_id = assets.asset_id
-- view authorities
CREATE VIEW authorities AS SELECT came.chain_id, came.account, came.node_id, users.name, came.block_id AS since_block, blocks.timestamp_iso AS since_time FROM authority_changes AS came JOIN blocks ON blocks.chain_id = came.chain_id AND blocks."index" = came.block_id LEFT JOIN users ON users.chain_id = came.chain_id AND users.account = came.account WHERE came.change = 'added' AND NOT EXISTS (SELECT 1 FROM authority_changes AS gone WHERE gone.chain_id = came.chain_id AND gone.account = came.account AND gone.block_id > came.block_id)
-- view authority_votes
CREATE VIEW authority_votes AS SELECT transactions.chain_id, transactions.block_id, blocks.timestamp_iso, transactions.from_user AS voter, transactions.from_account AS voter_account, CASE WHEN transactions.data LIKE 'add %' THEN 'add' WHEN transactions.data LIKE 'remove %' THEN 'remove' END AS action, transactions.to_user AS authority, transactions.to_account AS authority_account, transactions.data, transactions.id AS transaction_id FROM transactions JOIN blocks ON blocks.chain_id = transactions.chain_id AND blocks."index" = transactions.block_id WHERE transactions.kind = 'authorityVote'
-- index blocks_hash
CREATE INDEX blocks_hash ON blocks (hash)
-- index transactions_id
CREATE INDEX transactions_id ON transactions (id)
-- index transactions_from
CREATE INDEX transactions_from ON transactions (from_account, block_id)
-- index transactions_to
CREATE INDEX transactions_to ON transactions (to_account, block_id)
