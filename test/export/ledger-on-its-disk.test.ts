/** The ledger file among other programs and on disks as they are: it is never the worse for it, and is written again. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { ExportError } from "../../src/export/export-error.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import { readerOf } from "../../src/export/ledger-readers.ts";
import { WriteAheadLog } from "../../src/export/write-ahead-log.ts";
import { SmallDisk } from "../support/small-disk.ts";
import { fileContents, jobFor, temporaryFolder } from "./ledger-contents.ts";
import { longChain, longChainBlocks } from "./long-chain.ts";
import { keyOf, record, type SyntheticChain } from "./synthetic-chain.ts";

const mebibyte = 1024 * 1024;

/** This many blocks of 25 records of 4 kB each: 100 kB. */
function appendBulk(chain: SyntheticChain, blocks: number): void {
  for (let index = 0; index < blocks; index += 1) {
    const texts = Array.from({ length: 25 }, (_, position) => `${index} ${position}`.padEnd(4_000, "."));
    chain.append(
      keyOf(1),
      texts.map((text, position) =>
        chain.sign(keyOf(2_000 + chain.canonical.length), record(text), position),
      ),
    );
  }
}

function codeOf(code: string) {
  return (thrown: unknown) => {
    const error = thrown as ExportError;
    assert.equal(error.code, code, error.stack);
    assert.ok(error.what && error.why && error.next);
    return true;
  };
}

async function equalsFreshExport(file: string, chain: SyntheticChain, folder: string): Promise<void> {
  const fresh = join(folder, "fresh.sqlite");
  const job = jobFor(fresh, chain);
  await job.catchUp();
  assert.equal(job.close(), true);
  assert.deepEqual(fileContents(file), fileContents(fresh));
  await rm(fresh);
}

test("without a reader the log stays small, and a closed ledger is one file", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = longChain();
  const job = jobFor(file, chain);
  await job.catchUp();
  for (let round = 0; round < 10; round += 1) {
    appendBulk(chain, 5);
    await job.catchUp();
    // SQLite copies the log after the commit that makes it too long: one commit more may be in it.
    assert.ok(job.logBytes < 4 * mebibyte, `${job.logBytes}`);
  }
  assert.equal(await job.tidy(), true);
  assert.equal(job.logBytes, 0);
  assert.equal(job.close(), true);
  assert.deepEqual([existsSync(`${file}-wal`), existsSync(`${file}-shm`)], [false, false]);
});

test("the bare file of a new ledger has its tables before anything else is written", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, copy] = [join(folder, "ledger.sqlite"), join(folder, "copy.sqlite")];
  const chain = longChain();
  const job = jobFor(file, chain);
  await copyFile(file, copy);
  assert.deepEqual(rowsOf(copy, "SELECT COUNT(*) AS n FROM blocks"), [{ n: 0 }]);
  await job.catchUp();
  await job.tidy();
  await copyFile(file, copy);
  assert.deepEqual(rowsOf(copy, "SELECT COUNT(*) AS n FROM blocks"), [{ n: longChainBlocks + 1 }]);
  job.close();
});

function rowsOf(file: string, sql: string): object[] {
  const db = new DatabaseSync(file);
  try {
    return db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    db.close();
  }
}

test("a reader that holds a transaction makes the export pause, and not for longer than it holds it", async (context) => {
  const folder = await temporaryFolder(context);
  const file = join(folder, "ledger.sqlite");
  const chain = longChain();
  const job = jobFor(file, chain, { logBytesMax: 2 * mebibyte, rowsPerTransaction: 10 });
  await job.catchUp();
  const reader = new DatabaseSync(file, { readOnly: true });
  reader.exec("BEGIN");
  const before = reader.prepare("SELECT COUNT(*) AS n FROM blocks").get();
  appendBulk(chain, 100);
  await assert.rejects(job.catchUp(), codeOf("export/held"));
  const paused = job.cursor?.index ?? 0;
  assert.ok(paused > longChainBlocks && paused < longChainBlocks + 100, `${paused}`);
  assert.ok(job.logBytes < 5 * mebibyte, `${job.logBytes}`);
  assert.equal(await job.tidy(), false);
  await assert.rejects(job.catchUp(), codeOf("export/held"));
  assert.deepEqual(reader.prepare("SELECT COUNT(*) AS n FROM blocks").get(), before);
  reader.exec("COMMIT");
  await job.catchUp();
  assert.equal(await job.tidy(), true);
  assert.equal(job.logBytes, 0);
  reader.close();
  assert.equal(job.close(), true);
  await equalsFreshExport(file, chain, folder);
});

test("the program that reads in a transaction is named", async (context) => {
  if (process.platform !== "linux") return context.skip("only Linux lists who holds which lock");
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = longChain();
  const job = jobFor(file, chain);
  await job.catchUp();
  assert.equal(readerOf(file), undefined);
  const script = `
    const db = new (require("node:sqlite").DatabaseSync)(process.argv[1], { readOnly: true });
    db.exec("BEGIN");
    db.prepare("SELECT COUNT(*) FROM blocks").get();
    console.log("reads");
    process.stdin.on("data", () => db.close());`;
  const reader = spawn(process.execPath, ["-e", script, file], { stdio: ["pipe", "pipe", "inherit"] });
  context.after(() => reader.kill("SIGKILL"));
  await once(reader.stdout, "data");
  chain.append(keyOf(1), []);
  await job.catchUp();
  assert.equal(await job.tidy(), false);
  assert.match(readerOf(file) ?? "", new RegExp(`^process ${reader.pid} \\(.+\\)$`));
  reader.stdin.end("go");
  await once(reader, "exit");
  assert.equal(await job.tidy(), true);
  assert.equal(readerOf(file), undefined);
  job.close();
});

test("a file that is deleted, moved or replaced is written again under its name, and what was moved is whole", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, moved] = [join(folder, "ledger.sqlite"), join(folder, "moved.sqlite")];
  const chain = longChain();
  const job = jobFor(file, chain);
  await job.catchUp();
  await rm(file);
  chain.append(keyOf(1), []);
  await job.catchUp();
  await equalsFreshExport(file, chain, folder);

  const before = fileContents(file);
  await rename(file, moved);
  chain.append(keyOf(1), []);
  await job.catchUp();
  await equalsFreshExport(file, chain, folder);
  assert.deepEqual(fileContents(moved), before);

  // An older ledger of the same chain in its place: the log of the other one must not be played into it.
  await rename(moved, file);
  chain.append(keyOf(1), []);
  await job.catchUp();
  await equalsFreshExport(file, chain, folder);

  for (const suffix of ["-wal", "-shm"]) {
    await rm(file + suffix);
    chain.append(keyOf(1), []);
    await job.catchUp();
    await job.tidy();
    await equalsFreshExport(file, chain, folder);
  }
  assert.equal(job.close(), true);
  assert.deepEqual(rowsOf(file, "PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
});

test("a file of another kind that takes its name is left alone, and named", async (context) => {
  const folder = await temporaryFolder(context);
  const file = join(folder, "ledger.sqlite");
  const chain = longChain();
  const job = jobFor(file, chain);
  await job.catchUp();
  await rm(file);
  await writeFile(file, "Dear auditor, this is no database at all.\n".repeat(100));
  chain.append(keyOf(1), []);
  await assert.rejects(job.catchUp(), codeOf("export/not-a-ledger"));
  await rm(file);
  await job.catchUp();
  job.close();
  await equalsFreshExport(file, chain, folder);
});

test("a folder that is gone is named, and the file is written once the folder is there", async (context) => {
  const folder = await temporaryFolder(context);
  const place = join(folder, "place");
  await mkdir(place);
  const file = join(place, "ledger.sqlite");
  const chain = longChain();
  const job = jobFor(file, chain);
  await job.catchUp();
  await rm(place, { recursive: true });
  chain.append(keyOf(1), []);
  await assert.rejects(job.catchUp(), codeOf("export/cannot-open"));
  await mkdir(place);
  await job.catchUp();
  job.close();
  await equalsFreshExport(file, chain, folder);
});

test("a full disk is named, and the export goes on once there is room", async (context) => {
  const folder = await temporaryFolder(context);
  const disk = await SmallDisk.mount(context, 24);
  if (!disk) return context.skip(SmallDisk.skipReason);
  const file = join(disk.directory, "ledger.sqlite");
  const chain = longChain();
  const job = jobFor(file, chain, { rowsPerTransaction: 10 });
  await job.catchUp();
  disk.fill();
  appendBulk(chain, 30);
  for (let tries = 0; tries < 3; tries += 1) await assert.rejects(job.catchUp(), codeOf("export/disk-full"));
  await disk.empty();
  await job.catchUp();
  assert.equal(job.close(), true);
  await equalsFreshExport(file, chain, folder);
});

test("a new ledger on a full disk is named, and begun once there is room", async (context) => {
  const folder = await temporaryFolder(context);
  const disk = await SmallDisk.mount(context, 8);
  if (!disk) return context.skip(SmallDisk.skipReason);
  const file = join(disk.directory, "ledger.sqlite");
  const chain = longChain();
  disk.fill();
  assert.throws(() => jobFor(file, chain), codeOf("export/disk-full"));
  await disk.empty();
  const job = jobFor(file, chain);
  await job.catchUp();
  job.close();
  await equalsFreshExport(file, chain, folder);
});

test("a disk that is mounted read-only is named, and the export goes on once it can be written", async (context) => {
  const folder = await temporaryFolder(context);
  const disk = await SmallDisk.mount(context, 24);
  if (!disk) return context.skip(SmallDisk.skipReason);
  const file = join(disk.directory, "ledger.sqlite");
  const chain = longChain();
  const first = jobFor(file, chain);
  await first.catchUp();
  assert.equal(first.close(), true);
  disk.remount("ro");
  chain.append(keyOf(1), []);
  const job = jobFor(file, chain);
  await assert.rejects(job.catchUp(), codeOf("export/read-only"));
  // What an export leaves can be read from there.
  assert.deepEqual(rowsOf(file, "SELECT COUNT(*) AS n FROM blocks"), [{ n: longChainBlocks + 1 }]);
  disk.remount("rw");
  await job.catchUp();
  job.close();
  await equalsFreshExport(file, chain, folder);
});

test("the export leaves the room that the chain needs on their disk, and takes it on any other", async (context) => {
  const folder = await temporaryFolder(context);
  const disk = await SmallDisk.mount(context, 24);
  if (!disk) return context.skip(SmallDisk.skipReason);
  const file = join(disk.directory, "ledger.sqlite");
  const chain = longChain();
  const reserve = { directory: disk.directory, bytes: 16 * mebibyte };
  const job = jobFor(file, chain, { reserve, rowsPerTransaction: 10 });
  await job.catchUp();
  appendBulk(chain, 100);
  await assert.rejects(job.catchUp(), codeOf("export/disk-full"));
  assert.ok((job.cursor?.index ?? 0) < longChainBlocks + 100);
  job.close();
  const elsewhere = jobFor(file, chain, { reserve: { directory: folder, bytes: Number.MAX_SAFE_INTEGER } });
  await elsewhere.catchUp();
  elsewhere.close();
  await equalsFreshExport(file, chain, folder);
});

test("without memory that processes share the ledger is written in journal mode DELETE", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const made = openLedgerFile(file);
  made.exec("PRAGMA journal_mode = DELETE");
  made.close();
  // SQLite's own way to lock files where the system has no locks has no shared memory either.
  const db = new DatabaseSync(`file:${file}?vfs=unix-dotfile`);
  const log = new WriteAheadLog(db, file);
  log.enter();
  assert.equal(log.isPossible, false);
  assert.equal(db.prepare("PRAGMA synchronous").get()?.synchronous, 2);
  db.exec("DELETE FROM data_dictionary");
  assert.deepEqual([log.shrink(), log.bytes, log.leave()], [true, 0, true]);
  db.close();
  assert.equal(statSync(file).size > 0, true);
});
