/** Which node a command is about: real nodes in a home of their own, found, named, told apart, or refused. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { program, quiet, RealHome, type StartedNode } from "./real-nodes.ts";
import type { Run } from "./test-terminal.ts";

const poa = ["--consensus", "poa", "--authority"];
const pow = ["--consensus", "pow"];

/** Exit code 2, nothing on stdout, and what, why and next. */
function assertRefused({ code, stdout, stderr }: Run, what: RegExp): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, what);
  assert.match(stderr, /\nNext: {2}\S/);
}

async function homeOf(t: TestContext): Promise<RealHome> {
  const home = await RealHome.open();
  t.after(() => home.close());
  return home;
}

/** Every kind of command that asks a node. */
const asking: readonly (readonly string[])[] = [
  ["status"],
  ["peers"],
  ["account"],
  ["chain", "list"],
  ["chain", "show"],
  ["authority", "list"],
  ["authority", "propose"],
  ["authority", "leave"],
  ["pool", "show"],
  ["invite"],
  ["tx", "record", "hello", "--key", "node"],
  ["tx", "show", "0".repeat(64)],
  ["user", "register", "alice@example.com", "--key", "node"],
];
/** Every kind of command that reads a node's files. */
const reading: readonly (readonly string[])[] = [
  ["keys", "list"],
  ["keys", "show", "node"],
  ["export", "--out", "ledger.sqlite"],
];

describe("without any node", () => {
  it("every command says that there is none, and makes nothing", async (t) => {
    const home = await homeOf(t);
    for (const argv of [...asking, ...reading]) {
      assertRefused(await home.run(argv), /^Error: (?:no node runs|there is no node) on this machine\nWhy: /);
    }
    assert.deepEqual(await readdir(home.directory), ["bin"]);
  });

  it("a directory that is not there, or is a file, is refused", async (t) => {
    const home = await homeOf(t);
    const file = home.path("file");
    await writeFile(file, "");
    for (const argv of [...asking, ...reading]) {
      assertRefused(
        await home.run([...argv, "--data-dir", home.path("no", "such")]),
        /there is no such directory/,
      );
      assertRefused(await home.run([...argv, "--data-dir", file]), /it is a file/);
      const environment = { AUREX_DATA_DIR: home.path("nowhere") };
      assertRefused(await home.run(argv, { environment }), /there is no such directory/);
    }
    assert.deepEqual(await readdir(home.directory), ["bin", "file"]);
  });

  it("keys node makes the first node's key, and says where", async (t) => {
    const home = await homeOf(t);
    const made = await home.run(["keys", "node", "--address"]);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(
      made.stderr,
      `There is no node yet; this is for the first one, in ${home.path(".aurex/aurex/pow")}.\n`,
    );
    const again = await home.run(["keys", "node", "--address"]);
    assert.equal(again.stdout, made.stdout);
    assert.equal(again.stderr, `Using the node in ${home.path(".aurex/aurex/pow")}.\n`);
  });
});

describe("keys before any node", () => {
  it("are found again, also to sign for the API of another machine; keys node makes the first node's beside them", async (t) => {
    const [home, other] = [await homeOf(t), await homeOf(t)];
    const address = (await home.output("keys", "new", "alice", "--address")).trim();
    const listed = await home.run(["keys", "list"]);
    assert.equal(listed.stdout, `alice  ${address}\n`);
    assert.equal(listed.stderr, `Using the keys in ${home.path(".aurex/aurex/pow")}.\n`);
    const node = await other.start(...pow, "--mine", "--mine-threads", "1", ...quiet);
    assertRefused(await home.run(["status"]), /no node runs on this machine/);
    const sent = ["tx", "record", "from afar", "--key", "alice", "--api", node.apiUrl, "--wait"];
    assert.match(await home.output(...sent), /committed in block/);
    await home.output("keys", "node");
    assert.match(await home.output("keys", "list"), /^node +aurex1.*\nalice +aurex1/);
    assert.deepEqual(await readdir(home.path(".aurex/aurex")), ["pow"]);
  });
});

describe("the only node", () => {
  let home: RealHome;
  let node: StartedNode;
  before(async () => {
    home = await RealHome.open();
    // A Proof of Authority node where a first start puts it: the default of the commands used to be the other engine.
    node = await home.start(...poa, ...quiet);
  });
  after(() => home.close());

  it("is taken by every command, and named on stderr", async () => {
    const said = new RegExp(`^Using the node \\S+ in ${home.path(".aurex/aurex/poa")}\\.\n`);
    assert.equal((await home.output("keys", "node", "--address")).trim(), node.address);
    assert.equal(await home.output("keys", "list"), `node  ${node.address}\n`);
    assert.equal(JSON.parse(await home.output("status", "--json")).nodeId, node.nodeId);
    assert.match(await home.output("authority", "list"), new RegExp(node.address));
    assert.match(await home.output("tx", "record", "hello", "--key", "node", "--wait"), /committed in block/);
    for (const argv of [...asking, ...reading])
      assert.match((await home.run(argv)).stderr, said, argv.join(" "));
    assert.match((await home.run(["invite"])).stderr, /this network is open/);
    assert.match((await home.run(["pool", "show"])).stderr, /serves no mining pool|Proof of Work/);
  });

  it("is the only one afterwards: nothing made a key beside it", async () => {
    await home.output("keys", "new", "alice");
    assert.deepEqual(await readdir(home.path(".aurex/aurex")), ["poa"]);
    assert.deepEqual(await readdir(home.path(".aurex/aurex/poa/keys")), ["alice.json"]);
  });

  it("is what doctor looks at, with the settings that it was started with", async () => {
    const { stdout } = await home.run(["doctor", "--json"]);
    const { findings } = JSON.parse(stdout) as { findings: { check: string; found: string }[] };
    const found = Object.fromEntries(findings.map((finding) => [finding.check, finding.found]));
    assert.match(found["data-directory"] ?? "", new RegExp(`aurex/poa: chain ${node.chainId}`));
    assert.match(found["peer-port"] ?? "", /any free one/);
    assert.match(found["mdns-port"] ?? "", /mDNS is off/);
    assert.match(found.node ?? "", /runs, height/);
  });

  it("is found with its keys by its API alone", async () => {
    const argv = ["tx", "record", "by url", "--key", "node", "--wait", "--api", node.apiUrl];
    assert.match(await home.output(...argv), /committed in block/);
  });

  it("stopped, is still the one that keys are of; a command that asks says how to start it, and that works", async (t) => {
    await node.stop();
    assert.equal((await home.output("keys", "node", "--address")).trim(), node.address);
    for (const argv of asking) {
      const asked = await home.run(argv);
      assertRefused(asked, new RegExp(`Error: no node runs in ${home.path(".aurex/aurex/poa")}\n`));
    }
    const { stderr } = await home.run(["status"]);
    const [, command = ""] = /\nNext: {2}start it: aurex-node (.*)\n/.exec(stderr) ?? [];
    const again = await home.start(...command.split(" "));
    t.after(() => again.stop());
    assert.equal(again.chainId, node.chainId);
    assert.equal(JSON.parse(await home.output("status", "--json")).nodeId, node.nodeId);
  });
});

describe("several nodes", () => {
  let home: RealHome;
  let first: StartedNode;
  let second: StartedNode;
  before(async () => {
    home = await RealHome.open();
    [first, second] = await Promise.all([
      home.start(...poa, ...quiet, "--data-dir", "elsewhere", "--name", "left"),
      home.start(...pow, ...quiet, "--name", "right"),
    ]);
  });
  after(() => home.close());
  const places = () => [home.path("elsewhere"), home.path(".aurex/aurex/right")] as const;

  it("are an error with the list; the flag that it names is the way", async () => {
    for (const argv of [...asking, ...reading, ["keys", "node"], ["keys", "new", "bob"], ["doctor"]]) {
      const asked = await home.run(argv);
      assertRefused(asked, /^Error: 2 nodes (?:run|exist), and the command names none\n/);
      assert.ok(asked.stderr.includes(`${places()[0]}  (left runs, API ${first.apiUrl})`), asked.stderr);
      assert.ok(asked.stderr.includes(`${places()[1]}  (right runs, API ${second.apiUrl})`), asked.stderr);
    }
    for (const [index, { nodeId }] of [first, second].entries()) {
      const { code, stdout, stderr } = await home.run([
        "status",
        "--json",
        "--data-dir",
        places()[index] ?? "",
      ]);
      assert.equal(code, 0, stderr);
      assert.equal(JSON.parse(stdout).nodeId, nodeId);
      assert.equal(stderr, "", "who named it need not be told");
    }
    const { stderr } = await home.run(["status"]);
    const [, flag = ""] = /\nNext: {2}add for example (--data-dir \S+)\n/.exec(stderr) ?? [];
    await home.output("status", ...flag.split(" "));
  });

  it("with --data-dir, a config file or a variable, the one that is named is asked", async () => {
    const config = home.path("node.yaml");
    await writeFile(config, "dataDir: elsewhere\n");
    const byFile = await home.run(["status", "--json", "--config", config]);
    assert.equal(JSON.parse(byFile.stdout).nodeId, first.nodeId);
    const byName = await home.run(["status", "--json"], { environment: { AUREX_NAME: "right" } });
    assert.equal(JSON.parse(byName.stdout).nodeId, second.nodeId);
  });

  it("a node of another chain is refused wherever a directory is named with it", async () => {
    const head = async () =>
      JSON.parse(await home.output("status", "--json", "--api", second.apiUrl)).head.hash;
    const before = await head();
    for (const argv of asking) {
      const asked = await home.run([...argv, "--data-dir", places()[0], "--api", second.apiUrl]);
      assertRefused(asked, /^Error: the node at \S+ is on another chain than \S+\nWhy: .*nothing was sent/);
    }
    assert.equal(await head(), before);
    const { mempool } = JSON.parse(await home.output("status", "--json", "--api", second.apiUrl));
    assert.equal(mempool, 0);
  });

  it("a lock that leads to another node is refused", async (t) => {
    const lock = path.join(places()[0], "lock");
    const text = await readFile(lock, "utf8");
    t.after(() => writeFile(lock, text));
    await writeFile(lock, JSON.stringify({ ...JSON.parse(text), apiUrl: second.apiUrl }));
    for (const argv of [...asking, ["export", "--copy", home.path("copy.sqlite")]]) {
      assertRefused(await home.run([...argv, "--data-dir", places()[0]]), /is on another chain than/);
    }
  });

  it("a node of the same chain with another key is refused, too", async (t) => {
    const third = await home.start(...pow, ...quiet, "--name", "third");
    t.after(() => third.stop());
    assert.equal(third.chainId, second.chainId);
    const lock = path.join(places()[1], "lock");
    const text = await readFile(lock, "utf8");
    t.after(() => writeFile(lock, text));
    await writeFile(lock, JSON.stringify({ ...JSON.parse(text), apiUrl: third.apiUrl }));
    assertRefused(
      await home.run(["status", "--data-dir", places()[1]]),
      /is not the node in .*\nWhy: {3}it is node/,
    );
    // Asked for by its URL it may answer: it is on the directory's chain.
    await home.output("status", "--data-dir", places()[1], "--api", third.apiUrl);
  });

  it("one that was killed does not run any more, whoever has its process id now", async () => {
    await first.stop("SIGKILL");
    const place = places()[0];
    assertRefused(
      await home.run(["tx", "record", "x", "--key", "node", "--data-dir", place]),
      /no node runs in/,
    );
    const lock = path.join(place, "lock");
    const held = JSON.parse(await readFile(lock, "utf8"));
    if (held.processStart !== null) {
      // The process of this test lives, and is not the one that took the lock.
      await writeFile(lock, JSON.stringify({ ...held, pid: process.pid }));
      assertRefused(await home.run(["status", "--data-dir", place]), /no node runs in/);
    }
    assert.equal(
      JSON.parse(await home.output("status", "--json")).nodeId,
      second.nodeId,
      "the only one that runs",
    );
    assert.equal(
      (await readdir(home.path(".aurex/.running"))).length,
      1,
      "the entry of the killed one is gone",
    );
  });
});

describe("a node and its home", () => {
  it("needs none that can be written to: then it is found by its directory alone", async (t) => {
    const home = await homeOf(t);
    const notADirectory = home.path("file");
    await writeFile(notADirectory, "");
    const node = await home.start(...pow, ...quiet, "--data-dir", home.path("x"));
    await node.stop();
    // As root a directory is always writable; below a file nobody can make one.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [program, "status", "--data-dir", home.path("x")],
      {
        env: { ...process.env, HOME: notADirectory },
      },
    ).catch((error: { stdout: string; stderr: string }) => ({ stdout: error.stdout + error.stderr }));
    assert.match(stdout, /no node runs in/);
    const homeless = await RealHome.open();
    t.after(() => homeless.close());
    await writeFile(homeless.path(".aurex"), "a file in the way of the register");
    const hidden = await homeless.start(...pow, ...quiet, "--data-dir", home.path("y"));
    assert.equal(
      JSON.parse(await homeless.output("status", "--json", "--data-dir", home.path("y"))).nodeId,
      hidden.nodeId,
    );
    assertRefused(await homeless.run(["status"]), /no node runs on this machine/);
  });

  it("of another user says that there is no permission, and the way", async (t) => {
    if (process.getuid?.() !== 0) return t.skip("only root can become another user");
    const home = await homeOf(t);
    const node = await home.start(...pow, ...quiet, "--data-dir", home.path("secret"));
    await chmod(home.directory, 0o755);
    const nobody = 65_534;
    await mkdir(home.path("visitor"), { mode: 0o777 });
    const asVisitor = async (...argv: string[]) => {
      const options = {
        uid: nobody,
        gid: nobody,
        env: { HOME: home.path("visitor"), PATH: process.env.PATH ?? "" },
      };
      return promisify(execFile)(process.execPath, [program, ...argv], options).then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
      );
    };
    const probe = await asVisitor("--version");
    if (probe.code !== 0) return t.skip("another user cannot read this checkout");
    for (const argv of [["status"], ["keys", "list"], ["export", "--out", home.path("visitor/l.sqlite")]]) {
      const refused = await asVisitor(...argv, "--data-dir", home.path("secret"));
      assert.equal(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, /^Error: no permission to read .*\nWhy: .*\nNext: .*--api URL/);
    }
    assert.equal((await asVisitor("status", "--api", node.apiUrl)).code, 0);
  });
});
