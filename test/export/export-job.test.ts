/** The export job: whatever happens on the way, the file ends as a fresh export of the same chain. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { type ExportError, toExportError } from "../../src/export/export-error.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import { hashIndexes, ledgerApplicationId, ledgerSchemaVersion } from "../../src/export/schema.ts";
import { type Block, decodeBlock } from "../../src/protocol/block.ts";
import { genesisBlock } from "../../src/protocol/genesis.ts";
import { chainContents, exportOnce, fileContents, jobFor, temporaryFolder } from "./ledger-contents.ts";
import { longChain, longChainBlocks } from "./long-chain.ts";
import { issueAsset, keyOf, record, registerUser, SyntheticChain, transfer } from "./synthetic-chain.ts";

function codeOf(code: string) {
  return (thrown: unknown) => {
    const error = thrown as ExportError;
    assert.equal(error.code, code);
    assert.ok(error.what && error.why && error.next);
    return true;
  };
}

test("an unchanged chain is not written again", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = longChain();
  await exportOnce(file, chain);
  const before = await readFile(file);
  const job = jobFor(file, chain);
  const report = await job.catchUp();
  job.close();
  assert.deepEqual(report, {
    blocks: 0,
    transactions: 0,
    reorganizations: 0,
    cursor: { index: longChainBlocks, hash: chain.canonical.at(-1)?.hashHex },
  });
  assert.ok(before.equals(await readFile(file)));
});

test("two chains share a file, exported in turns", async (context) => {
  const folder = await temporaryFolder(context);
  const [work, authority] = [new SyntheticChain("pow"), new SyntheticChain("poa")];
  const file = join(folder, "both.sqlite");
  const jobs = [jobFor(file, work), jobFor(file, authority)];
  for (let round = 0; round < 3; round += 1) {
    for (const chain of [work, authority]) {
      const name = registerUser(`user${round}@example.com`);
      chain.append(keyOf(1), [
        chain.sign(keyOf(200 + round), name),
        chain.sign(keyOf(100), record("x"), round),
      ]);
    }
    await Promise.all(jobs.map((job) => job.catchUp()));
  }
  work.rewindTo(1);
  work.append(keyOf(2), [], 9);
  for (const job of jobs) await job.catchUp();
  for (const job of jobs) job.close();
  const fresh = join(folder, "fresh.sqlite");
  await exportOnce(fresh, work);
  await exportOnce(fresh, authority);
  assert.deepEqual(fileContents(file), fileContents(fresh));
});

test("a reorganization is followed in one SQL transaction, archived and logged", async (context) => {
  const folder = await temporaryFolder(context);
  const file = join(folder, "ledger.sqlite");
  const chain = new SyntheticChain("pow");
  const [alice, bob] = [keyOf(100), keyOf(101)];
  chain.append(keyOf(1), [chain.sign(alice, transfer(bob, 5n))]);
  chain.append(keyOf(1), [chain.sign(alice, registerUser("alice@example.com"), 1)]);
  chain.append(keyOf(1), [
    chain.sign(alice, transfer(bob, 6n), 2),
    chain.sign(bob, issueAsset("GOLD", 2, 7n)),
  ]);
  const job = jobFor(file, chain, { rowsPerTransaction: 1 });
  await job.catchUp();
  const orphans = chain.canonical.slice(2);
  chain.rewindTo(1);
  chain.append(keyOf(2), [chain.sign(alice, transfer(bob, 6n), 1)], 1);
  chain.append(keyOf(2), [], 2);
  chain.append(keyOf(2), [], 3);
  const tips: number[] = [];
  const report = await job.catchUp(({ index }) => tips.push(index));
  job.close();
  assert.equal(report.reorganizations, 1);
  // Although one row fills a transaction here, the first one reaches as high as the branch that it replaces.
  assert.deepEqual(tips, [3, 4]);
  const db = openLedgerFile(file, { readOnly: true });
  const [reorg] = db.prepare("SELECT * FROM reorgs").all();
  assert.deepEqual(
    [
      reorg?.fork_index,
      reorg?.fork_hash,
      reorg?.old_index,
      reorg?.old_hash,
      reorg?.new_index,
      reorg?.new_hash,
    ],
    [1, chain.canonical[1]?.hashHex, 3, orphans[1]?.hashHex, 3, chain.canonical[3]?.hashHex],
  );
  const archived = db.prepare(`SELECT * FROM orphaned_blocks ORDER BY "index"`).all();
  assert.deepEqual(
    archived.map((row) => row.hash),
    orphans.map((block) => block.hashHex),
  );
  for (const [index, row] of archived.entries()) {
    const block = decodeBlock(new Uint8Array(row.block_bytes as Uint8Array));
    assert.ok(block.ok);
    assert.deepEqual(block.value.bytes, orphans[index]?.bytes);
  }
  const fresh = join(folder, "fresh.sqlite");
  await exportOnce(fresh, chain);
  assert.deepEqual(chainContents(db), fileContents(fresh));
  db.close();
});

test("what is final can be told from what may still be replaced, also where only that moves", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = new SyntheticChain("poa");
  const checkpoint = (height: number) => ({ height, hash: (chain.canonical[height] as Block).hash });
  for (let height = 1; height <= 4; height += 1) {
    chain.append(keyOf(1), [chain.sign(keyOf(100), record("x"), height - 1)]);
  }
  const job = jobFor(file, chain, { rowsPerTransaction: 4 });
  const reader = openLedgerFile(file, { readOnly: true });
  const stateOf = () => ({
    meta: Object.values({ ...reader.prepare("SELECT final_index, final_hash FROM meta").get() }),
    blocks: finalOnes(`SELECT "index" AS at FROM blocks_with_finality WHERE final = 1 ORDER BY 1`),
    transactions: finalOnes("SELECT block_id AS at FROM transactions_with_finality WHERE final ORDER BY 1"),
    others: finalOnes(`SELECT "index" AS at FROM blocks_with_finality WHERE final = 0 ORDER BY 1`),
  });
  const finalOnes = (sql: string) =>
    reader
      .prepare(sql)
      .all()
      .map((row) => row.at);
  const hashHex = (height: number) => toHex(checkpoint(height).hash);

  await job.catchUp();
  assert.deepEqual(stateOf(), { meta: [null, null], blocks: [], transactions: [], others: [0, 1, 2, 3, 4] });
  chain.final = checkpoint(2);
  assert.equal((await job.catchUp()).blocks, 0);
  const two = { meta: [2, hashHex(2)], blocks: [0, 1, 2], transactions: [1, 2], others: [3, 4] };
  assert.deepEqual(stateOf(), two);

  chain.rewindTo(2);
  chain.append(keyOf(1), [], 9);
  await job.catchUp();
  assert.deepEqual(stateOf(), { ...two, others: [3] });
  // A chain that has to sync again is not asked what is final; what it knows less of stays final here.
  chain.rewindTo(1);
  chain.final = checkpoint(1);
  await job.catchUp();
  assert.deepEqual(stateOf(), { ...two, others: [3] });
  job.close();
  reader.close();
});

test("of a long backlog no SQL transaction calls a block final that it does not hold", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
  const chain = longChain();
  const finalHeight = longChainBlocks - 2;
  chain.final = { height: finalHeight, hash: (chain.canonical[finalHeight] as Block).hash };
  const job = jobFor(file, chain, { rowsPerTransaction: 40 });
  const reader = openLedgerFile(file, { readOnly: true });
  const seen: unknown[] = [];
  await job.catchUp(({ index }) => {
    const row = reader.prepare("SELECT final_index, final_hash FROM meta").get();
    const height = Math.min(index, finalHeight);
    assert.deepEqual({ ...row }, { final_index: height, final_hash: chain.canonical[height]?.hashHex });
    seen.push(row);
  });
  assert.ok(seen.length > 2);
  job.close();
  reader.close();
  await exportOnce(fresh, chain);
  assert.deepEqual(fileContents(file), fileContents(fresh));
});

test("a chain that replaces what is final in the file is refused, and the file stays as it is", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = new SyntheticChain("poa");
  for (let height = 1; height <= 3; height += 1) chain.append(keyOf(1), []);
  chain.final = { height: 2, hash: (chain.canonical[2] as Block).hash };
  await exportOnce(file, chain);
  const before = fileContents(file);
  chain.rewindTo(1);
  for (let height = 2; height <= 4; height += 1) chain.append(keyOf(1), [], 7);
  chain.final = undefined;
  await assert.rejects(exportOnce(file, chain), codeOf("export/conflicts-with-final"));
  assert.deepEqual(fileContents(file), before);
});

test("a long backlog is written without the indexes over hashes, which are back at the end", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
  const [short, long] = [new SyntheticChain("pow"), new SyntheticChain("poa")];
  short.append(keyOf(1), []);
  for (let height = 1; height <= 1_000; height += 1) long.append(keyOf(1), []);
  await exportOnce(file, short);
  const job = jobFor(file, long);
  const reader = openLedgerFile(file, { readOnly: true });
  const query = reader.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
  );
  const present = () => query.all().map((row) => String(row.name));
  const indexes = present();
  assert.deepEqual(indexes.filter((name) => name in hashIndexes).sort(), Object.keys(hashIndexes).sort());
  await job.catchUp(() =>
    assert.deepEqual(
      present(),
      indexes.filter((name) => !(name in hashIndexes)),
    ),
  );
  assert.deepEqual(present(), indexes);
  reader.close();
  job.close();
  await exportOnce(fresh, short);
  await exportOnce(fresh, long);
  assert.deepEqual(fileContents(file), fileContents(fresh));
});

test("a chain that is only behind the file leaves the file alone", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = longChain();
  await exportOnce(file, chain);
  const before = fileContents(file);
  chain.rewindTo(10);
  const job = jobFor(file, chain);
  const report = await job.catchUp();
  job.close();
  assert.equal(report.cursor?.index, longChainBlocks);
  assert.deepEqual(fileContents(file), before);
});

test("a reader beside the job sees whole snapshots only", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = longChain();
  const job = jobFor(file, chain, { rowsPerTransaction: 1 });
  const reader = openLedgerFile(file, { readOnly: true });
  const query = reader.prepare(
    `SELECT (SELECT cursor_index FROM meta) AS cursor_index, (SELECT MAX("index") FROM blocks) AS tip,
       (SELECT SUM(transaction_count) FROM blocks) AS counted, (SELECT COUNT(*) FROM transactions) AS present`,
  );
  let held: unknown;
  let reads = 0;
  await job.catchUp(({ index }) => {
    const state = query.get();
    reads += 1;
    assert.equal(state?.tip, state?.cursor_index);
    assert.equal(state?.present, state?.counted);
    if (index % 10 === 0) {
      if (reader.isTransaction) reader.exec("COMMIT");
      reader.exec("BEGIN");
      held = query.get();
    } else if (reader.isTransaction) {
      assert.deepEqual(state, held);
    }
  });
  assert.equal(reads, longChainBlocks + 1);
  reader.close();
  job.close();
});

test("stopped by a signal, the job leaves a consistent file and later finishes it", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
  const chain = longChain();
  const job = jobFor(file, chain, { rowsPerTransaction: 1 });
  const controller = new AbortController();
  const stopped = await job.catchUp(({ index }) => index === 5 && controller.abort(), controller.signal);
  assert.equal(stopped.cursor?.index, 5);
  await job.catchUp();
  job.close();
  await exportOnce(fresh, chain);
  assert.deepEqual(fileContents(file), fileContents(fresh));
});

test("a missing block is named, and what comes before it is written; the next call goes on", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
  const chain = longChain();
  let missing = chain.canonical[30]?.hashHex;
  const source = {
    spec: chain.spec,
    head: chain.head,
    final: undefined,
    finalCertificate: () => undefined,
    authorityChanges: (block: Block) => chain.authorityChanges(block),
    hashAtHeight: (height: number) => chain.hashAtHeight(height),
    headerOf: (hash: Uint8Array) => chain.headerOf(hash),
    block: (hash: Uint8Array) => (toHex(hash) === missing ? undefined : chain.block(hash)),
  };
  const job = jobFor(file, source, { rowsPerTransaction: 40 });
  await assert.rejects(job.catchUp(), codeOf("export/source-incomplete"));
  assert.equal(job.cursor?.index, 29);
  missing = undefined;
  await job.catchUp();
  job.close();
  await exportOnce(fresh, chain);
  assert.deepEqual(fileContents(file), fileContents(fresh));
});

test("while another program writes, the job waits; past its patience it says so", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = longChain();
  const job = jobFor(file, chain, { busyWaitMaxMs: 60 });
  const other = new DatabaseSync(file);
  other.exec("BEGIN IMMEDIATE");
  await assert.rejects(job.catchUp(), codeOf("export/busy"));
  other.exec("ROLLBACK");
  other.close();
  const report = await job.catchUp();
  assert.equal(report.cursor?.index, longChainBlocks);
  job.close();
});

test("files that are no ledger, or a newer one, are refused and left as they are", async (context) => {
  const folder = await temporaryFolder(context);
  const text = join(folder, "letter.txt");
  await writeFile(text, "Dear auditor, this is no database at all.\n".repeat(100));
  assert.throws(() => openLedgerFile(text), codeOf("export/not-a-ledger"));
  assert.match(await readFile(text, "utf8"), /^Dear auditor/);

  const foreign = join(folder, "foreign.sqlite");
  const db = new DatabaseSync(foreign);
  db.exec("CREATE TABLE recipes (name TEXT)");
  db.close();
  const before = await readFile(foreign);
  assert.throws(() => openLedgerFile(foreign), codeOf("export/not-a-ledger"));
  assert.ok(before.equals(await readFile(foreign)));

  const newer = join(folder, "newer.sqlite");
  openLedgerFile(newer).close();
  const raised = new DatabaseSync(newer);
  assert.equal(raised.prepare("PRAGMA application_id").get()?.application_id, ledgerApplicationId);
  raised.exec(`PRAGMA user_version = ${ledgerSchemaVersion + 1}`);
  raised.close();
  assert.throws(() => openLedgerFile(newer), codeOf("export/newer-version"));

  const nowhere = join(folder, "no", "such", "folder", "ledger.sqlite");
  assert.throws(
    () => openLedgerFile(nowhere),
    (thrown) => {
      assert.match((thrown as ExportError).message, new RegExp(nowhere));
      return codeOf("export/cannot-open")(thrown);
    },
  );
  assert.throws(
    () => openLedgerFile(join(folder, "absent.sqlite"), { readOnly: true }),
    codeOf("export/cannot-open"),
  );
});

test("a chain of the same id with another block 0 is refused", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = longChain();
  await exportOnce(file, chain);
  const other = genesisBlock(chain.spec, new Uint8Array(32).fill(1));
  const impostor = new SyntheticChain("pow");
  impostor.switchTo([other]);
  const job = jobFor(file, impostor);
  await assert.rejects(job.catchUp(), codeOf("export/genesis-mismatch"));
  job.close();
});

test("what is no error of SQLite or of the file system is passed on as it is", () => {
  const plain = new Error("none of SQLite's");
  assert.equal(toExportError(plain, "ledger.sqlite"), plain);
});
