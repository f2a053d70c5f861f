/** The six tables of the system documentation, column by column. */
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
    ["origin", "TEXT NOT NULL", "chain: follows from the chain"],
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
    ["origin", "TEXT NOT NULL", "observed: claimed by the node, not by a chain"],
  ]),
  constraints: ["PRIMARY KEY (chain_id, node_id)"],
  indexes: [],
};

const dataMeaning =
  "JSON array of what its first 8 transactions do: objects with kind, from, to, amount, asset and data in this order, " +
  "each only where there is one; names as of the end of the block, amounts without needless zeros, data cut to 80 " +
  "characters; of more transactions a last object says how many: more. Without spaces, as JSON.stringify writes it";

export const documentedBlockColumns: readonly ColumnRow[] = [
  ["index", "INTEGER NOT NULL", "height; block 0 is the genesis block", "blocks"],
  ["timestamp", "REAL NOT NULL", "time of the block; exact in timestamp_ms", "seconds since 1970, UTC"],
  ["data", "TEXT NOT NULL", dataMeaning],
  ["previous_hash", "TEXT NOT NULL", "hash of the parent block, hex; zeros in block 0"],
  ["nonce", "INTEGER", "Proof of Work: the counting nonce (bytes 0..7 of nonce_bytes); NULL over 2^63 - 1"],
  ["hash", "TEXT NOT NULL", "SHA256(SHA256(header_bytes) || nonce_bytes), hex"],
  [
    "miner",
    "TEXT",
    "Proof of Work: the producer's registered name as of the end of this block, else its address",
  ],
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
      ["timestamp_iso", "TEXT", "time of the block, ISO 8601; NULL after the year 9999", "UTC"],
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
      ["origin", "TEXT NOT NULL", "genesis: block 0; else chain"],
    ]),
  ],
  constraints: [`PRIMARY KEY (chain_id, "index")`],
  indexes: [],
};

/** Ties the number to the exact text, with room for readers whose SQLite rounds the last digit otherwise. */
const amountCheckSql = "REAL CHECK (abs(amount - CAST(amount_text AS REAL)) <= 1e-12 * amount)";

const transactions: Table = {
  name: "transactions",
  meaning: "Transactions of the canonical chains",
  columns: [
    ...columns("chain", [
      ["id", "TEXT NOT NULL", "SHA256('aurex/tx/1' || chain id || bytes without the signature), hex"],
      [
        "from_user",
        "TEXT NOT NULL",
        "the sender's registered name as of the end of this block, else its address",
      ],
      [
        "to_user",
        "TEXT",
        "transfer: the receiver; registerUser: the sender; issueAsset: the issuer; authorityVote: the node voted on; each by its registered name as of the end of this block, else its address; else NULL",
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
    ...exactUnits("chain", "amount", "the amount transferred or issued"),
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
      ["signature", "TEXT NOT NULL", "the sender's Ed25519 signature over the id, hex"],
      [
        "transaction_key",
        "INTEGER PRIMARY KEY",
        "chain_number * 2^49 + block_id * 2^13 + position: rows in the order of the chain",
      ],
      ["origin", "TEXT NOT NULL", "chain: follows from the chain"],
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
    ...exactUnits("chain", "supply", "units that came into being with it; AUR: the genesis allocations"),
    ...columns("chain", [
      [
        "issuer",
        "TEXT",
        "the issuer's registered name as of the end of that block, else its address; NULL for AUR",
      ],
      ["issuer_account", "TEXT", "address of the issuer; NULL for AUR"],
      ["metadata", "TEXT NOT NULL", "what the issuer wrote; 0x and hex where it is no plain text"],
      ["issued_in", "INTEGER NOT NULL", "index of the block that holds the issue"],
      ["issued_at_ms", "INTEGER NOT NULL", "time of that block", "ms since 1970, UTC"],
      ["chain_id", chainReference, chainIdMeaning],
      ["origin", "TEXT NOT NULL", "genesis: AUR; else chain"],
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

/** In the order of the system documentation. */
export const documentedTables = { users, nodes, blocks, transactions, assets, miningPool } as const;
