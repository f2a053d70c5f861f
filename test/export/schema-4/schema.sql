-- The tables, indexes and views of schema 4, as the program of before schema 5 made them.
PRAGMA application_id = 1096112204;
PRAGMA user_version = 4;
CREATE TABLE "meta" (
  "chain_id" TEXT NOT NULL PRIMARY KEY,
  "name" TEXT NOT NULL,
  "consensus" TEXT NOT NULL,
  "genesis_hash" TEXT NOT NULL,
  "genesis_bytes" BLOB NOT NULL,
  "reward_maturity_blocks" INTEGER NOT NULL,
  "chain_number" INTEGER NOT NULL UNIQUE,
  "cursor_index" INTEGER NOT NULL,
  "cursor_hash" TEXT NOT NULL,
  "final_index" INTEGER CHECK (final_index <= cursor_index),
  "final_hash" TEXT,
  "updated_at_ms" INTEGER NOT NULL
) STRICT;
CREATE TABLE "users" (
  "name" TEXT NOT NULL,
  "account" TEXT NOT NULL,
  "registered_in" INTEGER NOT NULL,
  "registered_at_ms" INTEGER NOT NULL,
  "transaction_id" TEXT NOT NULL,
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "origin" TEXT GENERATED ALWAYS AS ('chain') VIRTUAL,
  PRIMARY KEY (chain_id, name),
  UNIQUE (chain_id, account)
) STRICT;
CREATE TABLE "nodes" (
  "node_id" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "host" TEXT,
  "port" INTEGER,
  "addresses" TEXT NOT NULL,
  "engine" TEXT NOT NULL,
  "role" TEXT NOT NULL,
  "height" INTEGER NOT NULL,
  "version" TEXT NOT NULL,
  "first_seen_ms" INTEGER NOT NULL,
  "last_seen_ms" INTEGER NOT NULL,
  "record_timestamp_ms" INTEGER NOT NULL,
  "record_bytes" BLOB NOT NULL,
  "chain_id" TEXT NOT NULL,
  "origin" TEXT GENERATED ALWAYS AS ('observed') VIRTUAL,
  PRIMARY KEY (chain_id, node_id)
) STRICT;
CREATE TABLE "blocks" (
  "index" INTEGER NOT NULL,
  "timestamp" REAL NOT NULL,
  "data" TEXT NOT NULL,
  "previous_hash" TEXT NOT NULL,
  "nonce" INTEGER,
  "hash" TEXT NOT NULL,
  "miner" TEXT,
  "signer_id" TEXT,
  "signature" TEXT,
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "timestamp_ms" INTEGER NOT NULL,
  "producer" TEXT,
  "transaction_count" INTEGER NOT NULL,
  "header_version" INTEGER NOT NULL,
  "transactions_root" TEXT NOT NULL,
  "state_root" TEXT NOT NULL,
  "consensus_root" TEXT NOT NULL,
  "consensus_state_hash" TEXT NOT NULL,
  "target" TEXT NOT NULL,
  "extra_data" TEXT NOT NULL,
  "cumulative_weight" TEXT,
  "reward_units" INTEGER,
  "reward_units_large" TEXT CHECK (reward_units IS NULL OR reward_units_large IS NULL),
  "reward_text" TEXT GENERATED ALWAYS AS (CASE WHEN 8 = 0 THEN COALESCE(CAST(reward_units AS TEXT), reward_units_large) ELSE substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(reward_units AS TEXT), reward_units_large)))) || COALESCE(CAST(reward_units AS TEXT), reward_units_large), 1, max(1, length(COALESCE(CAST(reward_units AS TEXT), reward_units_large)) - 8)) || '.' || substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(reward_units AS TEXT), reward_units_large)))) || COALESCE(CAST(reward_units AS TEXT), reward_units_large), -8) END) VIRTUAL,
  "fees_units" INTEGER,
  "fees_units_large" TEXT CHECK (fees_units IS NULL OR fees_units_large IS NULL),
  "fees_text" TEXT GENERATED ALWAYS AS (CASE WHEN 8 = 0 THEN COALESCE(CAST(fees_units AS TEXT), fees_units_large) ELSE substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(fees_units AS TEXT), fees_units_large)))) || COALESCE(CAST(fees_units AS TEXT), fees_units_large), 1, max(1, length(COALESCE(CAST(fees_units AS TEXT), fees_units_large)) - 8)) || '.' || substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(fees_units AS TEXT), fees_units_large)))) || COALESCE(CAST(fees_units AS TEXT), fees_units_large), -8) END) VIRTUAL,
  "header_bytes" BLOB NOT NULL,
  "nonce_bytes" BLOB NOT NULL,
  "seal_signature" BLOB NOT NULL,
  "consensus_bytes" BLOB NOT NULL,
  "origin" TEXT GENERATED ALWAYS AS (CASE WHEN "index" = 0 THEN 'genesis' ELSE 'chain' END) VIRTUAL,
  PRIMARY KEY (chain_id, "index")
) STRICT;
CREATE TABLE "transactions" (
  "id" TEXT NOT NULL,
  "from_user" TEXT NOT NULL,
  "to_user" TEXT,
  "amount" REAL CHECK (abs(amount - CAST(amount_text AS REAL)) <= 1e-12 * amount),
  "timestamp" TEXT,
  "block_id" INTEGER NOT NULL,
  "status" TEXT NOT NULL CHECK (status = 'committed'),
  "chain_id" TEXT NOT NULL,
  "position" INTEGER NOT NULL,
  "kind" TEXT NOT NULL,
  "from_account" TEXT NOT NULL,
  "to_account" TEXT,
  "asset_id" TEXT,
  "decimals" INTEGER,
  "amount_units" INTEGER,
  "amount_units_large" TEXT CHECK (amount_units IS NULL OR amount_units_large IS NULL),
  "amount_text" TEXT GENERATED ALWAYS AS (CASE WHEN decimals = 0 THEN COALESCE(CAST(amount_units AS TEXT), amount_units_large) ELSE substr(substr(hex(zeroblob(decimals)), 1, max(0, decimals + 1 - length(COALESCE(CAST(amount_units AS TEXT), amount_units_large)))) || COALESCE(CAST(amount_units AS TEXT), amount_units_large), 1, max(1, length(COALESCE(CAST(amount_units AS TEXT), amount_units_large)) - decimals)) || '.' || substr(substr(hex(zeroblob(decimals)), 1, max(0, decimals + 1 - length(COALESCE(CAST(amount_units AS TEXT), amount_units_large)))) || COALESCE(CAST(amount_units AS TEXT), amount_units_large), -decimals) END) VIRTUAL,
  "fee_units" INTEGER,
  "fee_units_large" TEXT CHECK (fee_units IS NULL OR fee_units_large IS NULL),
  "fee_text" TEXT GENERATED ALWAYS AS (CASE WHEN 8 = 0 THEN COALESCE(CAST(fee_units AS TEXT), fee_units_large) ELSE substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(fee_units AS TEXT), fee_units_large)))) || COALESCE(CAST(fee_units AS TEXT), fee_units_large), 1, max(1, length(COALESCE(CAST(fee_units AS TEXT), fee_units_large)) - 8)) || '.' || substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(fee_units AS TEXT), fee_units_large)))) || COALESCE(CAST(fee_units AS TEXT), fee_units_large), -8) END) VIRTUAL,
  "sequence" INTEGER NOT NULL,
  "valid_until" INTEGER NOT NULL,
  "timestamp_ms" INTEGER NOT NULL,
  "data" TEXT NOT NULL,
  "bytes" BLOB NOT NULL,
  "signature" TEXT GENERATED ALWAYS AS (lower(hex(substr(bytes, 71, 64)))) VIRTUAL,
  "transaction_key" INTEGER PRIMARY KEY,
  "origin" TEXT GENERATED ALWAYS AS ('chain') VIRTUAL,
  FOREIGN KEY (chain_id, block_id) REFERENCES blocks (chain_id, "index")
) STRICT;
CREATE TABLE "assets" (
  "asset_id" TEXT NOT NULL,
  "symbol" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "decimals" INTEGER NOT NULL,
  "supply_units" INTEGER,
  "supply_units_large" TEXT CHECK (supply_units IS NULL OR supply_units_large IS NULL),
  "supply_text" TEXT GENERATED ALWAYS AS (CASE WHEN decimals = 0 THEN COALESCE(CAST(supply_units AS TEXT), supply_units_large) ELSE substr(substr(hex(zeroblob(decimals)), 1, max(0, decimals + 1 - length(COALESCE(CAST(supply_units AS TEXT), supply_units_large)))) || COALESCE(CAST(supply_units AS TEXT), supply_units_large), 1, max(1, length(COALESCE(CAST(supply_units AS TEXT), supply_units_large)) - decimals)) || '.' || substr(substr(hex(zeroblob(decimals)), 1, max(0, decimals + 1 - length(COALESCE(CAST(supply_units AS TEXT), supply_units_large)))) || COALESCE(CAST(supply_units AS TEXT), supply_units_large), -decimals) END) VIRTUAL,
  "issuer" TEXT,
  "issuer_account" TEXT,
  "metadata" TEXT NOT NULL,
  "issued_in" INTEGER NOT NULL,
  "issued_at_ms" INTEGER NOT NULL,
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "origin" TEXT GENERATED ALWAYS AS (CASE WHEN issuer_account IS NULL THEN 'genesis' ELSE 'chain' END) VIRTUAL,
  PRIMARY KEY (chain_id, asset_id)
) STRICT;
CREATE TABLE "mining_pool" (
  "member" TEXT NOT NULL,
  "node_id" TEXT NOT NULL,
  "pool" TEXT NOT NULL,
  "blocks_found" INTEGER NOT NULL,
  "shares_accepted" INTEGER,
  "shares_rejected" INTEGER,
  "hash_rate" REAL,
  "rewards_due_units" INTEGER,
  "rewards_due_units_large" TEXT CHECK (rewards_due_units IS NULL OR rewards_due_units_large IS NULL),
  "rewards_due_text" TEXT GENERATED ALWAYS AS (CASE WHEN 8 = 0 THEN COALESCE(CAST(rewards_due_units AS TEXT), rewards_due_units_large) ELSE substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(rewards_due_units AS TEXT), rewards_due_units_large)))) || COALESCE(CAST(rewards_due_units AS TEXT), rewards_due_units_large), 1, max(1, length(COALESCE(CAST(rewards_due_units AS TEXT), rewards_due_units_large)) - 8)) || '.' || substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(rewards_due_units AS TEXT), rewards_due_units_large)))) || COALESCE(CAST(rewards_due_units AS TEXT), rewards_due_units_large), -8) END) VIRTUAL,
  "rewards_paid_units" INTEGER,
  "rewards_paid_units_large" TEXT CHECK (rewards_paid_units IS NULL OR rewards_paid_units_large IS NULL),
  "rewards_paid_text" TEXT GENERATED ALWAYS AS (CASE WHEN 8 = 0 THEN COALESCE(CAST(rewards_paid_units AS TEXT), rewards_paid_units_large) ELSE substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(rewards_paid_units AS TEXT), rewards_paid_units_large)))) || COALESCE(CAST(rewards_paid_units AS TEXT), rewards_paid_units_large), 1, max(1, length(COALESCE(CAST(rewards_paid_units AS TEXT), rewards_paid_units_large)) - 8)) || '.' || substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(rewards_paid_units AS TEXT), rewards_paid_units_large)))) || COALESCE(CAST(rewards_paid_units AS TEXT), rewards_paid_units_large), -8) END) VIRTUAL,
  "payout_transaction" TEXT,
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "origin" TEXT NOT NULL CHECK (origin IN ('chain', 'observed')),
  PRIMARY KEY (chain_id, pool, member)
) STRICT;
CREATE TABLE "allocations" (
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "account" TEXT NOT NULL,
  "amount_units" INTEGER,
  "amount_units_large" TEXT CHECK (amount_units IS NULL OR amount_units_large IS NULL),
  "amount_text" TEXT GENERATED ALWAYS AS (CASE WHEN 8 = 0 THEN COALESCE(CAST(amount_units AS TEXT), amount_units_large) ELSE substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(amount_units AS TEXT), amount_units_large)))) || COALESCE(CAST(amount_units AS TEXT), amount_units_large), 1, max(1, length(COALESCE(CAST(amount_units AS TEXT), amount_units_large)) - 8)) || '.' || substr(substr(hex(zeroblob(8)), 1, max(0, 8 + 1 - length(COALESCE(CAST(amount_units AS TEXT), amount_units_large)))) || COALESCE(CAST(amount_units AS TEXT), amount_units_large), -8) END) VIRTUAL,
  PRIMARY KEY (chain_id, account)
) STRICT;
CREATE TABLE "reorgs" (
  "reorg_id" INTEGER PRIMARY KEY,
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "seen_at_ms" INTEGER NOT NULL,
  "fork_index" INTEGER NOT NULL,
  "fork_hash" TEXT NOT NULL,
  "old_index" INTEGER NOT NULL,
  "old_hash" TEXT NOT NULL,
  "new_index" INTEGER NOT NULL,
  "new_hash" TEXT NOT NULL
) STRICT;
CREATE TABLE "orphaned_blocks" (
  "reorg_id" INTEGER NOT NULL REFERENCES reorgs (reorg_id),
  "index" INTEGER NOT NULL,
  "timestamp" REAL NOT NULL,
  "data" TEXT NOT NULL,
  "previous_hash" TEXT NOT NULL,
  "nonce" INTEGER,
  "hash" TEXT NOT NULL,
  "miner" TEXT,
  "signer_id" TEXT,
  "signature" TEXT,
  "chain_id" TEXT NOT NULL REFERENCES meta (chain_id),
  "transaction_count" INTEGER NOT NULL,
  "block_bytes" BLOB NOT NULL,
  PRIMARY KEY (reorg_id, "index")
) STRICT;
CREATE TABLE "data_dictionary" (
  "table_name" TEXT NOT NULL,
  "column_name" TEXT NOT NULL,
  "meaning" TEXT NOT NULL,
  "unit" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  PRIMARY KEY (table_name, column_name)
) STRICT;
CREATE INDEX users_registered_in ON users (registered_in);
CREATE INDEX transactions_block_id ON transactions (block_id);
CREATE INDEX assets_issued_in ON assets (issued_in);
CREATE INDEX orphaned_blocks_hash ON orphaned_blocks (hash);
CREATE VIEW blocks_with_finality AS SELECT blocks.*, blocks."index" <= COALESCE(meta.final_index, -1) AS final FROM blocks JOIN meta USING (chain_id);
CREATE VIEW transactions_with_finality AS SELECT transactions.*, transactions.block_id <= COALESCE(meta.final_index, -1) AS final FROM transactions JOIN meta USING (chain_id);
CREATE VIEW rewards AS SELECT earned.*, block_id + meta.reward_maturity_blocks AS mature_in, block_id + meta.reward_maturity_blocks <= meta.cursor_index AS mature FROM (SELECT chain_id, "index" AS block_id, 'reward' AS kind, producer AS account, reward_units AS amount_units, reward_units_large AS amount_units_large FROM blocks WHERE "index" > 0 UNION ALL SELECT chain_id, "index" AS block_id, 'fees' AS kind, producer AS account, fees_units AS amount_units, fees_units_large AS amount_units_large FROM blocks WHERE "index" > 0) AS earned JOIN meta USING (chain_id) WHERE COALESCE(amount_units, 1) <> 0;
CREATE VIEW ledger_entries AS SELECT chain_id, 0 AS block_id, NULL AS transaction_id, 'allocation' AS kind, account, 'AUR' AS asset_id, amount_units AS delta_units, amount_units_large AS delta_units_large FROM allocations UNION ALL SELECT chain_id, mature_in, NULL, kind, account, 'AUR', amount_units, amount_units_large FROM rewards WHERE mature UNION ALL SELECT chain_id, block_id, id, 'fee', from_account, 'AUR', -fee_units, '-' || fee_units_large FROM transactions WHERE COALESCE(fee_units, 1) <> 0 UNION ALL SELECT chain_id, block_id, id, 'sent', from_account, asset_id, -amount_units, '-' || amount_units_large FROM transactions WHERE kind = 'transfer' UNION ALL SELECT chain_id, block_id, id, iif(kind = 'transfer', 'received', 'issued'), to_account, asset_id, amount_units, amount_units_large FROM transactions WHERE kind IN ('transfer', 'issueAsset');
CREATE VIEW balances AS WITH parts AS (
  SELECT chain_id, account, asset_id, 0 AS waits, delta_units AS units, delta_units_large AS large FROM ledger_entries
  UNION ALL
  SELECT chain_id, account, 'AUR', 1, amount_units, amount_units_large FROM rewards WHERE NOT mature
), words AS (
  SELECT chain_id, account, asset_id, waits,
    COALESCE(units / 1000000000, CAST(substr(large, 1, length(large) - 9) AS INTEGER)) AS high,
    COALESCE(units % 1000000000, CAST(substr(large, -9) AS INTEGER) * iif(large LIKE '-%', -1, 1)) AS low
  FROM parts
), sums AS (
  SELECT chain_id, account, asset_id,
    SUM(iif(waits, 0, high)) AS high, SUM(iif(waits, 0, low)) AS low,
    SUM(iif(waits, high, 0)) AS waiting_high, SUM(iif(waits, low, 0)) AS waiting_low
  FROM words GROUP BY chain_id, account, asset_id
), totals AS (
  SELECT chain_id, account, asset_id,
    CASE WHEN (high + (low - ((low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) < 9223372036 OR ((high + (low - ((low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) = 9223372036 AND ((low % 1000000000 + 1000000000) % 1000000000) <= 854775807) THEN (high + (low - ((low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) * 1000000000 + ((low % 1000000000 + 1000000000) % 1000000000) END AS balance_units, CASE WHEN NOT ((high + (low - ((low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) < 9223372036 OR ((high + (low - ((low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) = 9223372036 AND ((low % 1000000000 + 1000000000) % 1000000000) <= 854775807)) THEN (high + (low - ((low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) || printf('%09d', ((low % 1000000000 + 1000000000) % 1000000000)) END AS balance_units_large,
    CASE WHEN (waiting_high + (waiting_low - ((waiting_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) < 9223372036 OR ((waiting_high + (waiting_low - ((waiting_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) = 9223372036 AND ((waiting_low % 1000000000 + 1000000000) % 1000000000) <= 854775807) THEN (waiting_high + (waiting_low - ((waiting_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) * 1000000000 + ((waiting_low % 1000000000 + 1000000000) % 1000000000) END AS immature_units, CASE WHEN NOT ((waiting_high + (waiting_low - ((waiting_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) < 9223372036 OR ((waiting_high + (waiting_low - ((waiting_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) = 9223372036 AND ((waiting_low % 1000000000 + 1000000000) % 1000000000) <= 854775807)) THEN (waiting_high + (waiting_low - ((waiting_low % 1000000000 + 1000000000) % 1000000000)) / 1000000000) || printf('%09d', ((waiting_low % 1000000000 + 1000000000) % 1000000000)) END AS immature_units_large
  FROM sums
)
SELECT totals.chain_id, account, totals.asset_id, symbol, decimals,
  balance_units, balance_units_large, CASE WHEN decimals = 0 THEN COALESCE(CAST(balance_units AS TEXT), balance_units_large) ELSE substr(substr(hex(zeroblob(decimals)), 1, max(0, decimals + 1 - length(COALESCE(CAST(balance_units AS TEXT), balance_units_large)))) || COALESCE(CAST(balance_units AS TEXT), balance_units_large), 1, max(1, length(COALESCE(CAST(balance_units AS TEXT), balance_units_large)) - decimals)) || '.' || substr(substr(hex(zeroblob(decimals)), 1, max(0, decimals + 1 - length(COALESCE(CAST(balance_units AS TEXT), balance_units_large)))) || COALESCE(CAST(balance_units AS TEXT), balance_units_large), -decimals) END AS balance_text,
  immature_units, immature_units_large, CASE WHEN decimals = 0 THEN COALESCE(CAST(immature_units AS TEXT), immature_units_large) ELSE substr(substr(hex(zeroblob(decimals)), 1, max(0, decimals + 1 - length(COALESCE(CAST(immature_units AS TEXT), immature_units_large)))) || COALESCE(CAST(immature_units AS TEXT), immature_units_large), 1, max(1, length(COALESCE(CAST(immature_units AS TEXT), immature_units_large)) - decimals)) || '.' || substr(substr(hex(zeroblob(decimals)), 1, max(0, decimals + 1 - length(COALESCE(CAST(immature_units AS TEXT), immature_units_large)))) || COALESCE(CAST(immature_units AS TEXT), immature_units_large), -decimals) END AS immature_text
FROM totals JOIN assets ON assets.chain_id = totals.chain_id AND assets.asset_id = totals.asset_id;
CREATE VIEW pool_payments AS SELECT mining_pool.chain_id, pool, member, block_id, id AS transaction_id, amount_units, amount_units_large, amount_text FROM mining_pool JOIN transactions ON transactions.chain_id = mining_pool.chain_id AND from_account = pool AND to_account = member WHERE kind = 'transfer' AND asset_id = 'AUR';
CREATE INDEX blocks_hash ON blocks (hash);
CREATE INDEX transactions_id ON transactions (id);
CREATE INDEX transactions_from ON transactions (from_account, block_id);
CREATE INDEX transactions_to ON transactions (to_account, block_id);
