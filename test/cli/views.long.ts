/** The commands that show a chain, a mempool, an account's history and events: for people, for programs, for spreadsheets. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { Payload } from "../../src/protocol/transaction.ts";
import { BreakableProxy } from "../client/breakable-proxy.ts";
import { type ApiRig, alice, bob, openApiRig } from "../http/api-rig.ts";
import { folderOf, program, quiet, ShellNode } from "../process/shell.ts";
import { until } from "../support/patience.ts";
import { run } from "./test-terminal.ts";

const bobAddress = addressOf(bob.publicKey);
const transfer = (amount: bigint, memo: string): Payload => ({
  kind: "transfer",
  to: bob.publicKey,
  assetId: zeroBytes32,
  amount,
  memo: fromUtf8(memo),
});

describe("views of a chain", () => {
  let rig: ApiRig;
  let place: string[];
  let ids: string[];
  before(async () => {
    rig = await openApiRig({ minimumFee: "0.01" });
    place = ["--api", rig.url];
    const sent = [
      rig.sign({ kind: "registerUser", name: fromUtf8("alice@example.com") }, alice),
      rig.sign(transfer(150_000_000n, "\u202egnp.exe"), alice, { sequence: 1 }),
      rig.sign(transfer(250_000_000n, '=HYPERLINK("http://x")'), alice, { sequence: 2 }),
      rig.sign(transfer(50_000_000n, 'one\nline, "quoted"'), alice, { sequence: 3 }),
    ];
    ids = sent.map(({ idHex }) => idHex);
    for (const { bytes } of sent) await rig.client.submit(bytes);
    await rig.sealWaiting();
    await rig.client.submit(rig.sign(transfer(1n, ""), alice, { sequence: 4 }).bytes);
    await rig.client.submit(rig.sign(transfer(1n, ""), alice, { sequence: 9 }).bytes);
  });
  after(() => rig.close());

  it("block shows one, as chain show does", async () => {
    const people = await run(["block", ...place]);
    assert.deepEqual([people.code, people.stderr], [0, ""]);
    assert.match(people.stdout, /^height +1$/m);
    assert.match(people.stdout, /^confirmations +1$/m);
    assert.match(people.stdout, /^fees +0\.04 AUR$/m);
    assert.match(people.stdout, new RegExp(`^  ${ids[1]}  transfer$`, "m"));
    assert.match(people.stdout, /^ +from alice@example\.com$/m);
    assert.deepEqual(await run(["chain", "show", ...place]), people);
    const genesis = await run(["block", "0", "--json", ...place]);
    assert.equal(JSON.parse(genesis.stdout).height, 0);
    const missing = await run(["block", "99", ...place]);
    assert.deepEqual([missing.code, missing.stdout], [2, ""]);
    assert.match(missing.stderr, /there is no block 99/);
  });

  it("mempool shows what waits and which fee to pay", async () => {
    const people = await run(["mempool", ...place]);
    assert.equal(people.code, 0, people.stderr);
    assert.match(people.stdout, /^waiting +2 of at most/m);
    assert.match(people.stdout, /^fee to pay +0\.01 AUR for the next block$/m);
    assert.match(people.stdout, /the next block$/m);
    assert.match(people.stdout, / 9 +0\.01 +sequence 5, whi/);
    const { count, items, minimumFee } = JSON.parse((await run(["mempool", "--json", ...place])).stdout);
    assert.deepEqual([count, items.length, minimumFee], [2, 2, "0.01"]);
    const one = await run(["mempool", "--json", "--account", bobAddress, ...place]);
    assert.deepEqual(JSON.parse(one.stdout).items, []);
  });

  it("search says what each hit is, and the command that shows it", async () => {
    for (const [text, shows] of [
      ["alice", /user alice@example\.com +aurex1\S+ +account alice@example\.com$/m],
      [
        ids[0]?.slice(0, 12) as string,
        new RegExp(`transaction, committed +${ids[0]} +tx show ${ids[0]}$`, "m"),
      ],
      ["1", /block 1 +[0-9a-f]{64} +block 1$/m],
    ] as const) {
      const { code, stdout } = await run(["search", text, ...place]);
      assert.equal(code, 0);
      assert.match(stdout, shows);
    }
    const nothing = await run(["search", "nobody@example.com", ...place]);
    assert.deepEqual([nothing.code, nothing.stdout], [0, ""]);
    assert.match(nothing.stderr, /Nothing on this chain/);
    assert.deepEqual(
      JSON.parse((await run(["search", "nobody@example.com", "--json", ...place])).stdout).items,
      [],
    );
  });

  it("account shows what is pending, and its history with the balance after each item", async () => {
    const sender = await run(["account", "alice@example.com", ...place]);
    // 1000 less 4.5 sent and four fees of 0.01; two transfers of the smallest unit wait, each with its fee.
    assert.match(sender.stdout, /^balance +995\.46 AUR \(-0\.0200000\d pending\)$/m);
    assert.match(sender.stdout, /^spendable +995\.4399999\d AUR$/m);
    const history = await run(["account", bobAddress, "--history", ...place]);
    assert.equal(history.code, 0, history.stderr);
    const rows = history.stdout.split("\n").filter((line) => /transfer/.test(line));
    assert.equal(rows.length, 3);
    assert.match(rows[0] as string, /→ in transfer +alice\S+ +0\.5 AUR +4\.5 +1 conf\./);
    const two = JSON.parse(
      (await run(["account", bobAddress, "--history", "--json", "--limit", "2", ...place])).stdout,
    );
    assert.deepEqual(
      two.items.map(({ number }: { number: number }) => number),
      [2, 1],
    );
  });

  it("account --history --csv is one table for a spreadsheet, with no formula and no hidden character in it", async () => {
    const { code, stdout, stderr } = await run(["account", bobAddress, "--history", "--csv", ...place]);
    assert.deepEqual([code, stderr], [0, ""]);
    const rows = parsedCsv(stdout);
    const [titles = [], ...items] = rows;
    const column = (name: string) => items.map((cells) => cells[titles.indexOf(name)]);
    for (const cells of items) assert.equal(cells.length, titles.length);
    assert.deepEqual(column("amount"), ["1.5", "2.5", "0.5"]);
    assert.deepEqual(column("balance"), ["1.5", "4", "4.5"]);
    assert.deepEqual(column("memo"), [
      "\\u{202e}gnp.exe",
      '\'=HYPERLINK("http://x")',
      'one\\u{a}line, "quoted"',
    ]);
    assert.deepEqual(column("transaction"), ids.slice(1));
    assert.deepEqual(column("counterparty_name"), Array(3).fill("alice@example.com"));
    const own = parsedCsv(
      (await run(["account", "alice@example.com", "--history", "--csv", ...place])).stdout,
    );
    const at = (name: string) => (own[0] ?? []).indexOf(name);
    const sum = own
      .slice(1)
      .reduce((units, cells) => units + Math.round(Number(cells[at("amount")]) * 1e8), 0);
    assert.equal(sum, 99_546_000_000);
    assert.equal(own.at(-1)?.[at("balance")], "995.46");
  });

  it("refuses flags that do not go together, and says which do", async () => {
    for (const [argv, says] of [
      [["--csv"], /--csv belongs to --history/],
      [["--limit", "3"], /--limit belongs to --history/],
      [["--history", "--csv", "--json"], /exclude each other/],
    ] as const) {
      const { code, stderr } = await run(["account", ...argv, ...place]);
      assert.equal(code, 2);
      assert.match(stderr, says);
    }
    const topic = await run(["events", "--topics", "heads", ...place]);
    assert.equal(topic.code, 2);
    assert.match(topic.stderr, /"heads" is no topic; there are head, block/);
  });

  it("shows the memo of a stranger without doing what it says", async () => {
    const { stdout } = await run(["tx", "show", ids[1] as string, ...place]);
    assert.match(stdout, /^memo +\\u\{202e\}gnp\.exe$/m);
  });
});

/** RFC 4180, as a spreadsheet reads it. */
function parsedCsv(text: string): string[][] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) =>
      [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)]
        .map(([, cell = ""]) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell))
        .slice(0, line.endsWith(",") ? undefined : -1),
    );
}

interface Running {
  readonly child: ChildProcess;
  out: string;
  err: string;
  /** All that it has written is there by then. */
  readonly ended: Promise<unknown[]>;
}

/** A command as a process of its own. */
function started(
  t: TestContext,
  command: string,
  args: readonly string[],
  variables: Record<string, string> = {},
): Running {
  const child = spawn(command, args, { stdio: "pipe", env: { ...process.env, ...variables } });
  const running: Running = { child, out: "", err: "", ended: once(child, "close") };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (running.out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (running.err += text));
  t.after(() => child.kill("SIGKILL"));
  return running;
}

const aurexArgs = (...args: readonly string[]) => [program, ...args];
const node = process.execPath;
const startLine = (dataDir: string) =>
  `'${node}' '${program}' --consensus pow --mine --mine-empty --difficulty 2 ${quiet} --data-dir '${dataDir}'`;
const heights = (text: string) => [...text.matchAll(/height (\d+)/g)].map(([, height]) => Number(height));

describe("what goes on until Ctrl-C", () => {
  it("status --watch prints a line for each change, through a kill and a restart of the node; events ends, too", async (t) => {
    const dataDir = join(await folderOf(t), "node");
    const first = new ShellNode(t, dataDir, startLine(dataDir));
    await first.status();
    const watched = started(
      t,
      node,
      aurexArgs("status", "--watch", "--every", "200ms", "--data-dir", dataDir),
    );
    const json = started(
      t,
      node,
      aurexArgs("status", "--watch", "--json", "--every", "200ms", "--data-dir", dataDir),
    );
    const events = started(t, node, aurexArgs("events", "--topics", "head", "--json", "--data-dir", dataDir));
    const both = () => ({ out: watched.out, err: watched.err });
    await until("lines of two blocks", () => new Set(heights(watched.out)).size >= 2, { seen: both });
    await until("events of two blocks", () => events.out.split('"event":"head"').length > 2, {
      seen: () => ({ out: events.out, err: events.err }),
    });
    events.child.kill("SIGINT");
    assert.deepEqual(await events.ended, [0, null]);
    const [snapshot, ...told] = events.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(snapshot.event, "snapshot");
    for (const [index, { data }] of told.entries()) {
      assert.equal(data.height, (index === 0 ? snapshot.data.head.height : told[index - 1].data.height) + 1);
    }
    const before = Math.max(...heights(watched.out));
    await first.stop("SIGKILL");
    await until("it says that nobody answers", () => /does not answer/.test(watched.err), { seen: both });
    const second = new ShellNode(t, dataDir, startLine(dataDir));
    await second.status();
    await until("higher blocks", () => Math.max(...heights(watched.out)) > before + 1, { seen: both });
    for (const { child, ended } of [watched, json]) {
      child.kill("SIGINT");
      assert.deepEqual(await ended, [0, null]);
    }
    const seen = json.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.ok(seen.length >= 2);
    for (const { node: shown, consensus, mempool, blocks } of seen) {
      assert.ok(shown.nodeId && mempool.count >= 0 && blocks.items.length > 0);
      assert.equal(consensus.engine, "pow");
    }
    // A reader that has enough: the command ends with what a shell shows for that.
    const { address } = await second.status();
    for (const line of [
      "events --topics head",
      "events --topics head,reorg,final",
      `events --topics head,transaction --account ${address}`,
      "events --topics head,warning --json",
    ]) {
      const cut = spawnSync("bash", [
        "-c",
        `'${node}' '${program}' ${line} --data-dir '${dataDir}' | head -n 1; exit \${PIPESTATUS[0]}`,
      ]);
      assert.equal(cut.status, 141, line);
      assert.match(String(cut.stdout), /snapshot/);
    }
  });

  for (const [what, isBroken] of [
    ["an answer", false],
    ["the first answer after a break", true],
  ] as const) {
    it(`status --watch ends at Ctrl-C with 0 where it waits for ${what} in vain`, async (t) => {
      const dataDir = join(await folderOf(t), "node");
      const node = new ShellNode(t, dataDir, startLine(dataDir));
      const proxy = await BreakableProxy.open(await node.ready());
      t.after(() => proxy.close());
      const flags = ["--every", "200ms", "--api", proxy.url, "--data-dir", dataDir];
      const watched = started(t, process.execPath, aurexArgs("status", "--watch", ...flags));
      const seen = () => ({ out: watched.out, err: watched.err });
      await until("a line", () => watched.out.includes("\n"), { seen });
      proxy.isHeld = true;
      await until("a request is held", () => proxy.held > 0, { seen });
      if (isBroken) {
        proxy.cut();
        await until("it says that nobody answers", () => /does not answer/.test(watched.err), { seen });
        const before = proxy.held;
        await until("another request is held", () => proxy.held > before, { seen });
      }
      watched.child.kill("SIGINT");
      assert.deepEqual(await watched.ended, [0, null]);
    });
  }

  it("status --watch draws one screen in a terminal, and leaves the terminal as it was", async (t) => {
    if (spawnSync("script", ["--version"]).status !== 0)
      return t.skip("script, which makes a terminal, is not installed");
    const folder = await folderOf(t);
    const dataDir = join(folder, "node");
    await new ShellNode(t, dataDir, startLine(dataDir)).status();
    for (const [variables, isBold] of [
      [{}, true],
      [{ NO_COLOR: "1" }, false],
    ] as const) {
      const file = join(folder, `screen-${isBold}`);
      // Ctrl-C reaches everybody in the terminal: a shell that stayed there, as dash does, would end by it, with 130.
      const line = `exec '${node}' '${program}' status --watch --every 200ms --data-dir '${dataDir}'`;
      const terminal = started(t, "script", ["-qfec", line, file], {
        SHELL: "/bin/sh",
        TERM: "xterm",
        ...variables,
      });
      await until(
        "two screens",
        () => terminal.out.split("\u001b[H").length > 3 && /mempool/.test(terminal.out),
        {
          seen: () => terminal.out,
        },
      );
      terminal.child.stdin?.write("\u0003");
      assert.deepEqual(await terminal.ended, [0, null]);
      const shown = readFileSync(file, "utf8");
      assert.match(shown, /head +\d+ {2}[0-9a-f]{16}…/);
      assert.match(shown, /miner on pow/);
      assert.equal(shown.includes("\u001b[1m"), isBold);
      assert.ok(shown.indexOf("\u001b[?25l") < shown.lastIndexOf("\u001b[?25h"), "the cursor is back");
    }
  });
});
