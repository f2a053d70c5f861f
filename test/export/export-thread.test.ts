/** The export in a thread of its own: the same file, whatever becomes of the thread, and the chain's thread stays free. */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import type { ExportError } from "../../src/export/export-error.ts";
import { ExportThread, type ExportThreadOptions } from "../../src/export/export-thread.ts";
import type { LedgerSource } from "../../src/export/ledger-source.ts";
import { until } from "../support/patience.ts";
import { exportOnce, fileContents, temporaryFolder } from "./ledger-contents.ts";
import { longChain, longChainBlocks } from "./long-chain.ts";
import { keyOf, SyntheticChain } from "./synthetic-chain.ts";

function threadFor(
  file: string,
  source: LedgerSource,
  options: Partial<ExportThreadOptions> = {},
): ExportThread {
  return new ExportThread({ file, ...options }, { source, logger: silentLogger });
}

test("the thread writes what the job writes, follows a reorganization, and leaves one file", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
  const chain = longChain();
  const thread = threadFor(file, chain, { rowsPerTransaction: 7 });
  const seen: number[] = [];
  const report = await thread.catchUp(({ index }) => seen.push(index));
  assert.equal(report.blocks, longChainBlocks + 1);
  assert.equal(seen.at(-1), longChainBlocks);
  assert.equal(thread.cursor?.hash, chain.canonical.at(-1)?.hashHex);
  chain.rewindTo(20);
  for (let note = 1; note <= longChainBlocks; note += 1) chain.append(keyOf(9), [], note);
  assert.equal((await thread.catchUp()).reorganizations, 1);
  assert.equal(await thread.close(), true);
  await exportOnce(fresh, chain);
  assert.deepEqual(fileContents(file), fileContents(fresh));
  assert.throws(() => statSync(`${file}-wal`), /ENOENT/);
});

test("a thread that dies is named, and the next call begins another one, which goes on", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
  const chain = longChain();
  const workerFile = new URL("./dying-worker.ts", import.meta.url);
  writeFileSync(`${file}.die-at`, "150");
  const thread = threadFor(file, chain, { rowsPerTransaction: 20, workerFile });
  await assert.rejects(thread.catchUp(), (thrown: ExportError) => {
    assert.equal(thrown.code, "export/thread-ended");
    assert.match(thrown.message, /code 7/);
    return true;
  });
  // Whatever the thread had committed is there, and not one row more.
  const db = new DatabaseSync(file, { readOnly: true });
  const state = db
    .prepare(
      `SELECT cursor_index AS cursor, (SELECT MAX("index") FROM blocks) AS tip,
         (SELECT SUM(transaction_count) FROM blocks) - (SELECT COUNT(*) FROM transactions) AS missing FROM meta`,
    )
    .get();
  db.close();
  assert.ok(Number(state?.cursor) > 0 && Number(state?.cursor) < longChainBlocks);
  assert.deepEqual([state?.tip, state?.missing], [state?.cursor, 0]);
  await thread.catchUp();
  await thread.close();
  await exportOnce(fresh, chain);
  assert.deepEqual(fileContents(file), fileContents(fresh));
});

test("a chain that moves while it is read never leaves half of a branch in the file", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
  const chain = longChain();
  const branches = [chain.canonical.slice()];
  chain.rewindTo(5);
  for (let note = 1; note <= longChainBlocks; note += 1) chain.append(keyOf(9), [], note);
  branches.push(chain.canonical.slice());
  let reads = 0;
  // The head changes with every few reads, also within one answer and within the SQL transaction of a reorganization.
  const moving: LedgerSource = {
    spec: chain.spec,
    get head() {
      return chain.head;
    },
    final: undefined,
    finalCertificate: () => undefined,
    authorityChanges: () => [],
    hashAtHeight: (height) => chain.hashAtHeight(height),
    headerOf: (hash) => chain.headerOf(hash),
    block: (hash) => chain.block(hash),
  };
  const mover = setInterval(() => {
    reads += 1;
    chain.switchTo(branches[reads % 2] as (typeof branches)[number]);
  }, 1);
  const thread = threadFor(file, moving, { rowsPerTransaction: 2 });
  for (let round = 0; round < 5; round += 1) await thread.catchUp();
  clearInterval(mover);
  chain.append(keyOf(3), [], 999);
  await thread.catchUp();
  await thread.close();
  await exportOnce(fresh, chain);
  assert.ok(reads > 5);
  assert.deepEqual(fileContents(file), fileContents(fresh));
});

test("what the chain's store says of a block reaches the caller with its next step", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = longChain();
  const broken = chain.canonical[30]?.hashHex;
  let told = 0;
  const source: LedgerSource = {
    spec: chain.spec,
    head: chain.head,
    final: undefined,
    finalCertificate: () => undefined,
    authorityChanges: () => [],
    hashAtHeight: (height) => chain.hashAtHeight(height),
    headerOf: (hash) => chain.headerOf(hash),
    block(hash) {
      told += 1;
      return chain.block(hash);
    },
    // Another block's bytes under this block's hash, with every checksum right.
    blockBytes: (hash) =>
      Buffer.from(hash).toString("hex") === broken ? chain.canonical[29]?.bytes : chain.block(hash)?.bytes,
  };
  const thread = threadFor(file, source);
  await assert.rejects(thread.catchUp(), (thrown: ExportError) => {
    assert.equal(thrown.code, "export/source-incomplete");
    assert.match(thrown.message, /block 30.*it is another block/);
    return true;
  });
  await until("the chain was told, so that it mends the block", () => told === 1);
  await thread.close();
});

test("the log shrinks again in the thread once a reader has let it go", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = longChain();
  const thread = threadFor(file, chain);
  await thread.catchUp();
  assert.equal(await thread.tidy(), true);
  assert.equal(thread.logBytes, 0);
  const reader = new DatabaseSync(file, { readOnly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT COUNT(*) FROM blocks").get();
  for (let note = 1; note <= 50; note += 1) {
    chain.append(keyOf(9), [], note);
    await thread.catchUp();
  }
  assert.equal(await thread.tidy(), false);
  assert.ok(thread.logBytes > 100_000, String(thread.logBytes));
  reader.exec("COMMIT");
  assert.equal(await thread.tidy(), true);
  assert.equal(thread.logBytes, 0);
  reader.close();
  assert.equal(await thread.close(), true);
});

test("a file that is no ledger is refused by the thread as by the job", async (context) => {
  const folder = await temporaryFolder(context);
  const db = new DatabaseSync(join(folder, "foreign.sqlite"));
  db.exec("CREATE TABLE recipes (name TEXT)");
  db.close();
  const before = readFileSync(join(folder, "foreign.sqlite"));
  const thread = threadFor(join(folder, "foreign.sqlite"), new SyntheticChain("pow"));
  await assert.rejects(async () => thread.open(), { code: "export/not-a-ledger" });
  await thread.close();
  assert.ok(before.equals(readFileSync(join(folder, "foreign.sqlite"))));
});
