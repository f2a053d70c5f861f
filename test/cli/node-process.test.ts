/** The program as a process: a node started, used, stopped and refused, with its exit codes. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import type { NodeAnswer } from "../../src/api/node-status.ts";

const program = path.join(import.meta.dirname, "../../bin/aurex-node.js");
const ownVariables = Object.entries(process.env).filter(([name]) => !name.startsWith("AUREX_"));
const environment = Object.fromEntries(ownVariables);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

class Running {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;

  constructor(file: string, argv: readonly string[]) {
    this.child = spawn(process.execPath, [file, ...argv], {
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk) => (this.stdout += chunk));
    this.child.stderr?.on("data", (chunk) => (this.stderr += chunk));
    this.ended = once(this.child, "close").then(([code]) => ({
      code,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** The first line of stdout that the test takes; fails where the process ends without it. */
  async line(isWanted: (line: string) => boolean): Promise<string> {
    let hasEnded = false;
    while (!hasEnded) {
      const found = this.stdout.split("\n").slice(0, -1).find(isWanted);
      if (found !== undefined) return found;
      const more = once(this.child.stdout as NodeJS.ReadableStream, "data").then(() => false);
      hasEnded = await Promise.race([more, this.ended.then(() => true)]);
    }
    assert.fail(`the process ended: ${this.stdout}${this.stderr}`);
  }

  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

const aurex = (...argv: string[]) => new Running(program, argv);

describe("a node as a process", () => {
  let folder: string;
  let spec: string;
  let nodeDir: string;
  let node: Running;
  let started: { apiUrl: string; addresses: string[]; address: string };
  const startFlags = () => [
    ...["--consensus", "poa", "--authority", "--chain", spec, "--data-dir", nodeDir],
    ...["--listen-address", "127.0.0.1", "--port", "0", "--api-port", "0", "--no-mdns"],
  ];

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "aurex-process-"));
    spec = path.join(folder, "chain.json");
    nodeDir = path.join(folder, "alpha");
    const key = await aurex("keys", "node", "--data-dir", nodeDir, "--json").ended;
    const { address } = JSON.parse(key.stdout);
    const init = ["init", "--consensus", "poa", "--authority", address, "--allocation", `${address}=100`];
    assert.equal((await aurex(...init, "--out", spec).ended).code, 0);
    node = aurex(...startFlags(), "--log-format", "json");
    started = JSON.parse(await node.line((line) => line.includes('"msg":"started"')));
  });
  after(async () => {
    node.child.kill("SIGKILL");
    await node.ended;
    await rm(folder, { recursive: true, force: true });
  });

  it("answers to commands that name its data directory alone", async () => {
    const { code, stdout } = await aurex("status", "--data-dir", nodeDir, "--json").ended;
    assert.equal(code, 0);
    const status = JSON.parse(stdout) as NodeAnswer;
    assert.equal(status.address, started.address);
    assert.equal(status.authority, true);
  });

  it("commits a record that is sent to it", async () => {
    const argv = ["tx", "record", "hello", "--key", "node", "--data-dir", nodeDir, "--wait", "--json"];
    const { code, stdout, stderr } = await aurex(...argv).ended;
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).status, "committed");
  });

  it("keeps its data directory to itself: 3, naming the holder", async () => {
    for (const argv of [
      startFlags(),
      ["export", "--data-dir", nodeDir, "--out", path.join(folder, "x.sqlite")],
    ]) {
      const { code, stderr } = await aurex(...argv).ended;
      assert.equal(code, 3);
      assert.ok(stderr.includes(`process ${node.child.pid}`), stderr);
      assert.match(stderr, /\nNext: {2}\S/);
    }
  });

  it("keeps its ports: 4 for another node on one of them", async () => {
    const port = /\/tcp\/(\d+)/.exec(started.addresses[0] ?? "")?.[1] ?? "";
    const apiPort = new URL(started.apiUrl).port;
    for (const [index, taken] of [
      ["--port", port],
      ["--api-port", apiPort],
    ].entries()) {
      const other = ["--data-dir", path.join(folder, `port-${index}`), ...taken];
      const { code, stderr } = await aurex(...startFlags(), ...other).ended;
      assert.equal(code, 4, stderr);
      assert.match(stderr, /is in use\n/);
    }
  });

  it("stops cleanly on SIGTERM, says so, and is exported then", async () => {
    const { code, stdout, stderr } = await node.stop();
    assert.equal(code, 0, stderr);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual([lines.at(-2).msg, lines.at(-1).msg], ["stopping", "stopped"]);
    const file = path.join(folder, "ledger.sqlite");
    let inFile = 0;
    // The record's block and the genesis block; before the stop empty ones may have come that make it final.
    for (const isExpected of [(blocks: number) => blocks >= 2, (blocks: number) => blocks === 0]) {
      const exported = await aurex("export", "--data-dir", nodeDir, "--out", file, "--json").ended;
      assert.equal(exported.code, 0, exported.stderr);
      const { blocks } = JSON.parse(exported.stdout);
      assert.ok(isExpected(blocks), exported.stdout);
      inFile += blocks;
    }
    const ledger = new DatabaseSync(file, { readOnly: true });
    assert.equal(ledger.prepare("SELECT COUNT(*) AS count FROM blocks").get()?.count, inFile);
    assert.equal(ledger.prepare("SELECT COUNT(*) AS count FROM transactions").get()?.count, 1);
    ledger.close();
  });

  it("refuses to go on with another chain: 6", async () => {
    const other = path.join(folder, "other.json");
    const init = ["init", "--consensus", "poa", "--authority", started.address, "--out", other];
    assert.equal((await aurex(...init).ended).code, 0);
    for (const argv of [
      [...startFlags(), "--chain", other],
      ["export", "--data-dir", nodeDir, "--chain", other, "--out", path.join(folder, "y.sqlite")],
    ]) {
      const { code, stderr } = await aurex(...argv).ended;
      assert.equal(code, 6, stderr);
    }
  });

  it("says what is missing where a chain is: 2", async () => {
    for (const argv of [
      ["--chain", path.join(folder, "missing.json"), "--data-dir", path.join(folder, "empty")],
      ["export", "--data-dir", path.join(folder, "empty"), "--out", path.join(folder, "z.sqlite")],
    ]) {
      const { code, stderr } = await aurex(...argv).ended;
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^Error: .*\nWhy: .*\nNext: /);
    }
  });

  it("looks for a network where no chain is named, and stops while it does", async () => {
    const places = ["--data-dir", path.join(folder, "founder"), "--listen-address", "127.0.0.1"];
    const flags = [
      "--consensus",
      "poa",
      "--authority",
      "--expect",
      "2",
      "--port",
      "0",
      "--no-mdns",
      "--no-api",
    ];
    const founder = aurex(...flags, ...places);
    await founder.line((line) => line.includes("listening for network aurex"));
    const { code, stdout, stderr } = await founder.stop("SIGINT");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\nStopped\.\n$/);
  });

  it("goes on where it was, with human lines, and stops on Ctrl-C", async () => {
    node = aurex(...startFlags());
    const first = await node.line((line) => line.startsWith("authority "));
    assert.match(first, /^authority {2}height [1-9]\d* .*final \d+ {2}.*peers 0 {2}/);
    // The line of a moment in which the node seals says no state; one of the next does.
    await node.line((line) => /^authority .*(?: idle|not sealing: [a-z ]+)$/.test(line));
    const { code, stdout } = await node.stop("SIGINT");
    assert.equal(code, 0);
    assert.match(stdout, /\nStopped\.\n$/);
  });
});

describe("a process that does not stop, or fails", () => {
  const script = path.join(import.meta.dirname, "stopping-process.ts");

  it("ends with 130 at the second signal", async () => {
    const slow = new Running(script, ["slow"]);
    await slow.line((line) => line === "ready");
    slow.child.kill("SIGINT");
    await slow.line((line) => line === "stopping");
    assert.equal((await slow.stop("SIGTERM")).code, 130);
  });

  it("ends with 1 after an error that nobody caught, with its stack on stderr and in the log", async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), "aurex-uncaught-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const logFile = path.join(folder, "blockchain.log");
    const { code, stderr } = await new Running(script, ["throwing", logFile]).ended;
    assert.equal(code, 1);
    assert.match(stderr, /nobody caught this\n[\s\S]*\n {4}at /);
    assert.match(await readFile(logFile, "utf8"), /"nobody caught this"/);
  });

  it("ends with 1 and says all of it also when no file can be opened any more", async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), "aurex-uncaught-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const logFile = path.join(folder, "blockchain.log");
    const { code, stderr } = await new Running(script, ["full", logFile]).ended;
    assert.equal(code, 1, stderr);
    assert.match(stderr, /nobody caught this\n[\s\S]*\n {4}at /);
    assert.match(stderr, /\(aurex \d+\.\d+\.\d+, Node v24/);
  });
});
