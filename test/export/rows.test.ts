/** The rows of a ledger say what the chain says, under the documented names. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { ledgerViews } from "../../src/export/auditor-views.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import { documentedTables, ledgerTables } from "../../src/export/ledger-tables.ts";
import { ledgerTablesText } from "../../src/export/print-tables.ts";
import { isoTimestamp, readableText } from "../../src/export/readable.ts";
import { createSchema } from "../../src/export/schema.ts";
import { decimalTextSql } from "../../src/export/sql-amounts.ts";
import { decimalText, loadUnits, storeUnits } from "../../src/export/units.ts";
import { formatAmount } from "../../src/protocol/amount.ts";
import { signConsent } from "../../src/protocol/authority-consent.ts";
import { blockHash, HeaderType, headerRoot } from "../../src/protocol/block.ts";
import { decodeGenesis } from "../../src/protocol/genesis.ts";
import { addressOf, nodeIdOf } from "../../src/protocol/identity.ts";
import { signNodeRecord } from "../../src/protocol/node-record.ts";
import { authorityActions, decodeTransaction } from "../../src/protocol/transaction.ts";
import { exportOnce, jobFor, temporaryFolder } from "./ledger-contents.ts";
import { issueAsset, keyOf, record, registerUser, SyntheticChain, transfer } from "./synthetic-chain.ts";

const alice = keyOf(100);
const bob = keyOf(101);
const uint64Max = 2n ** 64n - 1n;

const documentedColumns = {
  blocks: "index timestamp data previous_hash nonce hash miner signer_id signature".split(" "),
  transactions: "id from_user to_user amount timestamp block_id status".split(" "),
  users: ["name"],
  nodes: ["node_id"],
  assets: ["asset_id"],
  mining_pool: ["member"],
};

/** Alice and Bob get names, pay each other, write a record and pass an asset around. */
function storyChain(consensus: "pow" | "poa"): SyntheticChain {
  const chain = new SyntheticChain(consensus);
  const producer = keyOf(1);
  chain.append(producer, [
    chain.sign(alice, transfer(bob, 1n), 0),
    chain.sign(alice, registerUser("alice@example.com"), 1),
    chain.sign(bob, registerUser("bob@example.com"), 0),
    chain.sign(alice, transfer(bob, 1_050_000_000n, "lunch"), 2, 7n),
  ]);
  const issue = chain.sign(bob, issueAsset("GOLD", 2, 1_000n), 1);
  chain.append(producer, [
    issue,
    chain.sign(bob, transfer(alice, 250n, "", issue.id), 2),
    chain.sign(alice, record("hello, ledger"), 3),
  ]);
  return chain;
}

function all(db: DatabaseSync, sql: string, ...bound: (string | number)[]) {
  const query = db.prepare(sql);
  query.setReadBigInts(true);
  return query.all(...bound);
}

test("PRAGMA table_info shows every documented column, and each table tells its chain", () => {
  const db = openLedgerFile(":memory:");
  for (const [table, names] of Object.entries(documentedColumns)) {
    const found = all(db, `PRAGMA table_info(${table})`).map((row) => row.name);
    for (const name of [...names, "chain_id"]) assert.ok(found.includes(name), `${table}.${name}`);
  }
  db.close();
});

test("the data dictionary describes every column that is there", () => {
  const db = openLedgerFile(":memory:");
  const views = all(db, "SELECT name FROM sqlite_schema WHERE type = 'view'").map((row) => row.name);
  assert.deepEqual(
    views,
    ledgerViews.map(({ name }) => name),
  );
  for (const view of views) {
    const query = "SELECT column_name FROM data_dictionary WHERE table_name = ? AND meaning <> '' ORDER BY 1";
    const described = all(db, query, String(view)).map((row) => String(row.column_name));
    const actual = all(db, `PRAGMA table_info(${view})`).map((row) => String(row.name));
    const isOfTable = String(view).endsWith("_with_finality");
    assert.deepEqual(described, ["", ...(isOfTable ? ["final"] : actual.sort())], String(view));
  }
  for (const { name } of ledgerTables) {
    const actual = all(db, `PRAGMA table_xinfo(${name})`).map((row) => row.name);
    const described = all(
      db,
      "SELECT column_name FROM data_dictionary WHERE table_name = ? AND column_name <> '' AND meaning <> ''",
      name,
    ).map((row) => row.column_name);
    assert.deepEqual(described.sort(), actual.sort(), name);
  }
  assert.equal(documentedTables.length, 6);
  assert.throws(() => createSchema(db), /already exists/);
  db.close();
});

for (const consensus of ["pow", "poa"] as const) {
  test(`the rows of a ${consensus} chain equal its blocks`, async (context) => {
    const file = join(await temporaryFolder(context), "ledger.sqlite");
    const chain = storyChain(consensus);
    await exportOnce(file, chain);
    const db = openLedgerFile(file, { readOnly: true });
    const rows = all(db, `SELECT * FROM blocks ORDER BY "index"`);
    assert.equal(rows.length, 3);
    for (const [height, block] of chain.canonical.entries()) {
      const row = rows[height] as (typeof rows)[number];
      assert.equal(row.index, BigInt(height));
      assert.equal(row.hash, block.hashHex);
      assert.equal(row.previous_hash, toHex(block.header.parentHash));
      assert.equal(row.timestamp, block.header.timestampMs / 1000);
      assert.equal(row.timestamp_ms, BigInt(block.header.timestampMs));
      assert.equal(row.origin, height === 0 ? "genesis" : "chain");
      assert.ok(Array.isArray(JSON.parse(String(row.data))));
      const header = HeaderType.deserialize(new Uint8Array(row.header_bytes as Uint8Array));
      assert.equal(
        toHex(blockHash(headerRoot(header), new Uint8Array(row.nonce_bytes as Uint8Array))),
        row.hash,
      );
      if (height === 0) continue;
      const producer = keyOf(1).publicKey;
      if (consensus === "pow") {
        assert.match(String(row.hash), /^0/);
        assert.equal(row.nonce, new DataView(block.seal.nonce.buffer).getBigUint64(0, true));
        assert.deepEqual([row.miner, row.signer_id, row.signature], [addressOf(producer), null, null]);
      } else {
        const text = `SIG_${nodeIdOf(producer)}_${block.hashHex}_${toHex(block.seal.signature)}`;
        assert.deepEqual([row.miner, row.nonce], [null, null]);
        assert.deepEqual([row.signer_id, row.signature], [nodeIdOf(producer), text]);
      }
    }
    const spec = decodeGenesis(
      new Uint8Array(all(db, "SELECT genesis_bytes FROM meta")[0]?.genesis_bytes as Uint8Array),
    );
    assert.ok(spec.ok && toHex(spec.value.chainId) === rows[0]?.chain_id);
    db.close();
  });
}

test("transactions name their users as of the end of their block, and carry their exact bytes", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = storyChain("poa");
  await exportOnce(file, chain);
  const db = openLedgerFile(file, { readOnly: true });
  const rows = all(db, "SELECT * FROM transactions ORDER BY block_id, position");
  const [aliceAddress, bobAddress] = [addressOf(alice.publicKey), addressOf(bob.publicKey)];
  assert.deepEqual(
    rows.map((row) => [row.kind, row.from_user, row.to_user, row.amount_text, row.data, row.block_id]),
    [
      ["transfer", "alice@example.com", "bob@example.com", "0.00000001", "", 1n],
      ["registerUser", "alice@example.com", "alice@example.com", null, "alice@example.com", 1n],
      ["registerUser", "bob@example.com", "bob@example.com", null, "bob@example.com", 1n],
      ["transfer", "alice@example.com", "bob@example.com", "10.50000000", "lunch", 1n],
      ["issueAsset", "bob@example.com", "bob@example.com", "10.00", "about GOLD", 2n],
      ["transfer", "bob@example.com", "alice@example.com", "2.50", "", 2n],
      ["record", "alice@example.com", null, null, "hello, ledger", 2n],
    ],
  );
  assert.equal(rows[3]?.amount, 10.5);
  assert.equal(rows[3]?.timestamp, "2024-01-14T10:31:40.456Z");
  assert.deepEqual([rows[3]?.fee_units, rows[3]?.fee_text], [7n, "0.00000007"]);
  const originals = chain.canonical.flatMap((block) => block.transactions);
  for (const [index, original] of originals.entries()) {
    const row = rows[index];
    const decoded = decodeTransaction(new Uint8Array(row?.bytes as Uint8Array), chain.spec.chainId);
    assert.ok(decoded.ok);
    assert.equal(decoded.value.idHex, row?.id);
    assert.equal(original.idHex, row?.id);
    assert.equal(row?.signature, toHex(original.transaction.signature));
    assert.equal(row?.status, "committed");
  }
  assert.deepEqual(
    all(
      db,
      "SELECT asset_id, symbol, decimals, supply_text, issuer, origin FROM assets ORDER BY issued_in",
    ).map((row) => Object.values(row)),
    [
      ["AUR", "AUR", 8n, "50000000.00000000", null, "genesis"],
      [originals[4]?.idHex, "GOLD", 2n, "10.00", "bob@example.com", "chain"],
    ],
  );
  assert.deepEqual(
    all(db, "SELECT name, account, registered_in FROM users ORDER BY name").map((row) => Object.values(row)),
    [
      ["alice@example.com", aliceAddress, 1n],
      ["bob@example.com", bobAddress, 1n],
    ],
  );
  assert.equal(all(db, "SELECT * FROM mining_pool").length, 0);
  assert.deepEqual(all(db, "PRAGMA foreign_key_check"), []);
  assert.deepEqual(all(db, "PRAGMA integrity_check"), [{ __proto__: null, integrity_check: "ok" }]);
  db.close();
});

test("a miner's name stands in its blocks from that of its registration on", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = new SyntheticChain("pow");
  chain.append(alice, [chain.sign(alice, registerUser("alice@example.com"), 0, 5n)]);
  chain.append(alice, []);
  chain.append(alice, []);
  await exportOnce(file, chain);
  const db = openLedgerFile(file, { readOnly: true });
  const miners = all(db, `SELECT miner FROM blocks ORDER BY "index"`).map((row) => row.miner);
  assert.deepEqual(miners, [null, "alice@example.com", "alice@example.com", "alice@example.com"]);
  // Of three blocks two wait for a second block on top of them.
  const [member] = all(db, "SELECT * FROM mining_pool");
  assert.deepEqual(
    [
      member?.member,
      member?.node_id,
      member?.blocks_found,
      member?.rewards_due_units,
      member?.rewards_paid_text,
    ],
    [addressOf(alice.publicKey), nodeIdOf(alice.publicKey), 3n, 15_000_000_005n, "50.00000005"],
  );
  db.close();
});

test("amounts at their limits stay exact", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = new SyntheticChain("poa");
  const [whole, fine] = [issueAsset("WHOLE", 0, uint64Max), issueAsset("FINE", 18, uint64Max)].map(
    (payload, index) => chain.sign(alice, payload, index),
  );
  assert.ok(whole && fine);
  const amounts = [1n, 2n ** 63n - 1n, 2n ** 63n, uint64Max];
  const transfers = amounts.map((amount, index) =>
    chain.sign(alice, transfer(bob, amount), 2 + index, amount),
  );
  const ofAsset = chain.sign(alice, transfer(bob, 1n, "", fine.id), 6);
  chain.append(keyOf(1), [whole, fine, ...transfers, ofAsset]);
  await exportOnce(file, chain);
  const db = openLedgerFile(file, { readOnly: true });
  const rows = all(
    db,
    "SELECT amount, amount_units, amount_units_large, amount_text, fee_units, fee_units_large FROM transactions ORDER BY position",
  );
  assert.deepEqual(
    rows.map((row) => row.amount_text),
    [
      "18446744073709551615",
      "18.446744073709551615",
      "0.00000001",
      "92233720368.54775807",
      "92233720368.54775808",
      "184467440737.09551615",
      "0.000000000000000001",
    ],
  );
  assert.deepEqual(
    rows.slice(2, 6).map((row) => loadUnits(row.amount_units, row.amount_units_large)),
    amounts,
  );
  assert.deepEqual(
    rows.slice(2, 6).map((row) => loadUnits(row.fee_units, row.fee_units_large)),
    amounts,
  );
  assert.equal(rows[2]?.amount, 1e-8);
  assert.equal(rows[4]?.amount_units, null);
  assert.equal(
    all(db, `SELECT fees_text FROM blocks WHERE "index" = 1`)[0]?.fees_text,
    "368934881474.19103231",
  );
  db.close();
});

test("an amount's text is the decimal text of any units and places, in rows and in views", () => {
  const db = openLedgerFile(":memory:");
  const digits = db.prepare(`SELECT ${decimalTextSql("?1", "?2")} AS text`);
  const amount = fc.oneof(
    fc.bigInt(-uint64Max, uint64Max),
    fc.bigInt(0n, 1000n),
    fc.constantFrom(2n ** 63n, uint64Max),
  );
  fc.assert(
    fc.property(amount, fc.integer({ min: 0, max: 18 }), (value, decimals) => {
      const text = decimalText(value, decimals);
      assert.equal(digits.get(value.toString(), decimals)?.text, text);
      assert.equal(text.split(".")[1]?.length ?? 0, decimals);
      const plain = decimals === 0 ? text : text.replace(/\.?0+$/, "");
      assert.equal(plain, formatAmount(value, decimals));
      if (value < 0n) return;
      const stored = storeUnits(value);
      assert.equal(loadUnits(stored.units, stored.large), value);
    }),
  );
  db.close();
});

test("strangers' bytes become text from which they follow again", () => {
  const back = (text: string) =>
    text.startsWith("0x") ? new Uint8Array(Buffer.from(text.slice(2), "hex")) : fromUtf8(text);
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.string().map(fromUtf8)), (bytes) => {
      assert.deepEqual(back(readableText(bytes)), new Uint8Array(bytes));
    }),
  );
  for (const text of ["0x41", "a\0b", "\uFEFFa"]) {
    assert.match(readableText(fromUtf8(text)), /^0x/);
    assert.deepEqual(back(readableText(fromUtf8(text))), fromUtf8(text));
  }
});

test("a sender's clock far outside the calendar breaks nothing", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = new SyntheticChain("poa");
  const clocks = [
    0,
    Date.UTC(9999, 11, 31, 23, 59, 59, 999),
    Date.UTC(10_000, 0, 1),
    Number.MAX_SAFE_INTEGER,
  ];
  chain.append(
    keyOf(1),
    clocks.map((timestampMs, index) => chain.sign(alice, record("x"), index, 0n, timestampMs)),
  );
  await exportOnce(file, chain);
  const db = openLedgerFile(file, { readOnly: true });
  assert.deepEqual(
    all(db, "SELECT timestamp, timestamp_ms FROM transactions ORDER BY position").map((row) =>
      Object.values(row),
    ),
    [
      ["1970-01-01T00:00:00.000Z", 0n],
      ["9999-12-31T23:59:59.999Z", BigInt(clocks[1] as number)],
      [null, BigInt(clocks[2] as number)],
      [null, BigInt(Number.MAX_SAFE_INTEGER)],
    ],
  );
  assert.equal(isoTimestamp(Number.MAX_SAFE_INTEGER), undefined);
  db.close();
});

test("a vote on the authorities is a row that can be read, and so are its exact bytes", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = new SyntheticChain("poa");
  const candidate = bob.publicKey;
  const consent = signConsent(chain.spec.chainId, 500, bob);
  const add = { kind: "authorityVote" as const, authority: candidate, expiresAtHeight: 500 };
  chain.append(keyOf(1), [
    chain.sign(keyOf(1), { ...add, action: authorityActions.add, consent }),
    chain.sign(keyOf(1), { ...add, action: authorityActions.remove, consent: new Uint8Array(64) }, 1),
    chain.sign(bob, registerUser("bob@example.com")),
  ]);
  chain.append(keyOf(1), [chain.sign(keyOf(1), { ...add, action: 9, consent }, 2)]);
  await exportOnce(file, chain);
  const db = openLedgerFile(file, { readOnly: true });
  const rows = all(db, "SELECT * FROM transactions WHERE kind = 'authorityVote' ORDER BY transaction_key");
  const [nodeId, address] = [nodeIdOf(candidate), addressOf(candidate)];
  assert.deepEqual(
    rows.map((row) => [row.data, row.to_account, row.to_user, row.amount_text, row.asset_id]),
    [
      [`add ${nodeId} until block 500`, address, "bob@example.com", null, null],
      [`remove ${nodeId} until block 500`, address, "bob@example.com", null, null],
      [`9 ${nodeId} until block 500`, address, "bob@example.com", null, null],
    ],
  );
  for (const row of rows) {
    const decoded = decodeTransaction(new Uint8Array(row.bytes as Uint8Array), chain.spec.chainId);
    assert.ok(decoded.ok && decoded.value.idHex === row.id);
  }
  const [first] = all(db, `SELECT data FROM blocks WHERE "index" = 1`);
  assert.deepEqual(JSON.parse(String(first?.data))[0], {
    kind: "authorityVote",
    from: addressOf(keyOf(1).publicKey),
    to: "bob@example.com",
    data: `add ${nodeId} until block 500`,
  });
  db.close();
});

test("node records fill the nodes table, and an older record does not undo a newer one", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = new SyntheticChain("pow");
  const claims = {
    name: fromUtf8("PoW_1"),
    addresses: [fromUtf8(`/ip4/127.0.0.1/tcp/13245/p2p/${nodeIdOf(alice.publicKey)}`)],
    chainId: chain.spec.chainId,
    engine: 1,
    role: 1,
    software: fromUtf8("aurex/0.1.0"),
  };
  const signed = (height: number, timestampMs: number) =>
    signNodeRecord({ ...claims, height, timestampMs }, alice);
  const job = jobFor(file, chain);
  await job.recordNodes([signed(5, 2_000)]);
  await job.recordNodes([signed(4, 1_000)]);
  const odd = { name: Uint8Array.of(0xff), addresses: [Uint8Array.of(0xff)], height: 0, timestampMs: 1 };
  const other = signNodeRecord({ ...claims, ...odd }, bob);
  await job.recordNodes([other]);
  job.close();
  const db = openLedgerFile(file, { readOnly: true });
  const [first, second] = all(db, "SELECT * FROM nodes ORDER BY height DESC");
  assert.deepEqual(
    [
      first?.node_id,
      first?.name,
      first?.host,
      first?.port,
      first?.engine,
      first?.role,
      first?.height,
      first?.origin,
    ],
    [nodeIdOf(alice.publicKey), "PoW_1", "127.0.0.1", 13_245n, "pow", "miner", 5n, "observed"],
  );
  assert.deepEqual([second?.name, second?.host, second?.addresses], ["0xff", null, '["0xff"]']);
  db.close();
});

test("the printed tables fit a terminal and disarm what strangers wrote", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = storyChain("pow");
  chain.append(keyOf(1), [chain.sign(alice, record("\u001b[31mred\u001b[2J"), 4)]);
  await exportOnce(file, chain);
  await exportOnce(file, storyChain("poa"));
  const db = openLedgerFile(file, { readOnly: true });
  const text = ledgerTablesText(db, { rowsMax: 2 });
  const wide = ledgerTablesText(db, { rowsMax: 2, width: 130 });
  db.close();
  for (const line of wide.split("\n")) assert.ok(Array.from(line).length <= 130, line);
  assert.match(wide, /^ +index +timestamp +data +previous_hash /m);
  for (const { name } of documentedTables) assert.match(text, new RegExp(`^${name}`, "m"));
  assert.match(text, /^blocks · test-pow \(pow\) \(4 rows, the last 2\)$/m);
  assert.match(text, /alice@example\.com/);
  for (const line of text.split("\n")) assert.ok(Array.from(line).length <= 80, line);
  assert.ok(!text.includes("\u001b"));
});

const shellIsMissing = spawnSync("sqlite3", ["--version"]).error !== undefined;
test("the sqlite3 shell reads the file", {
  skip: shellIsMissing ? "sqlite3 is not installed" : false,
}, async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  await exportOnce(file, storyChain("pow"));
  const query =
    "SELECT from_user, to_user, amount, block_id, status FROM transactions WHERE amount_text = '10.50000000'";
  const output = execFileSync("sqlite3", [file, query], { encoding: "utf8" });
  assert.equal(output.trim(), "alice@example.com|bob@example.com|10.5|1|committed");
  assert.equal(execFileSync("sqlite3", [file, "PRAGMA integrity_check"], { encoding: "utf8" }).trim(), "ok");
});
