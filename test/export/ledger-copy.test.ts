/** Copies of a ledger: consistent while others write, whole or not there, and readable on media that cannot be written. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { copyFile, link, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import type { ExportError } from "../../src/export/export-error.ts";
import type { ExportJob } from "../../src/export/export-job.ts";
import { copyLedger } from "../../src/export/ledger-copy.ts";
import { SmallDisk } from "../support/small-disk.ts";
import { fileContents, jobFor, temporaryFolder } from "./ledger-contents.ts";
import { longChain, longChainBlocks } from "./long-chain.ts";
import { keyOf, record, type SyntheticChain } from "./synthetic-chain.ts";

function codeOf(code: string) {
  return (thrown: unknown) => {
    const error = thrown as ExportError;
    assert.equal(error.code, code, error.stack);
    assert.ok(error.what && error.why && error.next);
    return true;
  };
}

interface Writing {
  readonly folder: string;
  readonly file: string;
  readonly chain: SyntheticChain;
  /** Has the file open, as a running node does. */
  readonly job: ExportJob;
}

async function writing(context: TestContext): Promise<Writing> {
  const folder = await temporaryFolder(context);
  const file = join(folder, "ledger.sqlite");
  const chain = longChain();
  const job = jobFor(file, chain);
  await job.catchUp();
  return { folder, file, chain, job };
}

/** Some 10 MB, so that a copy takes several steps. */
function appendBulk(chain: SyntheticChain): void {
  for (let index = 0; index < 50; index += 1) {
    const sender = keyOf(2_000 + index);
    const texts = Array.from({ length: 25 }, (_, position) => `${index} ${position}`.padEnd(4_000, "."));
    chain.append(
      keyOf(1),
      texts.map((text, position) => chain.sign(sender, record(text), position)),
    );
  }
}

test("a copy beside a writer is of one moment, and says of which", async (context) => {
  const { folder, file, chain, job } = await writing(context);
  appendBulk(chain);
  await job.catchUp();
  const before = fileContents(file);
  const { height } = chain.head.header;
  const target = join(folder, "copy.sqlite");
  const steps: number[] = [];
  let writes: Promise<unknown> = Promise.resolve();
  const report = await copyLedger(
    { ledger: file, target },
    {
      onProgress: ({ bytes, bytesTotal }) => {
        steps.push(bytes / bytesTotal);
        chain.append(keyOf(1), []);
        writes = writes.then(() => job.catchUp());
      },
    },
  );
  await writes;
  assert.ok(steps.length >= 1);
  assert.deepEqual(fileContents(target), before);
  assert.notDeepEqual(fileContents(file), before);
  assert.deepEqual(report.chains, [
    {
      chainId: Buffer.from(chain.spec.chainId).toString("hex"),
      name: chain.spec.name,
      height,
      hash: chain.canonical[height]?.hashHex,
      finalHeight: null,
    },
  ]);
  assert.equal(report.bytes, statSync(target).size);
  assert.deepEqual((await readdir(folder)).sort(), [
    "copy.sqlite",
    "ledger.sqlite",
    "ledger.sqlite-shm",
    "ledger.sqlite-wal",
  ]);
  job.close();
});

test("a copy and a closed ledger are read on media that cannot be written, by SQLite and by its shell", async (context) => {
  const { file, job } = await writing(context);
  const disk = await SmallDisk.mount(context, 16);
  if (!disk) return context.skip(SmallDisk.skipReason);
  const target = join(disk.directory, "copy.sqlite");
  await copyLedger({ ledger: file, target });
  const contents = fileContents(file);
  job.close();
  const closed = join(disk.directory, "closed.sqlite");
  await copyFile(file, closed);
  disk.remount("ro");
  for (const place of [target, closed]) {
    assert.deepEqual(fileContents(place), contents);
    const immutable = new DatabaseSync(new URL(`file://${place}?immutable=1`), { readOnly: true });
    assert.equal(immutable.prepare("PRAGMA journal_mode").get()?.journal_mode, "delete");
    assert.equal(immutable.prepare("SELECT COUNT(*) AS n FROM blocks").get()?.n, longChainBlocks + 1);
    immutable.close();
    const shell = spawnSync("sqlite3", ["-readonly", place, "SELECT COUNT(*) FROM blocks"], {
      encoding: "utf8",
    });
    if (shell.error) context.diagnostic("the sqlite3 shell is not installed");
    else assert.deepEqual([shell.stdout, shell.stderr], [`${longChainBlocks + 1}\n`, ""]);
  }
});

test("a ledger in journal mode WAL on media that cannot be written is copied all the same", async (context) => {
  const { folder, file, job } = await writing(context);
  const disk = await SmallDisk.mount(context, 16);
  if (!disk) return context.skip(SmallDisk.skipReason);
  await job.tidy();
  const onDisk = join(disk.directory, "ledger.sqlite");
  await copyFile(file, onDisk);
  disk.remount("ro");
  const target = join(folder, "copy.sqlite");
  await copyLedger({ ledger: onDisk, target });
  assert.deepEqual(fileContents(target), fileContents(file));
  job.close();
});

test("a file that is there is replaced only if that is asked for, and then in one step", async (context) => {
  const { folder, file, chain, job } = await writing(context);
  const target = join(folder, "copy.sqlite");
  await copyLedger({ ledger: file, target });
  const first = readFileSync(target);
  chain.append(keyOf(1), []);
  await job.catchUp();
  await assert.rejects(copyLedger({ ledger: file, target }), codeOf("export/exists"));
  assert.ok(first.equals(readFileSync(target)));
  await copyLedger({ ledger: file, target, force: true });
  assert.deepEqual(fileContents(target), fileContents(file));
  job.close();
});

test("the log of another database beside the target is never played into the copy", async (context) => {
  const { folder, file, job } = await writing(context);
  const [target, other] = [join(folder, "copy.sqlite"), join(folder, "other.sqlite")];
  const db = new DatabaseSync(other);
  db.exec("PRAGMA journal_mode = WAL; CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')");
  await copyFile(`${other}-wal`, `${target}-wal`);
  db.close();
  await assert.rejects(copyLedger({ ledger: file, target }), codeOf("export/exists"));
  await copyLedger({ ledger: file, target, force: true });
  assert.equal(existsSync(`${target}-wal`), false);
  assert.deepEqual(fileContents(target), fileContents(file));
  job.close();
});

test("the ledger itself is no target, by whichever name, with or without force", async (context) => {
  const { folder, file, job } = await writing(context);
  const [soft, hard, directory] = ["soft.sqlite", "hard.sqlite", "directory"].map((name) =>
    join(folder, name),
  );
  await symlink(file, soft as string);
  await link(file, hard as string);
  await mkdir(directory as string);
  const before = fileContents(file);
  for (const target of [file, soft, hard, `${file}-wal`, `${file}-shm`] as string[]) {
    for (const force of [false, true]) {
      await assert.rejects(copyLedger({ ledger: file, target, force }), codeOf("export/cannot-open"));
    }
  }
  await assert.rejects(
    copyLedger({ ledger: file, target: directory as string, force: true }),
    codeOf("export/exists"),
  );
  assert.deepEqual(fileContents(file), before);
  job.close();
});

test("what cannot be copied or written is named, and nothing of it stays", async (context) => {
  const { folder, file, chain, job } = await writing(context);
  const target = join(folder, "copy.sqlite");
  await assert.rejects(
    copyLedger({ ledger: join(folder, "absent.sqlite"), target }),
    codeOf("export/cannot-open"),
  );
  const letter = join(folder, "letter.txt");
  await writeFile(letter, "Dear auditor, this is no database at all.\n".repeat(100));
  await assert.rejects(copyLedger({ ledger: letter, target }), codeOf("export/not-a-ledger"));
  await assert.rejects(
    copyLedger({ ledger: file, target: join(folder, "absent", "copy.sqlite") }),
    codeOf("export/cannot-open"),
  );
  appendBulk(chain);
  await job.catchUp();
  const stopping = new AbortController();
  stopping.abort();
  await assert.rejects(copyLedger({ ledger: file, target }, { signal: stopping.signal }), /stopped/);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.includes("copy")),
    [],
  );
  const disk = await SmallDisk.mount(context, 1);
  if (disk) {
    const onDisk = join(disk.directory, "copy.sqlite");
    await assert.rejects(copyLedger({ ledger: file, target: onDisk }), codeOf("export/disk-full"));
    assert.deepEqual(await readdir(disk.directory), []);
  }
  job.close();
});
