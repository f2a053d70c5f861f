/** A pool's members in the `mining_pool` table, and what the chain says their pool has sent them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import type { PoolRow } from "../../src/export/pool-rows.ts";
import { ledgerTablesText } from "../../src/export/print-tables.ts";
import { addressOf, nodeIdOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { exportOnce, jobFor, temporaryFolder } from "./ledger-contents.ts";
import { issueAsset, keyOf, SyntheticChain, transfer } from "./synthetic-chain.ts";

const [pool, otherPool, alice, bob, stranger] = [1, 2, 100, 101, 102].map(keyOf) as [
  KeyPair,
  KeyPair,
  KeyPair,
  KeyPair,
  KeyPair,
];

function memberRow(member: KeyPair, changes: Partial<PoolRow> = {}): PoolRow {
  return {
    poolAccount: pool.publicKey,
    member: member.publicKey,
    sharesAccepted: 40,
    sharesRejected: 2,
    hashesPerSecond: 1_234.56,
    blocksFound: 1,
    dueUnits: 2n ** 63n,
    paidUnits: 7n,
    payoutTransaction: null,
    ...changes,
  };
}

function rowsOf(db: DatabaseSync, sql: string): unknown[][] {
  const query = db.prepare(sql);
  query.setReadBigInts(true);
  return query.all().map((row) => Object.values(row));
}

test("each record of a pool replaces its rows, and no others", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = new SyntheticChain("pow");
  chain.append(pool, []);
  const job = jobFor(file, chain);
  const reader = openLedgerFile(file, { readOnly: true });
  const members =
    "SELECT pool, member, shares_accepted FROM mining_pool ORDER BY pool = 'solo', pool, member";
  await job.recordPool([memberRow(alice)]);
  assert.deepEqual(
    rowsOf(reader, members),
    [],
    "before the chain's first block there is no chain to refer to",
  );
  await job.catchUp();
  await job.recordPool([memberRow(alice), memberRow(bob)]);
  await job.recordPool([memberRow(bob, { poolAccount: otherPool.publicKey })]);
  const payoutTransaction = "ab".repeat(32);
  await job.recordPool([memberRow(bob, { sharesAccepted: 41, payoutTransaction })]);
  await job.recordPool([]);
  const [own, other] = [addressOf(pool.publicKey), addressOf(otherPool.publicKey)];
  const expected = [
    [own, addressOf(bob.publicKey), 41n],
    [other, addressOf(bob.publicKey), 40n],
  ].sort(([left], [right]) => (String(left) < String(right) ? -1 : 1));
  assert.deepEqual(rowsOf(reader, members), [...expected, ["solo", own, null]]);
  assert.deepEqual(
    rowsOf(
      reader,
      "SELECT node_id, shares_rejected, hash_rate, blocks_found, rewards_due_text, rewards_paid_units, payout_transaction, origin" +
        ` FROM mining_pool WHERE pool = '${own}'`,
    ),
    [[nodeIdOf(bob.publicKey), 2n, 1_234.56, 1n, "92233720368.54775808", 7n, payoutTransaction, "observed"]],
  );
  assert.deepEqual(rowsOf(reader, "PRAGMA foreign_key_check"), []);
  chain.rewindTo(0);
  chain.append(otherPool, []);
  chain.append(otherPool, []);
  await job.catchUp();
  assert.deepEqual(rowsOf(reader, members), [...expected, ["solo", other, null]]);
  for (const line of ledgerTablesText(reader, { rowsMax: 5 }).split("\n"))
    assert.ok(Array.from(line).length <= 80, line);
  reader.close();
  job.close();
});

test("pool_payments are the transfers of AUR from a pool's account to its members", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = new SyntheticChain("pow");
  const asset = chain.sign(pool, issueAsset("GOLD", 2, 7n), 0);
  const [toAlice, toBob] = [chain.sign(pool, transfer(alice, 5n), 1), chain.sign(pool, transfer(bob, 6n), 2)];
  chain.append(pool, [
    asset,
    toAlice,
    toBob,
    chain.sign(pool, transfer(stranger, 8n), 3),
    chain.sign(pool, transfer(alice, 1n, "", asset.id), 4),
    chain.sign(alice, transfer(pool, 9n)),
  ]);
  chain.append(pool, [chain.sign(otherPool, transfer(alice, 10n))]);
  await exportOnce(file, chain);
  const job = jobFor(file, chain);
  await job.recordPool([memberRow(alice), memberRow(bob)]);
  job.close();
  const db = openLedgerFile(file, { readOnly: true });
  const [own, first, second] = [pool, alice, bob].map(({ publicKey }) => addressOf(publicKey));
  assert.deepEqual(
    rowsOf(
      db,
      "SELECT pool, member, block_id, transaction_id, amount_units, amount_text FROM pool_payments ORDER BY amount_units",
    ),
    [
      [own, first, 1n, toHex(toAlice.id), 5n, "0.00000005"],
      [own, second, 1n, toHex(toBob.id), 6n, "0.00000006"],
    ],
  );
  db.close();
});
