/** All tables of a ledger file: the six documented ones, and what an auditor needs beside them. */
import { chainIdMeaning, chainReference, columns, exactUnits } from "./columns.ts";
import { documentedTables as documented, documentedBlockColumns } from "./documented-tables.ts";
import type { Table } from "./table.ts";

const meta: Table = {
  name: "meta",
  meaning:
    "One row for each chain in this file; the cursor is written in the same transaction as the rows up to it",
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
      [
        "first_index",
        "INTEGER NOT NULL",
        "index of the first block in this file: 0, unless the file is an excerpt, which no audit can call complete",
        "blocks",
      ],
      ["cursor_index", "INTEGER NOT NULL", "index of the last block in this file", "blocks"],
      ["cursor_hash", "TEXT NOT NULL", "hash of that block, hex"],
      [
        "final_index",
        "INTEGER CHECK (final_index <= cursor_index)",
        "index of the last final block in this file: the rows of higher blocks can still be replaced; NULL: not known",
        "blocks",
      ],
      ["final_hash", "TEXT", "hash of that block, hex"],
      [
        "final_certificate",
        "BLOB",
        "the finality certificate (SSZ) that makes that block final: a quorum's votes for a block above it; NULL in Proof of Work, where final is block 0, and where the export does not know it",
      ],
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

const authorityChanges: Table = {
  name: "authority_changes",
  meaning:
    "Proof of Authority: who came into the set of authorities and who left it, block by block; the set after a block is who was added up to it and did not leave after that",
  columns: columns("chain", [
    ["chain_id", chainReference, chainIdMeaning],
    ["block_id", "INTEGER NOT NULL", "index of the block after which the change holds"],
    ["account", "TEXT NOT NULL", "address of the authority's account"],
    ["node_id", "TEXT NOT NULL", "node id of the same key, as in blocks.signer_id"],
    [
      "change",
      "TEXT NOT NULL",
      "added: by the genesis or by vote; removed: by vote; slashed: by evidence in this block that it signed two blocks or two votes; recovered: it left because operators declared a block final without a quorum, and it had not sealed lately (the row stands with the first block that was sealed by those who remained)",
    ],
    ["origin", "TEXT NOT NULL", "genesis: block 0; else chain"],
  ]),
  constraints: ["PRIMARY KEY (chain_id, block_id, account)"],
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

/** Old versions of SQLite and every other program can show it. */
const readme: Table = {
  name: "README",
  meaning: "What this file is, and what reads it: SELECT text FROM README ORDER BY line",
  columns: columns("export", [
    ["line", "INTEGER PRIMARY KEY", "number of the line, from 1"],
    ["text", "TEXT NOT NULL", "the line"],
  ]),
  constraints: [],
  indexes: [],
};

/** The six tables of the system documentation, in its order. */
export const documentedTables: readonly Table[] = Object.values(documented);

export const tables = {
  ...documented,
  meta,
  allocations,
  authorityChanges,
  reorgs,
  orphanedBlocks,
  dataDictionary,
  readme,
} as const;

/** In an order in which each table's references exist. */
export const ledgerTables: readonly Table[] = [
  readme,
  meta,
  ...documentedTables,
  allocations,
  authorityChanges,
  reorgs,
  orphanedBlocks,
  dataDictionary,
];

/**
 * Tables whose rows follow from blocks, beside `transactions`, each with its column of the block's index: in an order of
 * deletion that keeps references whole.
 */
export const tablesOfBlocks: readonly (readonly [table: string, heightColumn: string])[] = [
  ["users", "registered_in"],
  ["assets", "issued_in"],
  ["authority_changes", "block_id"],
  ["blocks", "index"],
];
