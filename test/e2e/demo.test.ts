/** The quick start: five nodes, both engines, and one SQL ledger that anyone can read; again on the same data; stopped midway. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import type { LabState } from "../../src/api/lab.ts";
import { until } from "../support/patience.ts";
import { builtPage } from "../web/built-page.ts";
import { Stage } from "./processes.ts";

/** The documented tables, each with the documented columns that it must at least have. */
const documented: Record<string, readonly string[]> = {
  users: ["name"],
  nodes: ["node_id", "host", "port"],
  blocks: ["index", "timestamp", "data", "previous_hash", "nonce", "hash", "miner", "signer_id", "signature"],
  transactions: ["id", "from_user", "to_user", "amount", "timestamp", "block_id", "status"],
  assets: ["asset_id", "name"],
  mining_pool: ["member", "blocks_found"],
};

describe("the demo", () => {
  let stage: Stage;
  let printed = "";
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());
  const demo = (place: string) => ["demo", "--exit", "--data-dir", stage.place(place)];

  function read(sql: string): Record<string, unknown>[] {
    const db = new DatabaseSync(stage.place("d/ledger.sqlite"), { readOnly: true });
    try {
      return db.prepare(sql).all();
    } finally {
      db.close();
    }
  }

  it("ends with 0, and leaves both chains, all transactions and all nodes in the ledger", async () => {
    const stdout = await stage.output(...demo("d"));
    printed = stdout;
    for (const name of ["PoW_1", "PoW_2", "PoW_3", "PoA_1", "PoA_2"])
      assert.match(stdout, new RegExp(`\\b${name}\\b`));
    for (const [table, columns] of Object.entries(documented)) {
      const present = read(`PRAGMA table_info(${table})`).map(({ name }) => name);
      for (const column of columns) assert.ok(present.includes(column), `${table}.${column}`);
    }
    const chains = read("SELECT chain_id, consensus FROM meta ORDER BY consensus");
    assert.deepEqual(
      chains.map(({ consensus }) => consensus),
      ["poa", "pow"],
    );
    const blocks = read(
      'SELECT consensus, hash, miner, signer_id, signature FROM blocks JOIN meta USING (chain_id) WHERE "index" > 0',
    );
    const mined = blocks.filter(({ consensus }) => consensus === "pow");
    const signed = blocks.filter(({ consensus }) => consensus === "poa");
    assert.ok(mined.length > 0 && signed.length > 0);
    for (const { hash, miner } of mined) {
      assert.match(String(hash), /^00/);
      assert.notEqual(miner, null);
    }
    for (const { hash, signer_id, signature } of signed) {
      assert.ok(String(signature).startsWith(`SIG_${signer_id}_${hash}_`), String(signature));
    }
    const said = [...stdout.matchAll(/^ {6}(pow|poa) ([0-9a-f]{16})… /gm)].map((match) => match[2]);
    assert.ok(said.length >= 19, `${said.length} transactions were sent`);
    const committed = read("SELECT substr(id, 1, 16) AS id FROM transactions WHERE status = 'committed'");
    assert.deepEqual(committed.map(({ id }) => id).sort(), said.sort());
    assert.deepEqual(
      read("SELECT name, COUNT(*) AS n FROM users GROUP BY name ORDER BY name"),
      [
        { name: "alice@example.com", n: 2 },
        { name: "bob@example.com", n: 2 },
      ].map((row) => Object.assign(Object.create(null), row)),
    );
    assert.equal(read("SELECT COUNT(*) AS n FROM nodes")[0]?.n, 5);
    assert.deepEqual(
      new Set(read("SELECT symbol FROM assets").map(({ symbol }) => symbol)),
      new Set(["AUR", "GOLD"]),
    );
  });

  it("leaves a ledger that the audit which it prints calls authentic", async () => {
    const command = /^Check it without trust.*\n((?:.*\\\n)*.*)$/m.exec(printed)?.[1] ?? "none was printed";
    const audit = spawnSync("bash", ["-c", command], { encoding: "utf8" });
    assert.equal(audit.status, 0, audit.stdout + audit.stderr);
    assert.equal(audit.stdout.match(/authentic up to block \d+/g)?.length, 2, audit.stdout);
  });

  it("goes on with the same chains when it is run again", async () => {
    const before = read("SELECT chain_id, cursor_index FROM meta ORDER BY chain_id");
    const stdout = await stage.output(...demo("d"), "--transactions", "3");
    assert.match(stdout, /transfer 3 of 3/);
    const after = read("SELECT chain_id, cursor_index FROM meta ORDER BY chain_id");
    assert.deepEqual(
      after.map(({ chain_id }) => chain_id),
      before.map(({ chain_id }) => chain_id),
    );
    for (const [index, { cursor_index }] of after.entries()) {
      assert.ok(Number(cursor_index) > Number(before[index]?.cursor_index));
    }
  });

  /** As few nodes as there can be of both chains: each is a process. */
  const small = ["--pow", "1", "--poa", "1"];

  it("stops cleanly at Ctrl-C in the middle, and its data can be used again", async () => {
    const running = stage.run([...demo("midway"), ...small]);
    await until("transactions are being sent", () => running.stdout.includes("[4/6]"));
    const { code, stdout, stderr } = await running.stop("SIGINT");
    assert.equal(code, 130, stdout + stderr);
    assert.match(stdout, /\nStopped before the end\.\n$/);
    assert.equal(stderr, "");
    await stage.output(...demo("midway"), ...small);
  });

  it("prints, while it stays up, commands that work as they stand, in lines of 80 columns", async () => {
    // In a clone that was never built there would be no page to open.
    await builtPage();
    // What opens browsers on this system, here a program that writes down what it was given.
    const opener = stage.place("bin");
    await mkdir(opener);
    const program = `#!/bin/sh\nprintf %s "$1" > '${stage.place("opened")}'\n`;
    await writeFile(path.join(opener, "xdg-open"), program, { mode: 0o755 });
    // aurex-node demo --open
    const flags = ["demo", "--open", "--data-dir", stage.place("stay"), ...small];
    const running = stage.run(flags, { PATH: `${opener}:${process.env.PATH}` });
    await until("the network goes on", () => running.stdout.includes("Press Ctrl-C to stop."));
    const shown = running.stdout;
    const [first, last] = [...shown.matchAll(/^The page of all nodes, with the lab: (\S+)/gm)].map(
      ([, url]) => url,
    );
    assert.equal(await readFile(stage.place("opened"), "utf8"), first);
    assert.equal(first, last, "said first and last");
    const { nodes } = (await (await fetch(`${first}lab/state`)).json()) as LabState;
    for (const { name, apiUrl } of nodes) assert.ok(shown.includes(apiUrl), name);
    for (const line of shown.split("\n")) {
      // A command's own words and paths are not broken: it would not work any more.
      if (!line.includes(stage.folder) && !line.includes("bin/aurex-node.js"))
        assert.ok(line.length <= 80, line);
    }
    const address = /^ {2}alice +(aurex1\w+)$/m.exec(shown)?.[1];
    assert.ok(address);
    const commands = [...shown.matchAll(/^ {2}(\S*aurex-node\S* (?:.*\\\n)*.*)$/gm)].map(
      ([, command]) => command ?? "",
    );
    assert.equal(commands.length, 9, "the audit, and four on each chain");
    for (const command of commands) {
      const { stdout, stderr, status } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
      assert.equal(status, 0, `${command}\n${stdout}${stderr}`);
      if (command.includes(" account ")) assert.ok(stdout.includes(address), stdout);
    }
    assert.ok(!running.stdout.includes("\r"), "a file has no cursor");
    const heights = (text: string) => [
      ...text.matchAll(/^[\d:]+ {2}PoW height (\d+) {2}PoA height (\d+) /gm),
    ];
    await until("the lines tell of the blocks with them", () => {
      const all = heights(running.stdout).map(([, pow, poa]) => [Number(pow), Number(poa)] as const);
      const [first, last] = [all[0], all.at(-1)];
      return first !== undefined && last !== undefined && last[0] > first[0] && last[1] > first[1];
    });
    const pids = nodes.map(({ pid }) => pid as number);
    process.kill(pids[0] as number, "SIGKILL");
    await until("it says which node has ended by itself", () =>
      /PoW_1 has ended by itself: .*SIGKILL/.test(running.stdout),
    );
    const { code, stderr } = await running.stop("SIGINT");
    assert.deepEqual([code, stderr], [0, ""]);
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), "no node outlives it");
  });

  it("takes its nodes with it, if it is killed itself", async () => {
    const running = stage.run(["demo", "--stay", "--data-dir", stage.place("orphans"), ...small]);
    const page = await until("its page is up", () => /with the lab: (\S+)/.exec(running.stdout)?.[1]);
    const pids = await until("its nodes are up", async () => {
      const { nodes } = (await (await fetch(`${page}lab/state`)).json()) as LabState;
      const found = nodes.map(({ pid }) => pid);
      return nodes.every((node) => node.process === "running") && found;
    });
    await running.stop("SIGKILL");
    const isThere = (pid: number | null) => {
      try {
        return process.kill(pid as number, 0);
      } catch {
        return false;
      }
    };
    await until("its nodes are gone", () => !pids.some(isThere));
  });

  it("says where it cannot put its data: 2", async () => {
    await writeFile(stage.place("file"), "");
    const { code, stderr } = await stage.run(demo("file")).ended;
    assert.equal(code, 2, stderr);
    assert.ok(stderr.includes(stage.place("file")), stderr);
  });

  it("tells of a port that is taken: 4, and stops the nodes that had started", async (t) => {
    const server = net.createServer().listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const taken = String((server.address() as net.AddressInfo).port);
    const { code, stderr } = await stage.run([...demo("ports"), ...small, "--ports", `0,${taken}`]).ended;
    assert.equal(code, 4, stderr);
    assert.ok(stderr.includes(`${taken} is in use`), stderr);
  });
});
