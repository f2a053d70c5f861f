/** The SQL ledger beside a running node, as its readers and operators treat it: held, copied, deleted, moved, on a full disk. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, afterEach, before, describe, it, type TestContext } from "node:test";
import { until } from "../support/patience.ts";
import { SmallDisk } from "../support/small-disk.ts";
import { type NodeProcess, Stage } from "./processes.ts";

function count(file: string): number {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  try {
    return Number(db.prepare("SELECT COUNT(*) AS n FROM blocks").get()?.n);
  } finally {
    db.close();
  }
}

/** Another program with a transaction open on the file, until it is told to end. */
async function holdOpen(context: TestContext, file: string): Promise<() => Promise<void>> {
  const script = `
    const db = new (require("node:sqlite").DatabaseSync)(process.argv[1], { readOnly: true });
    db.exec("BEGIN");
    db.prepare("SELECT COUNT(*) FROM blocks").get();
    console.log("reads");
    process.stdin.on("data", () => process.exit(0));`;
  const reader = spawn(process.execPath, ["-e", script, file], { stdio: ["pipe", "pipe", "inherit"] });
  context.after(() => reader.kill("SIGKILL"));
  await once(reader.stdout, "data");
  return async () => {
    reader.stdin.end("go");
    await once(reader, "exit");
  };
}

describe("the SQL ledger beside a running node", () => {
  let stage: Stage;
  let chain: string;
  let authorityDir: string;

  before(async () => {
    stage = await Stage.open();
    authorityDir = stage.place("keeper");
    const authority = await stage.nodeAddress("keeper");
    chain = await stage.spec("chain.json", {
      consensus: "poa",
      authorities: [authority],
      periodMs: 50,
      stepMs: 50,
      heartbeatMs: 3_600_000,
    });
  });
  afterEach(async () => stage.endAll());
  after(async () => stage.close());

  const start = (ledger: string) =>
    stage.start("keeper", "--consensus", "poa", "--authority", "--chain", chain, "--export", ledger);

  const send = (text: string) =>
    stage.output("tx", "record", text, "--key", "node", "--data-dir", authorityDir, "--wait");

  /** Once no block is under way that only brings finality nearer. */
  const quiet = (node: NodeProcess) =>
    node.until(
      "it has nothing to seal",
      ({ final, head, notSealingBecause }) =>
        notSealingBecause === "nothing to seal" && (final?.height ?? 0) >= head.height - 2,
    );

  const inStep = (node: NodeProcess, what: string) =>
    node.until(what, ({ export: ledger, head }) => ledger?.fault === null && ledger.height === head.height);

  it("a reader that holds a transaction is named, seals go on, and the log is emptied once it has gone, without a block", async (t) => {
    const ledger = stage.place("held.sqlite");
    const node = await start(ledger);
    await send("one");
    await inStep(node, "the ledger is in step");
    const release = await holdOpen(t, ledger);
    await send("two");
    const held = await node.until(
      "the reader is in the status",
      ({ export: found }) => found?.reader != null,
    );
    assert.ok((held.export?.logBytes ?? 0) > 0);
    if (process.platform === "linux")
      assert.match(held.export?.reader?.process ?? "", /^process \d+ \(.+\)$/);
    const text = await stage.output("status", "--data-dir", authorityDir);
    assert.match(text.replace(/\s+/g, " "), /holds a transaction on it open/);
    await send("three");
    const { height } = (await quiet(node)).head;
    await release();
    const free = await node.until(
      "the log is empty again",
      ({ export: found }) => found?.reader === null && found.logBytes === 0,
    );
    assert.equal(free.head.height, height, "no block came meanwhile");
    assert.equal(count(ledger), height + 1);
    assert.equal((await node.stop()).code, 0);
    assert.deepEqual([existsSync(`${ledger}-wal`), existsSync(`${ledger}-shm`)], [false, false]);
  });

  it("export --copy finds the ledger of the node, and replaces nothing unasked", async () => {
    const ledger = stage.place("copied.sqlite");
    const node = await start(ledger);
    await send("to be copied");
    await quiet(node);
    const { head } = await inStep(node, "the ledger is in step");
    const copy = stage.place("copy.sqlite");
    const report = JSON.parse(
      await stage.output("export", "--copy", copy, "--data-dir", authorityDir, "--json"),
    );
    assert.deepEqual([report.file, report.ledger, report.chains[0].height], [copy, ledger, head.height]);
    assert.equal(count(copy), head.height + 1);
    const again = await stage.run(["export", "--copy", copy, "--data-dir", authorityDir]).ended;
    assert.equal(again.code, 2);
    assert.match(again.stderr, /--force/);
    await stage.output("export", "--copy", copy, "--data-dir", authorityDir, "--force");
    const itself = await stage.run(["export", "--copy", ledger, "--data-dir", authorityDir, "--force"]).ended;
    assert.equal(itself.code, 2);
    assert.match(itself.stderr, /the ledger .* itself/);
    const other = stage.place("other.sqlite");
    const running = await stage.run(["export", "--out", other, "--data-dir", authorityDir]).ended;
    assert.equal(running.code, 3);
    assert.match(running.stderr, /aurex-node export --copy/);
    assert.equal((await node.stop()).code, 0);

    // Of a stopped node it is the ledger that the node kept last.
    const stopped = stage.place("stopped.sqlite");
    await stage.output("export", "--copy", stopped, "--data-dir", authorityDir);
    assert.equal(count(stopped), count(ledger));
    await stage.output("export", "--copy", copy, "--ledger", ledger, "--force");
    assert.equal(count(copy), count(ledger));
  });

  it("a ledger that is deleted or moved is written anew, though no block comes", async () => {
    const ledger = stage.place("moved.sqlite");
    const node = await start(ledger);
    await send("before");
    await quiet(node);
    const { head } = await inStep(node, "the ledger is in step");
    await rm(ledger);
    await until("the ledger is there again", () => existsSync(ledger) && count(ledger) === head.height + 1);
    const aside = stage.place("aside.sqlite");
    await rename(ledger, aside);
    await until("the ledger is there again", () => existsSync(ledger) && count(ledger) === head.height + 1);
    assert.equal(count(aside), head.height + 1);
    assert.ok(node.logged("the ledger file was deleted, moved or replaced").length >= 2);
    assert.equal((await node.status()).head.height, head.height);
    assert.equal((await node.stop()).code, 0);
  });

  it("another program that locks the file, or a folder that is gone, is said in log, status and doctor, and mended by itself", async () => {
    const folder = stage.place("folder");
    await mkdir(folder);
    const ledger = path.join(folder, "ledger.sqlite");
    const node = await start(ledger);
    const { head } = await inStep(node, "the ledger is in step");

    await rm(folder, { recursive: true });
    const gone = await node.until("the folder is missed", ({ export: found }) => found?.fault != null);
    assert.equal(gone.export?.fault?.code, "export/cannot-open");
    assert.equal(node.logged("the SQL ledger could not be written").length, 1);
    const doctor = await stage.run(["doctor", "--data-dir", authorityDir, "--json"]).ended;
    const { findings } = JSON.parse(doctor.stdout) as {
      findings: { check: string; ok: boolean; next: string }[];
    };
    const finding = findings.find(({ check }) => check === "sql-ledger");
    assert.equal(finding?.ok, false);
    assert.match(finding?.next ?? "", /folder/);
    await mkdir(folder);
    await until("the ledger is there again", () => existsSync(ledger) && count(ledger) === head.height + 1);
    await node.until("the fault is over", ({ export: found }) => found?.fault === null);
    assert.equal(node.logged("the SQL ledger is written again").length, 1);

    const other = new DatabaseSync(ledger);
    other.exec("BEGIN IMMEDIATE");
    await send("while the file is locked");
    const locked = await node.until("the lock is said", ({ export: found }) => found?.fault != null);
    assert.equal(locked.export?.fault?.code, "export/busy");
    other.exec("ROLLBACK");
    other.close();
    await inStep(node, "the ledger is in step");
    assert.equal((await node.stop()).code, 0);
  });

  it("a full disk under the ledger stops neither the node nor, once there is room, the ledger, though no block comes", async (t) => {
    const disk = await SmallDisk.mount(t, 8);
    if (!disk) return t.skip(SmallDisk.skipReason);
    const ledger = path.join(disk.directory, "ledger.sqlite");
    disk.fill();
    const node = await start(ledger);
    await node.until("the disk is said to be full", ({ export: found }) => found?.fault != null);
    await send("while the disk of the ledger is full");
    const full = await quiet(node);
    assert.equal(full.export?.fault?.code, "export/disk-full");
    await disk.empty();
    const { head } = await inStep(node, "the ledger is in step");
    assert.equal(head.height, full.head.height);
    assert.equal(count(ledger), head.height + 1);
    assert.equal((await node.stop()).code, 0);
  });
});
