/** Tamperings with the chain: blocks and transactions cut, removed, swapped and moved, seals and certificates, what is final. */
import type { Tampering } from "./tampering.ts";

/** Sets the last byte of a BLOB to another one. */
export function otherLastByte(column: string): string {
  return `CAST(substr(${column}, 1, length(${column}) - 1) || CASE substr(${column}, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB)`;
}

/** Takes every row above a height out of every table, as an export that had stopped there would look. */
export function cutAbove(height: number): string {
  return [
    `DELETE FROM transactions WHERE block_id > ${height};`,
    `DELETE FROM users WHERE registered_in > ${height};`,
    `DELETE FROM assets WHERE issued_in > ${height};`,
    `DELETE FROM authority_changes WHERE block_id > ${height};`,
    `DELETE FROM blocks WHERE "index" > ${height};`,
    `UPDATE meta SET cursor_index = ${height}, cursor_hash = (SELECT hash FROM blocks WHERE "index" = ${height});`,
  ].join("\n");
}

const blockTamperings: readonly Tampering[] = [
  {
    name: "the last block is deleted",
    ledger: "pow",
    sql: `DELETE FROM transactions WHERE block_id = 22; DELETE FROM blocks WHERE "index" = 22;`,
    caughtBy: "chain",
  },
  {
    name: "the last blocks are deleted, with all their rows, and the cursor stays",
    ledger: "poa",
    sql: `DELETE FROM transactions WHERE block_id > 12; DELETE FROM blocks WHERE "index" > 12;`,
    caughtBy: "chain",
  },
  {
    name: "a block in the middle is removed with its transactions",
    ledger: "pow",
    sql: `DELETE FROM transactions WHERE block_id = 10; DELETE FROM blocks WHERE "index" = 10;`,
    caughtBy: "chain",
  },
  {
    name: "an empty block in the middle is removed, and those above it move down",
    ledger: "pow",
    sql: `DELETE FROM blocks WHERE "index" = 20; UPDATE blocks SET "index" = 20 WHERE "index" = 21; UPDATE blocks SET "index" = 21 WHERE "index" = 22;
          UPDATE transactions SET block_id = block_id - 1, transaction_key = transaction_key - 8192 WHERE block_id > 20;
          UPDATE meta SET cursor_index = 21;`,
    caughtBy: ["chain", "headers"],
  },
  {
    name: "a block is removed and its transactions stay",
    ledger: "poa",
    sql: `DELETE FROM blocks WHERE "index" = 2;`,
    caughtBy: "chain",
  },
  {
    name: "the genesis block is removed",
    ledger: "poa",
    sql: `DELETE FROM blocks WHERE "index" = 0;`,
    caughtBy: "chain",
  },
  {
    name: "two blocks change places",
    ledger: "poa",
    sql: `UPDATE blocks SET "index" = 99 WHERE "index" = 4; UPDATE blocks SET "index" = 4 WHERE "index" = 5; UPDATE blocks SET "index" = 5 WHERE "index" = 99;`,
    caughtBy: ["chain", "headers"],
  },
  {
    name: "a block stands above the cursor",
    ledger: "pow",
    sql: `CREATE TEMP TABLE copied AS SELECT * FROM blocks WHERE "index" = 22; UPDATE copied SET "index" = 23; INSERT INTO blocks SELECT * FROM copied;`,
    caughtBy: "chain",
  },
  {
    name: "a block stands at 2^62",
    ledger: "pow",
    sql: `CREATE TEMP TABLE copied AS SELECT * FROM blocks WHERE "index" = 22; UPDATE copied SET "index" = 4611686018427387904; INSERT INTO blocks SELECT * FROM copied;`,
    caughtBy: "chain",
  },
  {
    name: "a block stands below the genesis block",
    ledger: "poa",
    sql: `CREATE TEMP TABLE copied AS SELECT * FROM blocks WHERE "index" = 1; UPDATE copied SET "index" = -1; INSERT INTO blocks SELECT * FROM copied;`,
    caughtBy: "chain",
  },
  {
    name: "a block is a copy of its neighbour in all but its index",
    ledger: "poa",
    sql: `DELETE FROM blocks WHERE "index" = 5; CREATE TEMP TABLE copied AS SELECT * FROM blocks WHERE "index" = 6; UPDATE copied SET "index" = 5; INSERT INTO blocks SELECT * FROM copied;`,
    caughtBy: ["chain", "headers"],
  },
  {
    name: "a block is replaced by the one that left the chain in a reorganization",
    ledger: "poa",
    sql: `UPDATE blocks SET (hash, nonce, timestamp) = (SELECT hash, nonce, timestamp FROM orphaned_blocks WHERE "index" = 8) WHERE "index" = 8;`,
    caughtBy: "headers",
  },
  {
    name: "every block is gone",
    ledger: "pow",
    sql: "DELETE FROM blocks; DELETE FROM transactions;",
    caughtBy: "chain",
  },
  {
    name: "a block's header is broken off",
    ledger: "pow",
    sql: `UPDATE blocks SET header_bytes = substr(header_bytes, 1, 40) WHERE "index" = 9;`,
    caughtBy: "headers",
  },
  {
    name: "a block's header is a megabyte of zeros",
    ledger: "pow",
    sql: `UPDATE blocks SET header_bytes = zeroblob(1000000) WHERE "index" = 9;`,
    caughtBy: "headers",
  },
  {
    name: "a block's time is another one in every column that shows it, and not in its header",
    ledger: "poa",
    sql: `UPDATE blocks SET timestamp_ms = timestamp_ms + 60000, timestamp = timestamp + 60, timestamp_iso = strftime('%Y-%m-%dT%H:%M:%fZ', (timestamp_ms + 60000) / 1000.0, 'unixepoch') WHERE "index" = 16;`,
    caughtBy: "headers",
  },
  {
    name: "the producer of a block is another account in every column that shows it",
    ledger: "pow",
    sql: `UPDATE blocks SET (producer, miner) = (SELECT producer, miner FROM blocks WHERE "index" = 1) WHERE "index" = 2;`,
    caughtBy: "headers",
    table: "blocks",
    column: "producer",
  },
  {
    name: "the work of every block from one on counts for more",
    ledger: "pow",
    sql: `UPDATE blocks SET cumulative_weight = CAST(CAST(cumulative_weight AS INTEGER) + 1000 AS TEXT) WHERE "index" >= 10;`,
    caughtBy: ["work", "headers"],
  },
  {
    name: "the nonce of a block is another number in both columns",
    ledger: "pow",
    sql: `UPDATE blocks SET nonce = 258, nonce_bytes = CAST(x'0201' || zeroblob(30) AS BLOB) WHERE "index" = 15;`,
    caughtBy: ["headers", "work"],
  },
];

const transactionTamperings: readonly Tampering[] = [
  {
    name: "a transaction in the middle of a block is removed",
    ledger: "poa",
    sql: "DELETE FROM transactions WHERE block_id = 1 AND position = 4;",
    caughtBy: "blocks",
  },
  {
    name: "the last transaction of a block is removed, and the block counts one less",
    ledger: "pow",
    sql: `DELETE FROM transactions WHERE block_id = 1 AND position = 8; UPDATE blocks SET transaction_count = 8 WHERE "index" = 1;`,
    caughtBy: "blocks",
  },
  {
    name: "two transactions of a block change places",
    ledger: "poa",
    sql: `UPDATE transactions SET transaction_key = -1, position = 4 WHERE block_id = 1 AND position = 0;
          UPDATE transactions SET transaction_key = transaction_key - 4, position = 0 WHERE block_id = 1 AND transaction_key > 0 AND position = 4;
          UPDATE transactions SET transaction_key = (SELECT transaction_key + 4 FROM transactions WHERE block_id = 1 AND position = 0) WHERE transaction_key = -1;`,
    caughtBy: "blocks",
  },
  {
    name: "the bytes of two transactions change places",
    ledger: "pow",
    sql: `CREATE TEMP TABLE two AS SELECT position, bytes FROM transactions WHERE block_id = 3 AND position IN (0, 1);
          UPDATE transactions SET bytes = (SELECT bytes FROM two WHERE position = 1) WHERE block_id = 3 AND position = 0;
          UPDATE transactions SET bytes = (SELECT bytes FROM two WHERE position = 0) WHERE block_id = 3 AND position = 1;`,
    caughtBy: ["blocks", "transactions"],
  },
  {
    name: "a transaction stands in the file twice",
    ledger: "poa",
    sql: "CREATE TEMP TABLE copied AS SELECT * FROM transactions WHERE block_id = 16; UPDATE copied SET transaction_key = transaction_key + 1, position = 1; INSERT INTO transactions SELECT * FROM copied;",
    caughtBy: "blocks",
  },
  {
    name: "a transaction stands in the file twice, the second time in a later block",
    ledger: "pow",
    sql: "CREATE TEMP TABLE copied AS SELECT * FROM transactions WHERE block_id = 9 AND position = 0; UPDATE copied SET transaction_key = transaction_key + 8192 * 3, block_id = 12, position = 0; INSERT INTO transactions SELECT * FROM copied;",
    caughtBy: "blocks",
  },
  {
    name: "a transaction is moved to another block",
    ledger: "pow",
    sql: "UPDATE transactions SET block_id = 4, position = 0, transaction_key = transaction_key + 8192 - 4 WHERE block_id = 3 AND position = 4;",
    caughtBy: "blocks",
  },
  {
    name: "a transaction stands in a block that is not there",
    ledger: "poa",
    sql: "CREATE TEMP TABLE copied AS SELECT * FROM transactions WHERE block_id = 17; UPDATE copied SET transaction_key = transaction_key + 8192, block_id = 18; INSERT INTO transactions SELECT * FROM copied;",
    caughtBy: ["blocks", "transactions"],
  },
  {
    name: "a transaction stands under the key of another place, and under its own block and position",
    ledger: "poa",
    sql: "UPDATE transactions SET transaction_key = transaction_key + 5 WHERE block_id = 17;",
    caughtBy: ["transactions", "blocks"],
  },
  {
    name: "the memo of a payment is another one in its bytes and in its column",
    ledger: "pow",
    sql: `UPDATE transactions SET data = 'PAYOUT', bytes = CAST(substr(bytes, 1, instr(bytes, x'7061796f7574') - 1) || x'5041594f5554' || substr(bytes, instr(bytes, x'7061796f7574') + 6) AS BLOB)
          WHERE block_id = 9 AND position = 0;`,
    caughtBy: ["transactions", "blocks"],
  },
  {
    name: "the signature of a transaction has a bit turned, in its bytes and in its column",
    ledger: "poa",
    sql: `UPDATE transactions SET bytes = CAST(substr(bytes, 1, 133) || CASE substr(bytes, 134, 1) WHEN x'00' THEN x'01' ELSE x'00' END || substr(bytes, 135) AS BLOB) WHERE block_id = 7;
          UPDATE transactions SET signature = lower(hex(substr(bytes, 71, 64))) WHERE block_id = 7;`,
    caughtBy: "transactions",
  },
  {
    name: "the signature of a transaction is that of another one",
    ledger: "pow",
    sql: `UPDATE transactions SET bytes = CAST(substr(bytes, 1, 70) || (SELECT substr(bytes, 71, 64) FROM transactions WHERE block_id = 22) || substr(bytes, 135) AS BLOB) WHERE block_id = 10;
          UPDATE transactions SET signature = lower(hex(substr(bytes, 71, 64))) WHERE block_id = 10;`,
    caughtBy: "transactions",
  },
  {
    name: "a transaction's bytes end too soon",
    ledger: "poa",
    sql: "UPDATE transactions SET bytes = substr(bytes, 1, 100) WHERE block_id = 7;",
    caughtBy: "transactions",
  },
];

const sealTamperings: readonly Tampering[] = [
  {
    name: "two blocks change their seals, in both columns",
    ledger: "poa",
    sql: `CREATE TEMP TABLE two AS SELECT "index" AS height, seal_signature, signature FROM blocks WHERE "index" IN (12, 15);
          UPDATE blocks SET (seal_signature) = (SELECT seal_signature FROM two WHERE height = 12) WHERE "index" = 15;
          UPDATE blocks SET (seal_signature) = (SELECT seal_signature FROM two WHERE height = 15) WHERE "index" = 12;
          UPDATE blocks SET signature = 'SIG_' || signer_id || '_' || hash || '_' || lower(hex(seal_signature)) WHERE "index" IN (12, 15);`,
    caughtBy: "authority",
  },
  {
    name: "a seal is 64 zeros, in both columns",
    ledger: "poa",
    sql: `UPDATE blocks SET seal_signature = zeroblob(64), signature = 'SIG_' || signer_id || '_' || hash || '_' || lower(hex(zeroblob(64))) WHERE "index" = 6;`,
    caughtBy: "authority",
  },
  {
    name: "a seal is missing",
    ledger: "poa",
    sql: `UPDATE blocks SET seal_signature = x'', signature = NULL WHERE "index" = 17;`,
    caughtBy: ["authority", "headers"],
  },
  {
    name: "a block of Proof of Work has a seal signature",
    ledger: "pow",
    sql: `UPDATE blocks SET seal_signature = zeroblob(64) WHERE "index" = 17;`,
    caughtBy: ["work", "headers"],
  },
  {
    name: "another authority is named as the signer of a block, in every column",
    ledger: "poa",
    sql: `UPDATE blocks SET signer_id = (SELECT signer_id FROM blocks WHERE "index" = 5), signature = 'SIG_' || (SELECT signer_id FROM blocks WHERE "index" = 5) || '_' || hash || '_' || lower(hex(seal_signature)) WHERE "index" = 6;`,
    caughtBy: "headers",
    table: "blocks",
    column: "signer_id",
  },
  {
    name: "a certificate in a block has a byte changed",
    ledger: "poa",
    sql: `UPDATE blocks SET consensus_bytes = ${otherLastByte("consensus_bytes")} WHERE "index" = 13;`,
    caughtBy: ["blocks", "headers"],
  },
  {
    name: "the certificate of one block stands in another",
    ledger: "poa",
    sql: `UPDATE blocks SET (consensus_bytes, consensus_root) = (SELECT consensus_bytes, consensus_root FROM blocks WHERE "index" = 13) WHERE "index" = 14;`,
    caughtBy: ["blocks", "headers"],
  },
  {
    name: "the evidence against an authority is taken out of its block",
    ledger: "poa",
    sql: `UPDATE blocks SET (consensus_bytes, consensus_root) = (SELECT consensus_bytes, consensus_root FROM blocks WHERE "index" = 8) WHERE "index" = 10;`,
    caughtBy: ["blocks", "headers"],
  },
  {
    name: "an authority that nobody voted for is in the table",
    ledger: "poa",
    sql: `CREATE TEMP TABLE copied AS SELECT * FROM authority_changes WHERE change = 'added' LIMIT 1;
          UPDATE copied SET account = (SELECT to_account FROM transactions WHERE kind = 'transfer' AND to_account IS NOT NULL LIMIT 1);
          INSERT INTO authority_changes SELECT * FROM copied;`,
    caughtBy: ["tables", "authority"],
    table: "authority_changes",
  },
  {
    name: "the table keeps silent about the slashed authority",
    ledger: "poa",
    sql: "DELETE FROM authority_changes WHERE change = 'slashed';",
    caughtBy: ["tables", "authority"],
    table: "authority_changes",
  },
  {
    name: "the slashed authority has only been removed, by the table",
    ledger: "poa",
    sql: "UPDATE authority_changes SET change = 'removed' WHERE change = 'slashed';",
    caughtBy: ["tables", "authority"],
    table: "authority_changes",
    column: "change",
  },
  {
    name: "an authority is added to the genesis spec",
    ledger: "poa",
    sql: "UPDATE meta SET genesis_bytes = CAST(genesis_bytes || randomblob(32) AS BLOB);",
    caughtBy: "chain",
    table: "meta",
  },
];

const finalTamperings: readonly Tampering[] = [
  {
    name: "the final block is said to be a lower one",
    ledger: "poa",
    sql: `UPDATE meta SET final_index = 12, final_hash = (SELECT hash FROM blocks WHERE "index" = 12);`,
    caughtBy: "authority",
    table: "meta",
  },
  {
    name: "the final block is one lower, and its certificate that of the block above it",
    ledger: "poa",
    sql: `UPDATE meta SET final_index = 15, final_hash = (SELECT hash FROM blocks WHERE "index" = 15);`,
    caughtBy: "authority",
    table: "meta",
  },
  {
    name: "the last block is called final, and nothing proves it",
    ledger: "poa",
    sql: "UPDATE meta SET final_index = cursor_index, final_hash = cursor_hash;",
    caughtBy: "authority",
    table: "meta",
  },
  {
    name: "the last block is called final, with the certificate of another",
    ledger: "poa",
    sql: "UPDATE meta SET final_index = cursor_index, final_hash = cursor_hash, final_certificate = CAST(final_certificate || '' AS BLOB);",
    caughtBy: "authority",
    table: "meta",
  },
  {
    name: "the final block has the hash of another",
    ledger: "poa",
    sql: `UPDATE meta SET final_hash = (SELECT hash FROM blocks WHERE "index" = 3);`,
    caughtBy: ["authority", "chain"],
    table: "meta",
  },
  {
    name: "nothing is said to be final",
    ledger: "poa",
    sql: "UPDATE meta SET final_index = NULL, final_hash = NULL, final_certificate = NULL;",
    caughtBy: "authority",
    table: "meta",
  },
  {
    name: "the certificate of the final block is forged: a byte of a signature",
    ledger: "poa",
    sql: `UPDATE meta SET final_certificate = ${otherLastByte("final_certificate")};`,
    caughtBy: "authority",
    table: "meta",
  },
  {
    name: "the certificate of the final block is 200 random bytes",
    ledger: "poa",
    sql: "UPDATE meta SET final_certificate = randomblob(200);",
    caughtBy: "authority",
    table: "meta",
  },
  {
    name: "a block of Proof of Work is called final",
    ledger: "pow",
    sql: `UPDATE meta SET final_index = 10, final_hash = (SELECT hash FROM blocks WHERE "index" = 10);`,
    caughtBy: ["authority", "chain"],
    table: "meta",
  },
  {
    name: "the cursor is one too low",
    ledger: "pow",
    sql: `UPDATE meta SET cursor_index = 21, cursor_hash = (SELECT hash FROM blocks WHERE "index" = 21);`,
    caughtBy: "chain",
  },
  {
    name: "the cursor has the hash of another block",
    ledger: "poa",
    sql: `UPDATE meta SET cursor_hash = (SELECT hash FROM blocks WHERE "index" = 3);`,
    caughtBy: "chain",
    table: "meta",
  },
  {
    name: "the row of the chain in meta is gone",
    ledger: "poa",
    sql: "DELETE FROM meta;",
    caughtBy: ["chain", "schema"],
  },
  {
    name: "a second chain is in meta, and no block of it",
    ledger: "pow",
    sql: "CREATE TEMP TABLE copied AS SELECT * FROM meta; UPDATE copied SET chain_id = lower(hex(randomblob(32))), chain_number = 2; INSERT INTO meta SELECT * FROM copied;",
    caughtBy: "chain",
  },
  {
    name: "the chain is Proof of Authority, by meta",
    ledger: "pow",
    sql: "UPDATE meta SET consensus = 'poa';",
    caughtBy: "chain",
    table: "meta",
    column: "consensus",
  },
  {
    name: "rewards mature sooner, by meta",
    ledger: "pow",
    sql: "UPDATE meta SET reward_maturity_blocks = 0;",
    caughtBy: "chain",
    table: "meta",
    column: "reward_maturity_blocks",
  },
];

const [workChain, authorityChain] = ["pow", "poa"].map(
  (consensus) => `(SELECT chain_id FROM meta WHERE consensus = '${consensus}')`,
) as [string, string];

const mixedTamperings: readonly Tampering[] = [
  {
    name: "two chains mixed: a block of one stands in the other",
    ledger: "mixed",
    sql: `CREATE TEMP TABLE copied AS SELECT * FROM blocks WHERE chain_id = ${authorityChain} AND "index" = 14; DELETE FROM blocks WHERE chain_id = ${workChain} AND "index" = 14; UPDATE copied SET chain_id = ${workChain}; INSERT INTO blocks SELECT * FROM copied;`,
    caughtBy: ["headers", "chain"],
  },
  {
    name: "two chains mixed: a transaction of one stands in the other",
    ledger: "mixed",
    sql: `UPDATE transactions SET chain_id = ${workChain} WHERE chain_id = ${authorityChain} AND block_id = 16;`,
    caughtBy: ["blocks", "transactions"],
  },
  {
    name: "two chains mixed: a payment is copied from one to the other, under a key of its own",
    ledger: "mixed",
    sql: `CREATE TEMP TABLE copied AS SELECT * FROM transactions WHERE chain_id = ${authorityChain} AND block_id = 16;
          UPDATE copied SET chain_id = ${workChain}, block_id = 18, transaction_key = 2 * 562949953421312 + 18 * 8192; INSERT INTO transactions SELECT * FROM copied;`,
    caughtBy: ["blocks", "transactions"],
  },
  {
    name: "two chains mixed: their genesis specs change places",
    ledger: "mixed",
    sql: `CREATE TEMP TABLE two AS SELECT consensus AS c, genesis_bytes AS g FROM meta; UPDATE meta SET genesis_bytes = (SELECT g FROM two WHERE c <> consensus);`,
    caughtBy: "chain",
    table: "meta",
    column: "genesis_bytes",
  },
  {
    name: "two chains mixed: a user of one is a user of the other",
    ledger: "mixed",
    sql: `UPDATE users SET chain_id = ${authorityChain} WHERE name = 'late@example.com';`,
    caughtBy: "tables",
    table: "users",
  },
  {
    name: "two chains mixed: their numbers change places",
    ledger: "mixed",
    sql: "UPDATE meta SET chain_number = 3 WHERE chain_number = 1; UPDATE meta SET chain_number = 1 WHERE chain_number = 2; UPDATE meta SET chain_number = 2 WHERE chain_number = 3;",
    caughtBy: ["transactions", "chain", "blocks"],
  },
  {
    name: "two chains mixed: a reorganization of one is told of the other",
    ledger: "mixed",
    sql: `UPDATE reorgs SET chain_id = ${workChain} WHERE chain_id = ${authorityChain};`,
    caughtBy: "orphans",
  },
];

export const chainTamperings: readonly Tampering[] = [
  ...blockTamperings,
  ...transactionTamperings,
  ...sealTamperings,
  ...finalTamperings,
  ...mixedTamperings,
];
