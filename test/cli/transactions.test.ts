/** Commands that talk to a node, against the API of a real chain in this process. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { addressOf } from "../../src/protocol/identity.ts";
import { createKey } from "../../src/wallet/keystore.ts";
import { type ApiRig, alice, authority, openApiRig } from "../http/api-rig.ts";
import { type Run, run } from "./test-terminal.ts";

const aliceAddress = addressOf(alice.publicKey);

describe("commands over the API", () => {
  let rig: ApiRig;
  let dataDir: string;
  let place: string[];

  before(async () => {
    rig = await openApiRig();
    dataDir = await mkdtemp(path.join(tmpdir(), "aurex-cli-"));
    place = ["--data-dir", dataDir, "--api", rig.url];
    await keepKey(dataDir, "alice", alice.secretKey.subarray(0, 32));
    await createKey(dataDir, "bob");
  });
  after(async () => {
    await rig.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** Runs a command that waits for its transaction, and seals as soon as that has come. */
  async function committed(...argv: string[]): Promise<Run> {
    const arrived = once(rig.mempool.events, "added");
    const running = run([...argv, ...place, "--wait"]);
    await Promise.race([arrived, running]);
    if (rig.mempool.hasReady()) await rig.sealWaiting();
    return running;
  }

  it("status shows the node, for people and programs", async () => {
    const people = await run(["status", ...place]);
    assert.equal(people.code, 0);
    assert.match(people.stdout, /^role +authority$/m);
    assert.match(people.stdout, new RegExp(`^authorities +${addressOf(authority.publicKey)}$`, "m"));
    const programs = await run(["status", "--json", ...place]);
    assert.equal(JSON.parse(programs.stdout).head.hash, rig.chain.head.hashHex);
  });

  it("registers a name, sends to it, issues an asset and sends that, each waited for", async () => {
    const registered = await committed("user", "register", "Alice@Example.com", "--key", "alice");
    assert.equal(registered.code, 0, registered.stderr);
    assert.match(registered.stdout, /^[0-9a-f]{64}\ncommitted in block 1 [0-9a-f]{64}\n$/);
    const bob = JSON.parse((await run(["keys", "show", "bob", "--data-dir", dataDir, "--json"])).stdout);
    const funded = await committed("tx", "send", "--key", "alice", "--to", bob.address, "--amount", "10.5");
    assert.equal(funded.code, 0, funded.stderr);
    assert.equal((await rig.client.account(bob.address)).balance, "10.5");
    const back = await committed(
      ...["tx", "send", "--key", "bob", "--to", "alice@example.com", "--amount", "0.5", "--memo", "thanks"],
      "--json",
    );
    const { id, status, block } = JSON.parse(back.stdout);
    assert.equal(status, "committed");
    const shown = await run(["tx", "show", id, ...place]);
    assert.match(shown.stdout, new RegExp(`^block +${block.height} ${block.hash}$`, "m"));
    assert.match(shown.stdout, /^toName +alice@example\.com$/m);
    assert.match(shown.stdout, /^memo +thanks$/m);
    const issued = await committed(
      ...["tx", "issue", "--key", "alice", "--symbol", "GOLD", "--name", "Gold grams"],
      ...["--supply", "1000", "--decimals", "3"],
    );
    const assetId = issued.stdout.split("\n")[0] ?? "";
    const gold = await committed(
      ...["tx", "send", "--key", "alice", "--to", bob.address, "--amount", "1.25", "--asset", assetId],
    );
    assert.equal(gold.code, 0, gold.stderr);
    assert.deepEqual(
      (await rig.client.account(bob.address)).assets.map(({ symbol, balance }) => [symbol, balance]),
      [["GOLD", "1.25"]],
    );
    const tooFine = await run([
      ...["tx", "send", "--key", "alice", "--to", bob.address, "--amount", "0.0001", "--asset", assetId],
      ...place,
    ]);
    assert.equal(tooFine.code, 2);
    assert.match(tooFine.stderr, /3 decimal places/);
  });

  it("records data, one after the other without waiting, and shows what waits", async () => {
    const ids: string[] = [];
    for (const text of ["one", "two"]) {
      const { code, stdout } = await run(["tx", "record", text, "--key", "bob", ...place]);
      assert.equal(code, 0);
      ids.push(stdout.trim());
    }
    const shown = await run(["tx", "show", ids[1] ?? "", "--json", ...place]);
    assert.equal(JSON.parse(shown.stdout).status, "pending");
    await rig.sealWaiting();
    for (const id of ids) assert.equal((await rig.client.transaction(id)).status, "committed");
  });

  it("of many commands with one key at once all are taken, whatever they pay, and none replaces another", async () => {
    for (const fees of [["0", "0", "0", "0", "0"], Array.from({ length: 18 }, (_, index) => `0.0${index}`)]) {
      const sent = await Promise.all(
        fees.map((fee, index) =>
          run(["tx", "record", `${index}`, "--key", "alice", "--fee", fee, "--json", ...place]),
        ),
      );
      const ids = sent.map(({ code, stdout, stderr }) => {
        assert.equal(code, 0, stderr);
        return JSON.parse(stdout).id as string;
      });
      assert.equal(new Set(ids).size, fees.length);
      await rig.sealWaiting();
      for (const id of ids) assert.equal((await rig.client.transaction(id)).status, "committed");
    }
  });

  it("--sequence replaces what waits with it, for the fee that this takes, and says so", async () => {
    const before = await run(["tx", "record", "first", "--key", "alice", "--fee", "1", "--json", ...place]);
    const { id } = JSON.parse(before.stdout);
    const { sequence } = await rig.client.account(aliceAddress);
    const at = ["--sequence", String(sequence), "--key", "alice"];
    const tooCheap = await run(["tx", "record", "second", ...at, "--fee", "1.05", ...place]);
    assert.equal(tooCheap.code, 2);
    assert.match(tooCheap.stderr, /to replace it takes a fee of 1\.1 AUR, this pays 1\.05 AUR/);
    const replacing = await run(["tx", "record", "second", ...at, ...place]);
    assert.equal(replacing.code, 0, replacing.stderr);
    assert.match(replacing.stderr, new RegExp(`it replaces ${id}, for a fee of 1\\.1 AUR`));
    const gone = await run(["tx", "show", id, ...place]);
    assert.match(gone.stdout, /^status +dropped$/m);
    assert.match(gone.stdout, new RegExp(`took its sequence: ${replacing.stdout.trim()}`));
    // A sequence that is free needs no more than the minimum.
    const ahead = await run([
      ...["tx", "record", "ahead", "--key", "alice", "--sequence", String(sequence + 2)],
      ...["--json", ...place],
    ]);
    assert.equal(ahead.code, 0, ahead.stderr);
    const shown = await run(["tx", "show", JSON.parse(ahead.stdout).id, ...place]);
    assert.match(
      shown.stdout,
      new RegExp(`^status +pending, waits for sequence ${sequence + 1}, which is missing$`, "m"),
    );
    const late = await run(["tx", "record", "ahead", "--key", "alice", ...place]);
    assert.equal(late.code, 0, late.stderr);
    await rig.sealWaiting();
    assert.equal((await rig.client.transaction(JSON.parse(ahead.stdout).id)).status, "committed");
    const used = await run(["tx", "record", "late", ...at, ...place]);
    assert.equal(used.code, 2);
    assert.match(used.stderr, /the sequence \d+ is used/);
  });

  it("takes back what waits, and says when it is too late or somebody else's", async () => {
    const bobs = await run(["tx", "record", "of bob", "--key", "bob", "--json", ...place]);
    const sent = await run([
      ...["tx", "send", "--key", "alice", "--to", "alice@example.com", "--amount", "5", "--fee", "0.5"],
      ...["--json", ...place],
    ]);
    const { id } = JSON.parse(sent.stdout);
    const stranger = await run(["tx", "cancel", JSON.parse(bobs.stdout).id, "--key", "alice", ...place]);
    assert.equal(stranger.code, 2);
    assert.match(stranger.stderr, /cannot be replaced with the key alice/);
    const cancelled = await run(["tx", "cancel", id, "--key", "alice", "--json", ...place]);
    assert.equal(cancelled.code, 0, cancelled.stderr);
    const answer = JSON.parse(cancelled.stdout);
    assert.equal(answer.replaces, id);
    assert.equal((await rig.client.transaction(id)).status, "dropped");
    const again = await run(["tx", "cancel", id, "--key", "alice", ...place]);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /there is nothing to cancel or replace/);
    const before = BigInt((await rig.client.account(aliceAddress)).balanceUnits);
    await rig.sealWaiting();
    const replaced = await rig.client.transaction(answer.id);
    assert.ok(replaced.status === "committed");
    assert.equal(replaced.fee, "0.55");
    const { balanceUnits } = await rig.client.account(aliceAddress);
    assert.equal(
      before - BigInt(balanceUnits),
      BigInt(replaced.feeUnits),
      "it costs the fee, and nothing else",
    );
    const late = await run(["tx", "cancel", answer.id, "--key", "alice", ...place]);
    assert.equal(late.code, 2);
    assert.match(late.stderr, /it is too late to cancel or replace/);
    const unknown = await run(["tx", "cancel", "0".repeat(64), "--key", "alice", ...place]);
    assert.match(unknown.stderr, /there is no transaction/);
  });

  it("lists and shows blocks", async () => {
    const listed = await run(["chain", "list", "--from", "1", "--limit", "1", ...place]);
    const { hash } = await rig.client.block("1");
    assert.match(listed.stdout, new RegExp(`^ *1 +${hash.slice(0, 16)}… `, "m"));
    const wide = await run(["chain", "list", "--from", "1", "--limit", "1", "--wide", ...place]);
    assert.match(wide.stdout, new RegExp(`^ *1 +${hash} `, "m"));
    const shown = await run(["chain", "show", ...place]);
    assert.match(shown.stdout, new RegExp(`^hash +${rig.chain.head.hashHex}$`, "m"));
    assert.match(shown.stdout, /^signature +SIG_/m);
    const json = await run(["chain", "show", "0", "--json", ...place]);
    assert.equal(JSON.parse(json.stdout).height, 0);
  });

  it("shows what others wrote without letting it at the terminal", async () => {
    const memo = "\u001b[2J\u202ethanks\nstatus  committed";
    const sent = await run([
      "tx",
      "send",
      "--key",
      "alice",
      "--to",
      aliceAddress,
      "--amount",
      "1",
      "--memo",
      memo,
      ...place,
    ]);
    assert.equal(sent.code, 0, sent.stderr);
    const shown = await run(["tx", "show", sent.stdout.trim(), ...place]);
    assert.match(shown.stdout, /^memo +\\u\{1b\}\[2J\\u\{202e\}thanks$/m);
    assert.equal(shown.stdout.match(/^status/gm)?.length, 1);
    for (const hidden of ["\u001b", "\u202e"]) assert.ok(!shown.stdout.includes(hidden));
    await rig.sealWaiting();
  });

  it("gives up waiting after --timeout, with the id and what to look at", async () => {
    const { code, stdout, stderr } = await run([
      ...["tx", "record", "late", "--key", "alice", "--wait", "--timeout", "0"],
      ...place,
    ]);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`aurex-node tx show ${stdout.trim()}`));
    await rig.sealWaiting();
  });

  const refused: [argv: string[], code: number, what: RegExp][] = [
    [
      ["tx", "send", "--key", "alice", "--to", "nobody@example.com", "--amount", "1"],
      2,
      /no account named nobody/,
    ],
    [["tx", "send", "--key", "alice", "--to", `${aliceAddress}q`, "--amount", "1"], 2, /is no address/],
    [
      ["tx", "send", "--key", "alice", "--to", aliceAddress, "--amount", "1e3"],
      2,
      /--amount 1e3 is no amount/,
    ],
    [["tx", "send", "--key", "alice", "--to", aliceAddress, "--amount", "0"], 2, /amount cannot be used/],
    [["tx", "send", "--key", "alice", "--to", aliceAddress, "--amount", "99999999"], 2, /needs 99999999 AUR/],
    [["tx", "send", "--key", "carol", "--to", aliceAddress, "--amount", "1"], 7, /there is no key carol/],
    [["tx", "record", "", "--key", "alice"], 2, /data cannot be used/],
    [["user", "register", "aurex1alice", "--key", "alice"], 2, /looks like an address/],
    [["tx", "show", "0".repeat(64)], 2, /there is no transaction/],
    [["tx", "show", "12"], 2, /the node refused/],
    [["chain", "show", "99999"], 2, /there is no block 99999/],
    [["chain", "list", "--limit", "101"], 2, /'101' is invalid. It must be a whole number from 1 to 100/],
  ];
  for (const [argv, code, what] of refused) {
    it(`says why: ${argv.join(" ").replaceAll(aliceAddress, "ADDRESS").slice(0, 70)}`, async () => {
      const answered = await run([...argv, ...place]);
      assert.equal(answered.code, code, answered.stderr);
      assert.match(answered.stderr, what);
      assert.match(answered.stderr, /\nNext: {2}\S/);
      assert.doesNotMatch(answered.stderr, /\n {4}at /);
    });
  }

  it("opens an encrypted key with the right passphrase alone", async () => {
    await createKey(dataDir, "dora", "correct");
    const argv = ["tx", "record", "x", "--key", "dora", ...place];
    assert.equal((await run(argv, { environment: { AUREX_PASSPHRASE: "correct" } })).code, 0);
    assert.equal((await run(argv, { answers: ["correct", "yes"] })).code, 0);
    assert.equal((await run(argv, { environment: { AUREX_PASSPHRASE: "wrong" } })).code, 7);
    const closed = await run(argv);
    assert.equal(closed.code, 7);
    assert.match(closed.stderr, /set AUREX_PASSPHRASE/);
    await rig.sealWaiting();
  });
});

describe("without a node", () => {
  it("a command says what does not answer and what to do", async () => {
    const rig = await openApiRig();
    await rig.close();
    const { code, stdout, stderr } = await run(["status", "--api", rig.url]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, new RegExp(`^Error: no node answers at ${rig.url}\nWhy: .*ECONNREFUSED`));
    assert.match(stderr, /\nNext: .*aurex-node status/);
  });
});

/** A key of a known seed, as the keystore would have stored it without a passphrase. */
async function keepKey(dataDir: string, name: string, seed: Uint8Array): Promise<void> {
  const { encodeKeyFile, makeKeyFile } = await import("../../src/wallet/key-file.ts");
  await mkdir(path.join(dataDir, "keys"), { recursive: true, mode: 0o700 });
  const file = await makeKeyFile(name, Buffer.from(seed));
  await writeFile(path.join(dataDir, "keys", `${name}.json`), encodeKeyFile(file), { mode: 0o600 });
}
