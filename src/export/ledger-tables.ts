/** The tables of a ledger file, column by column: the six documented ones, and what an auditor needs beside them. */
import { type ColumnRow, chainIdMeaning, chainReference, columns, exactUnits } from "./columns.ts";
import type { Table } from "./table.ts";

const users: Table = {
  name: "users",
  meaning: "User accounts: names registered on the chain",
  columns: columns("chain", [
    ["name", "TEXT NOT NULL", "the registered name, unique on its chain"],
    ["account", "TEXT NOT NULL", "address of the account that bears the name"],
    ["registered_in", "INTEGER NOT NULL", "index of the block that registered it"],
    ["registered_at_ms", "INTEGER NOT NULL", "time of that block", "ms since 1970, UTC"],
    ["transaction_id", "TEXT NOT NULL", "the transaction that registered it"],
    ["chain_id", chainReference, chainIdMeaning],
    ["origin", "TEXT GENERATED ALWAYS AS ('chain') VIRTUAL", "chain: follows from the chain"],
  ]),
  constraints: ["PRIMARY KEY (chain_id, name)", "UNIQUE (chain_id, account)"],
  indexes: ["CREATE INDEX users_registered_in ON users (registered_in)"],
};

const nodes: Table = {
  name: "nodes",
  meaning: "P2P node registry: what nodes said of themselves in signed records; not part of any chain",
  columns: columns("observed", [
    ["node_id", "TEXT NOT NULL", "libp2p peer id of the node's key"],
    ["name", "TEXT NOT NULL", "the name that the node gives itself"],
    ["host", "TEXT", "host of its first address"],
    ["port", "INTEGER", "TCP port of its first address"],
    ["addresses", "TEXT NOT NULL", "JSON array of its multiaddrs"],
    ["engine", "TEXT NOT NULL", "consensus engine: pow or poa"],
    ["role", "TEXT NOT NULL", "follower, miner or authority"],
    ["height", "INTEGER NOT NULL", "height of its head when it signed the record", "blocks"],
    ["version", "TEXT NOT NULL", "the software that it says it runs"],
    ["first_seen_ms", "INTEGER NOT NULL", "when the export first saw a record of it", "ms since 1970, UTC"],
    ["last_seen_ms", "INTEGER NOT NULL", "when the export last saw a record of it", "ms since 1970, UTC"],
    ["record_timestamp_ms", "INTEGER NOT NULL", "the node's own clock in the record", "ms since 1970, UTC"],
    ["record_bytes", "BLOB NOT NULL", "the signed record (SSZ)"],
    [
      "chain_id",
      "TEXT NOT NULL",
      "the chain that it says it follows; may be one that this file does not hold",
    ],
    [
      "origin",
      "TEXT GENERATED ALWAYS AS ('observed') VIRTUAL",
      "observed: claimed by the node, not by a chain",
    ],
  ]),
  constraints: ["PRIMARY KEY (chain_id, node_id)"],
  indexes: [],
};

const documentedBlockColumns: readonly ColumnRow[] = [
  ["index", "INTEGER NOT NULL", "height; block 0 is the genesis block", "blocks"],
  ["timestamp", "REAL NOT NULL", "time of the block; exact in timestamp_ms", "seconds since 1970, UTC"],
  ["data", "TEXT NOT NULL", "JSON array: what its first transactions do; all of them are in transactions"],
  ["previous_hash", "TEXT NOT NULL", "hash of the parent block, hex; zeros in block 0"],
  ["nonce", "INTEGER", "Proof of Work: the counting nonce (bytes 0..7 of nonce_bytes); NULL over 2^63 - 1"],
  ["hash", "TEXT NOT NULL", "SHA256(SHA256(header_bytes) || nonce_bytes), hex"],
  ["miner", "TEXT", "Proof of Work: the producer's registered name, else its address"],
  ["signer_id", "TEXT", "Proof of Authority: node id of the authority that sealed the block"],
  ["signature", "TEXT", "Proof of Authority: SIG_{signer_id}_{hash}_{Ed25519 signature in hex}"],
];

const blocks: Table = {
  name: "blocks",
  meaning: "Blocks of the canonical chains",
  columns: [
    ...columns("chain", [
      ...documentedBlockColumns,
      ["chain_id", chainReference, chainIdMeaning],
      ["timestamp_ms", "INTEGER NOT NULL", "time of the block", "ms since 1970, UTC"],
      ["producer", "TEXT", "address of the producer's account; NULL in block 0"],
      ["transaction_count", "INTEGER NOT NULL", "transactions in the block"],
      ["header_version", "INTEGER NOT NULL", "header field version"],
      ["transactions_root", "TEXT NOT NULL", "SSZ root of the transactions, hex"],
      ["state_root", "TEXT NOT NULL", "SSZ root of the ledger after the block, hex"],
      ["consensus_root", "TEXT NOT NULL", "SSZ root of consensus_bytes, hex"],
      [
        "consensus_state_hash",
        "TEXT NOT NULL",
        "SHA256 of the consensus engine's state after the block, hex; zeros in block 0",
      ],
      ["target", "TEXT NOT NULL", "Proof of Work: the highest hash allowed, hex; else zeros"],
      ["extra_data", "TEXT NOT NULL", "the producer's note: 32 bytes, hex"],
      ["cumulative_weight", "TEXT", "the engine's measure for fork choice up to here, decimal"],
    ]),
    ...exactUnits("chain", "reward", "reward by the chain's schedule, without fees"),
    ...exactUnits("chain", "fees", "fees of its transactions"),
    ...columns("chain", [
      ["header_bytes", "BLOB NOT NULL", "the header (SSZ): what the hash commits to"],
      ["nonce_bytes", "BLOB NOT NULL", "the seal's 32-byte nonce; zeros in Proof of Authority"],
      ["seal_signature", "BLOB NOT NULL", "the seal's Ed25519 signature; empty in Proof of Work"],
      ["consensus_bytes", "BLOB NOT NULL", "the consensus section (SSZ)"],
      [
        "origin",
        `TEXT GENERATED ALWAYS AS (CASE WHEN "index" = 0 THEN 'genesis' ELSE 'chain' END) VIRTUAL`,
        "genesis or chain",
      ],
    ]),
  ],
  constraints: [`PRIMARY KEY (chain_id, "index")`],
  indexes: [],
};

/**
 * Stored, since `PRAGMA table_info` hides generated columns and every documented column must show there; the check ties
 * it to the exact units, with room for readers whose SQLite rounds the last digit otherwise.
 */
const amountCheckSql = "REAL CHECK (abs(amount - CAST(amount_text AS REAL)) <= 1e-12 * amount)";

const transactions: Table = {
  name: "transactions",
  meaning: "Transactions of the canonical chains",
  columns: [
    ...columns("chain", [
      ["id", "TEXT NOT NULL", "SHA256('aurex/tx/1' || chain id || bytes without the signature), hex"],
      ["from_user", "TEXT NOT NULL", "the sender's registered name as of this transaction, else its address"],
      [
        "to_user",
        "TEXT",
        "transfer: the receiver's name or address; registerUser: the new name; issueAsset: the issuer; authorityVote: the node voted on; else NULL",
      ],
      ["amount", amountCheckSql, "rounded to a floating-point number; sums belong to amount_units", "asset"],
      ["timestamp", "TEXT", "the sender's clock, ISO 8601; NULL after the year 9999", "UTC"],
      ["block_id", "INTEGER NOT NULL", "index of the block that holds it"],
      [
        "status",
        "TEXT NOT NULL CHECK (status = 'committed')",
        "committed: in the canonical chain; whether that can still change, transactions_with_finality says",
      ],
      ["chain_id", "TEXT NOT NULL", chainIdMeaning],
      ["position", "INTEGER NOT NULL", "place in the block, from 0"],
      ["kind", "TEXT NOT NULL", "transfer, record, registerUser, issueAsset or authorityVote"],
      ["from_account", "TEXT NOT NULL", "address of the sender"],
      ["to_account", "TEXT", "address that receives the amount or the name, or that the vote is about"],
      ["asset_id", "TEXT", "AUR, or the id of the transaction that issued the asset; NULL without an amount"],
      ["decimals", "INTEGER", "decimal places of the asset"],
    ]),
    ...exactUnits("chain", "amount", "the amount transferred or issued", "decimals"),
    ...exactUnits("chain", "fee", "the fee in AUR"),
    ...columns("chain", [
      ["sequence", "INTEGER NOT NULL", "number of the transaction in its sender's account, from 0"],
      ["valid_until", "INTEGER NOT NULL", "last block index that may hold it; 0 = no limit"],
      ["timestamp_ms", "INTEGER NOT NULL", "the sender's clock", "ms since 1970, UTC"],
      [
        "data",
        "TEXT NOT NULL",
        "memo, recorded data, registered name, asset metadata or the vote in words; 0x and hex where it is no plain text",
      ],
      ["bytes", "BLOB NOT NULL", "the transaction (SSZ), with its signature"],
      [
        "signature",
        "TEXT GENERATED ALWAYS AS (lower(hex(substr(bytes, 71, 64)))) VIRTUAL",
        "the sender's Ed25519 signature over the id, hex",
      ],
      [
        "transaction_key",
        "INTEGER PRIMARY KEY",
        "chain_number * 2^49 + block_id * 2^13 + position: rows in the order of the chain",
      ],
      ["origin", "TEXT GENERATED ALWAYS AS ('chain') VIRTUAL", "chain: follows from the chain"],
    ]),
  ],
  constraints: [`FOREIGN KEY (chain_id, block_id) REFERENCES blocks (chain_id, "index")`],
  indexes: ["CREATE INDEX transactions_block_id ON transactions (block_id)"],
};

const assets: Table = {
  name: "assets",
  meaning: "Digital assets: AUR, and what accounts have issued",
  columns: [
    ...columns("chain", [
      ["asset_id", "TEXT NOT NULL", "AUR, or the id of the transaction that issued it"],
      ["symbol", "TEXT NOT NULL", "short name; not unique"],
      ["name", "TEXT NOT NULL", "name"],
      ["decimals", "INTEGER NOT NULL", "decimal places: amount = units / 10^decimals"],
    ]),
    ...exactUnits(
      "chain",
      "supply",
      "units that came into being with it; AUR: the genesis allocations",
      "decimals",
    ),
    ...columns("chain", [
      ["issuer", "TEXT", "the issuer's registered name as of the issue, else its address; NULL for AUR"],
      ["issuer_account", "TEXT", "address of the issuer; NULL for AUR"],
      ["metadata", "TEXT NOT NULL", "what the issuer wrote; 0x and hex where it is no plain text"],
      ["issued_in", "INTEGER NOT NULL", "index of the block that holds the issue"],
      ["issued_at_ms", "INTEGER NOT NULL", "time of that block", "ms since 1970, UTC"],
      ["chain_id", chainReference, chainIdMeaning],
      [
        "origin",
        "TEXT GENERATED ALWAYS AS (CASE WHEN issuer_account IS NULL THEN 'genesis' ELSE 'chain' END) VIRTUAL",
        "genesis or chain",
      ],
    ]),
  ],
  constraints: ["PRIMARY KEY (chain_id, asset_id)"],
  indexes: ["CREATE INDEX assets_issued_in ON assets (issued_in)"],
};

const miningPool: Table = {
  name: "mining_pool",
  meaning:
    "Mining coordination: who mined on a Proof of Work chain, what it has earned and was paid; a pool's blocks stand with the pool's account under solo, and again with the members that found them",
  columns: [
    ...columns("chain", [
      ["member", "TEXT NOT NULL", "address of the miner's account"],
      ["node_id", "TEXT NOT NULL", "node id of the same key, to find the miner's name in nodes"],
      ["pool", "TEXT NOT NULL", "solo, or the address of the pool's account"],
      [
        "blocks_found",
        "INTEGER NOT NULL",
        "blocks in the canonical chain; of a pool's member: found by it",
        "blocks",
      ],
    ]),
    ...columns("observed", [
      ["shares_accepted", "INTEGER", "accepted shares; NULL for a solo miner", "shares"],
      ["shares_rejected", "INTEGER", "rejected shares; NULL for a solo miner", "shares"],
      ["hash_rate", "REAL", "from accepted shares; NULL for a solo miner", "hashes per second"],
    ]),
    ...exactUnits("chain", "rewards_due", "earned: rewards and fees of blocks in the chain, mature or not"),
    ...exactUnits(
      "chain",
      "rewards_paid",
      "paid: payments in the chain; to a solo miner: what is mature; what is owed is rewards_due less rewards_paid, below zero if a block that was paid for has left the chain",
    ),
    ...columns("chain", [
      ["payout_transaction", "TEXT", "id of the last payout; NULL for a solo miner"],
      ["chain_id", chainReference, chainIdMeaning],
      [
        "origin",
        "TEXT NOT NULL CHECK (origin IN ('chain', 'observed'))",
        "chain for solo miners, else observed: from the pool's own books",
      ],
    ]),
  ],
  constraints: ["PRIMARY KEY (chain_id, pool, member)"],
  indexes: [],
};

const meta: Table = {
  name: "meta",
  meaning:
    "One row for each chain in this file; the cursor is written in the same transaction as the rows up to it. Reading this file takes SQLite 3.37 or newer: its tables are STRICT",
  columns: [
    ...columns("genesis", [
      ["chain_id", "TEXT NOT NULL PRIMARY KEY", "SHA-256 of genesis_bytes, hex"],
      ["name", "TEXT NOT NULL", "the network's name"],
      ["consensus", "TEXT NOT NULL", "pow or poa"],
      ["genesis_hash", "TEXT NOT NULL", "hash of block 0, hex"],
      ["genesis_bytes", "BLOB NOT NULL", "the genesis spec (SSZ)"],
      [
        "reward_maturity_blocks",
        "INTEGER NOT NULL",
        "what a block earns is its producer's to spend once this many blocks stand on it",
        "blocks",
      ],
    ]),
    ...columns("export", [
      ["chain_number", "INTEGER NOT NULL UNIQUE", "the chain's number in this file, from 1"],
      ["cursor_index", "INTEGER NOT NULL", "index of the last block in this file", "blocks"],
      ["cursor_hash", "TEXT NOT NULL", "hash of that block, hex"],
      [
        "final_index",
        "INTEGER CHECK (final_index <= cursor_index)",
        "index of the last final block in this file: the rows of higher blocks can still be replaced; NULL: not known",
        "blocks",
      ],
      ["final_hash", "TEXT", "hash of that block, hex"],
      ["updated_at_ms", "INTEGER NOT NULL", "when the export last wrote", "ms since 1970, UTC"],
    ]),
  ],
  constraints: [],
  indexes: [],
};

const allocations: Table = {
  name: "allocations",
  meaning: "What accounts had from the start, in AUR",
  columns: [
    ...columns("genesis", [
      ["chain_id", chainReference, chainIdMeaning],
      ["account", "TEXT NOT NULL", "address of the account"],
    ]),
    ...exactUnits("genesis", "amount", "the allocation"),
  ],
  constraints: ["PRIMARY KEY (chain_id, account)"],
  indexes: [],
};

const reorgs: Table = {
  name: "reorgs",
  meaning: "Reorganizations that the export followed",
  columns: columns("observed", [
    ["reorg_id", "INTEGER PRIMARY KEY", "number of the reorganization in this file"],
    ["chain_id", chainReference, chainIdMeaning],
    ["seen_at_ms", "INTEGER NOT NULL", "when the export followed it", "ms since 1970, UTC"],
    ["fork_index", "INTEGER NOT NULL", "index of the last block that both branches share"],
    ["fork_hash", "TEXT NOT NULL", "its hash, hex"],
    ["old_index", "INTEGER NOT NULL", "index of the tip that was left"],
    ["old_hash", "TEXT NOT NULL", "its hash, hex"],
    ["new_index", "INTEGER NOT NULL", "index of the tip that the same transaction wrote"],
    ["new_hash", "TEXT NOT NULL", "its hash, hex"],
  ]),
  constraints: [],
  indexes: [],
};

const orphanedBlocks: Table = {
  name: "orphaned_blocks",
  meaning: "Blocks that were in this file and left the canonical chain in a reorganization",
  columns: columns("observed", [
    ["reorg_id", "INTEGER NOT NULL REFERENCES reorgs (reorg_id)", "the reorganization that left it"],
    ...documentedBlockColumns,
    ["chain_id", chainReference, chainIdMeaning],
    ["transaction_count", "INTEGER NOT NULL", "transactions in the block"],
    ["block_bytes", "BLOB NOT NULL", "the whole block (SSZ)"],
  ]),
  constraints: [`PRIMARY KEY (reorg_id, "index")`],
  indexes: ["CREATE INDEX orphaned_blocks_hash ON orphaned_blocks (hash)"],
};

const dataDictionary: Table = {
  name: "data_dictionary",
  meaning: "What each table and column of this file means",
  columns: columns("export", [
    ["table_name", "TEXT NOT NULL", "the table"],
    ["column_name", "TEXT NOT NULL", "the column; empty: the row describes the table"],
    ["meaning", "TEXT NOT NULL", "what it holds"],
    ["unit", "TEXT NOT NULL", "its unit, where it has one"],
    ["source", "TEXT NOT NULL", "genesis, chain, observed (claims and clocks), or export (this file's own)"],
  ]),
  constraints: ["PRIMARY KEY (table_name, column_name)"],
  indexes: [],
};

/** The six tables of the system documentation, in its order. */
export const documentedTables: readonly Table[] = [users, nodes, blocks, transactions, assets, miningPool];

export const tables = {
  users,
  nodes,
  blocks,
  transactions,
  assets,
  miningPool,
  meta,
  allocations,
  reorgs,
  orphanedBlocks,
} as const;

/** In an order in which each table's references exist. */
export const ledgerTables: readonly Table[] = [
  meta,
  ...documentedTables,
  allocations,
  reorgs,
  orphanedBlocks,
  dataDictionary,
];
