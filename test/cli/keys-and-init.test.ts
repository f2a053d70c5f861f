/** Commands that need no node: keys, and the chain spec of a new chain. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { chainSpecFromJson } from "../../src/protocol/chain-spec-json.ts";
import { addressOf, nodeIdOf } from "../../src/protocol/identity.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { run } from "./test-terminal.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "aurex-cli-"));
});
after(() => rm(folder, { recursive: true, force: true }));

describe("keys", () => {
  it("makes a key, shows it, lists it, and never makes it twice", async () => {
    const dataDir = path.join(folder, "plain");
    const made = await run(["keys", "new", "alice", "--data-dir", dataDir, "--json"]);
    assert.equal(made.code, 0);
    const { address, publicKey, encrypted } = JSON.parse(made.stdout);
    assert.equal(address, addressOf(Buffer.from(publicKey, "hex")));
    assert.equal(encrypted, false);
    const shown = await run(["keys", "show", "alice", "--data-dir", dataDir]);
    assert.match(shown.stdout, new RegExp(`^address +${address}$`, "m"));
    const listed = await run(["keys", "list", "--data-dir", dataDir]);
    assert.equal(listed.stdout, `alice  ${address}\n`);
    const again = await run(["keys", "new", "alice", "--data-dir", dataDir]);
    assert.equal(again.code, 7);
    assert.match(again.stderr, /never overwritten/);
    assert.deepEqual(JSON.parse((await run(["keys", "list", "--json", "--data-dir", dataDir])).stdout), [
      { name: "alice", address, publicKey, encrypted: false },
    ]);
  });

  it("encrypts with AUREX_PASSPHRASE, or with what a person answers", async () => {
    const dataDir = path.join(folder, "secret");
    const place = ["--data-dir", dataDir, "--json"];
    const byVariable = await run(["keys", "new", "a", ...place], {
      environment: { AUREX_PASSPHRASE: "open sesame" },
    });
    assert.equal(JSON.parse(byVariable.stdout).encrypted, true);
    const asked = await run(["keys", "new", "b", ...place], { answers: ["one", "one"] });
    assert.equal(JSON.parse(asked.stdout).encrypted, true);
    const none = await run(["keys", "new", "c", ...place], { answers: [""] });
    assert.equal(JSON.parse(none.stdout).encrypted, false);
    const differing = await run(["keys", "new", "d", ...place], { answers: ["one", "two"] });
    assert.equal(differing.code, 7);
    assert.match(differing.stderr, /passphrases differ/);
    const { stdout } = await run(["keys", "list", ...place]);
    assert.deepEqual(
      JSON.parse(stdout).map(({ name }: { name: string }) => name),
      ["a", "b", "c"],
    );
  });

  it("says what to do about a key that is not there, with 7", async () => {
    const { code, stderr } = await run(["keys", "show", "nobody", "--data-dir", folder]);
    assert.equal(code, 7);
    assert.match(stderr, /aurex-node keys new nobody/);
  });

  it("makes the node's own key before its first start, once", async () => {
    const dataDir = path.join(folder, "node");
    const first = await run(["keys", "node", "--data-dir", dataDir, "--json"]);
    const { address, publicKey, nodeId } = JSON.parse(first.stdout);
    assert.equal(nodeId, nodeIdOf(Buffer.from(publicKey, "hex")));
    assert.equal(
      JSON.parse((await run(["keys", "node", "--data-dir", dataDir, "--json"])).stdout).address,
      address,
    );
    assert.equal((await stat(path.join(dataDir, "node.key.json"))).mode & 0o777, 0o600);
  });
});

describe("init", () => {
  const keys = [1, 2].map((byte) => keyPairFromSeed(new Uint8Array(32).fill(byte)).publicKey);
  const [first, second] = keys.map((key) => addressOf(key)) as [string, string];

  it("writes a Proof of Authority spec that a node reads, keys in either form", async () => {
    const out = path.join(folder, "poa.json");
    const argv = [
      "init",
      "--consensus",
      "poa",
      "--out",
      out,
      "--json",
      "--name",
      "lab",
      "--minimum-fee",
      "0.01",
    ];
    const made = await run([
      ...argv,
      ...["--authority", first, Buffer.from(keys[1] as Uint8Array).toString("hex")],
      ...["--allocation", `${first}=1000.5`, "--allocation", `${second}=1`],
    ]);
    assert.equal(made.code, 0, made.stderr);
    const spec = chainSpecFromJson(await readFile(out, "utf8"));
    assert.ok(spec.ok);
    const { chainId, authorities } = JSON.parse(made.stdout);
    assert.equal(chainId, Buffer.from(spec.value.chainId).toString("hex"));
    assert.deepEqual([...authorities].sort(), [first, second].sort());
    assert.equal(spec.value.name, "lab");
    assert.equal(spec.value.genesis.minimumFee, 1_000_000n);
    assert.equal(
      spec.value.genesis.allocations.reduce((sum, { amount }) => sum + amount, 0n),
      100_150_000_000n,
    );
    const again = await run([...argv, "--authority", first]);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /never overwritten/);
  });

  it("writes a Proof of Work spec, each its own chain", async () => {
    const ids = new Set<string>();
    for (const name of ["a", "b"]) {
      const out = path.join(folder, `${name}.json`);
      const { code, stdout } = await run([
        "init",
        "--consensus",
        "pow",
        "--difficulty",
        "3",
        "--out",
        out,
        "--json",
      ]);
      assert.equal(code, 0);
      ids.add(JSON.parse(stdout).chainId);
      assert.equal(JSON.parse(await readFile(out, "utf8")).difficulty, 3);
    }
    assert.equal(ids.size, 2);
  });

  it("has a flag for everything that a chain spec can say", async () => {
    const time = "2026-01-02T03:04:05.006Z";
    const both: [string, string, string, unknown][] = [
      ["--name", "lab", "name", "lab"],
      ["--minimum-fee", "0.5", "minimumFee", "0.5"],
      ["--block-reward", "7", "blockReward", "7"],
      ["--halving", "100", "halvingIntervalBlocks", 100],
      ["--reward-maturity", "3", "rewardMaturityBlocks", 3],
      ["--block-bytes", "65536", "blockBytesMax", 65_536],
      ["--block-transactions", "64", "blockTransactionsMax", 64],
      ["--timestamp", time, "timestamp", time],
      ["--salt", "ab".repeat(32), "salt", "ab".repeat(32)],
      ["--allocation", `${first}=2`, "allocations", { [first]: "2" }],
    ];
    const of = {
      pow: [
        ["--difficulty", "3", "difficulty", 3],
        ["--block-time", "10s", "targetBlockTimeMs", 10_000],
        ["--minimum-interval", "500ms", "minimumIntervalMs", 500],
        ["--retarget-half-life", "2m", "retargetHalfLifeMs", 120_000],
      ],
      poa: [
        ["--authority", second, "authorities", [second]],
        ["--period", "1s", "periodMs", 1_000],
        ["--step", "250ms", "stepMs", 250],
        ["--heartbeat", "1m", "heartbeatMs", 60_000],
        ["--admission", "open-lan", "admission", "open-lan"],
        ["--join-window", "2h", "joinWindowMs", 7_200_000],
      ],
    } as const;
    for (const consensus of ["pow", "poa"] as const) {
      const ids = new Set<string>();
      for (const attempt of [1, 2]) {
        const out = path.join(folder, `full-${consensus}-${attempt}.json`);
        const given = [...both, ...of[consensus]];
        const flags = given.map(([flag, value]) => `${flag}=${value}`);
        const made = await run(["init", "--consensus", consensus, "--out", out, "--json", ...flags]);
        assert.equal(made.code, 0, made.stderr);
        ids.add(JSON.parse(made.stdout).chainId);
        const written = JSON.parse(await readFile(out, "utf8"));
        const expected = Object.fromEntries(given.map(([, , field, value]) => [field, value]));
        // Every field of the file was given by a flag: a new field of the spec needs one, too.
        assert.deepEqual(written, { consensus, ...expected });
      }
      assert.equal(ids.size, 1, "the same flags, time and salt give the same chain");
    }
  });

  it("gives open-lan an hour, as a node that founds a network does", async () => {
    const out = path.join(folder, "open-lan.json");
    const argv = [
      "init",
      "--consensus",
      "poa",
      "--authority",
      first,
      "--admission",
      "open-lan",
      "--out",
      out,
    ];
    assert.equal((await run(argv)).code, 0);
    assert.equal(JSON.parse(await readFile(out, "utf8")).joinWindowMs, 3_600_000);
  });

  const wrong: [argv: string[], what: RegExp][] = [
    [["--consensus", "pos"], /--consensus pos is not known/],
    [["--consensus", "poa"], /needs --authority/],
    [["--consensus", "poa", "--authority", `${first}x`], /is no key/],
    [["--consensus", "poa", "--authority", first, first], /--authority names aurex1\S+ twice/],
    [["--consensus", "pow", "--authority", first], /--authority does not belong to pow/],
    [["--consensus", "pow", "--difficulty", "5"], /[Mm]ust be a whole number from 1 to 4/],
    [["--consensus", "pow", "--allocation", first], /is no allocation/],
    [["--consensus", "pow", "--allocation", `${first}=1`, `${first}=2`], /twice/],
    [["--consensus", "pow", "--allocation", `${first}=-1`], /not a decimal number/],
    [["--consensus", "pow", "--period", "1s"], /--period does not belong to pow/],
    [
      ["--consensus", "poa", "--authority", first, "--block-time", "1s"],
      /--block-time does not belong to poa/,
    ],
    [["--consensus", "poa", "--authority", first, "--period", "2"], /must be a duration such as 90s/],
    [["--consensus", "poa", "--authority", first, "--admission", "all"], /must be vote, open-lan or token/],
    [["--consensus", "pow", "--salt", "12"], /--salt must be 64 hex digits/],
    [["--consensus", "pow", "--timestamp", "soon"], /--timestamp must be a time/],
    [
      ["--consensus", "pow", "--block-time", "10s", "--retarget-half-life", "1s"],
      /--retarget-half-life must not/,
    ],
    [["--consensus", "pow", "--name", "My Chain"], /name must be lower-case/],
  ];
  for (const [argv, what] of wrong) {
    it(`refuses ${argv.join(" ").replaceAll(first, "ADDRESS")}`, async () => {
      const out = path.join(folder, "wrong.json");
      const { code, stderr } = await run(["init", "--out", out, ...argv]);
      assert.equal(code, 2);
      assert.match(stderr, what);
      await assert.rejects(stat(out), { code: "ENOENT" });
    });
  }
});
