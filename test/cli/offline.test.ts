/** Signing on a machine without a node: prepared here, signed there, sent from here; and what is refused on the way. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type ApiRig, alice, bob, openApiRig } from "../http/api-rig.ts";
import { aurex, shell } from "../process/shell.ts";
import { LossyWay } from "./lossy-way.ts";
import { type Run, type RunOptions, run } from "./test-terminal.ts";

const aliceAddress = addressOf(alice.publicKey);
const bobAddress = addressOf(bob.publicKey);

describe("a transaction that is signed on another machine", () => {
  let rig: ApiRig;
  let way: LossyWay;
  /** With the key and no node. */
  let cold: string;
  let folder: string;
  let count = 0;
  const file = (name: string) => path.join(folder, name);
  const newFile = () => file(`${count++}.json`);

  before(async () => {
    rig = await openApiRig();
    way = await LossyWay.open(rig.url);
    folder = await mkdtemp(path.join(tmpdir(), "aurex-offline-"));
    cold = file("cold");
    const imported = await run(["keys", "import", "alice", "--data-dir", cold], {
      input: toHex(alice.secretKey.subarray(0, 32)),
    });
    assert.equal(imported.code, 0, imported.stderr);
    await run(["keys", "new", "stranger", "--data-dir", cold]);
  });
  beforeEach(() => {
    way.posted.length = 0;
  });
  after(async () => {
    way.close();
    await rig.close();
    await rm(folder, { recursive: true, force: true });
  });

  const prepare = async (argv: readonly string[], options: RunOptions = {}) => {
    const to = newFile();
    const ran = await run([...argv, "--from", aliceAddress, "--prepare", to, "--api", way.url], options);
    assert.equal(ran.code, 0, ran.stderr);
    return to;
  };
  const sign = async (from: string, flags: readonly string[] = ["--offline"], options: RunOptions = {}) => {
    const to = newFile();
    const argv = ["tx", "sign", from, "--key", "alice", ...flags, "--out", to, "--data-dir", cold];
    return { to, ran: await run(argv, options) };
  };
  const refused = ({ code, stdout, stderr }: Run, why: RegExp) => {
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, why);
    assert.match(stderr, /\nNext: {2}\S/);
  };
  const send = (amount: string) => ["tx", "send", "--to", bobAddress, "--amount", amount];

  it("is prepared by a node's word, signed without one, and sent, as often as one likes", async () => {
    const kinds = [
      [...send("2.5"), "--memo", "from the cold"],
      ["tx", "record", "cold data"],
      ["user", "register", "cold@example.com"],
      ["tx", "issue", "--symbol", "COLD", "--name", "Cold", "--supply", "10", "--decimals", "1"],
    ];
    for (const argv of kinds) {
      const prepared = await prepare(argv);
      const posts = way.posted.length;
      const { to, ran } = await sign(prepared);
      assert.equal(ran.code, 0, ran.stderr);
      assert.equal(way.posted.length, posts, "signing asks no node");
      const id = ran.stdout.trim();
      const broadcast = ["tx", "broadcast", to, "--api", way.url];
      way.fates.push("lose-answer");
      const lost = await run(broadcast);
      refused(lost, new RegExp(`whether the node has the transaction ${id} is not known`));
      for (let times = 0; times < 2; times += 1) {
        const sent = await run([...broadcast, "--json"]);
        assert.deepEqual(JSON.parse(sent.stdout), { id, status: "pending" }, sent.stderr);
      }
      await rig.sealWaiting();
      const waited = await run([...broadcast, "--wait"]);
      assert.match(waited.stdout, new RegExp(`^${id}\ncommitted in block \\d+`));
    }
    const { balance } = await rig.client.account(bobAddress);
    assert.equal(balance, "2.5");
  });

  it("needs no node at all where all is given, through a pipe as well", async () => {
    const { sequence } = await rig.client.account(aliceAddress);
    const chainId = toHex(rig.chain.spec.chainId);
    const all = `--from ${aliceAddress} --chain-id ${chainId} --sequence ${sequence} --fee 0.5 --prepare -`;
    const line = `${aurex} tx send --to ${bobAddress} --amount 1 ${all} | ${aurex} tx sign - --key alice --offline --data-dir '${cold}'`;
    const signed = shell(line);
    assert.equal(signed.code, 0, signed.stderr);
    const sent = await run(["tx", "broadcast", "-", "--json", "--api", way.url], { input: signed.stdout });
    assert.equal(JSON.parse(sent.stdout).id, JSON.parse(signed.stdout).id, sent.stderr);
    const answer = await rig.client.transaction(JSON.parse(sent.stdout).id);
    assert.ok(answer.status === "pending");
    assert.deepEqual([answer.sequence, answer.fee, answer.sender], [sequence, "0.5", aliceAddress]);
    await rig.sealWaiting();
    const offline = [...send("1"), "--from", aliceAddress, "--prepare", "-"];
    refused(await run([...offline, "--chain-id", chainId]), /needs --sequence and --fee/);
    const given = ["--sequence", "1", "--fee", "0"];
    refused(await run([...offline, "--chain-id", "12", ...given]), /is no chain id/);
    const name = ["tx", "send", "--to", "bob@example.com", "--amount", "1", "--from", aliceAddress];
    refused(await run([...name, "--prepare", "-", "--chain-id", chainId, ...given]), /only a node knows who/);
  });

  it("takes another sequence and fee on the cold machine; without --offline the node's next one is named", async () => {
    const { sequence } = await rig.client.account(aliceAddress);
    const prepared = await prepare(send("1"));
    const { to, ran } = await sign(prepared, [
      "--offline",
      "--sequence",
      String(sequence + 1),
      "--fee",
      "0.25",
    ]);
    assert.equal(ran.code, 0, ran.stderr);
    const ahead = await run(["tx", "broadcast", to, "--api", way.url]);
    assert.equal(ahead.code, 0, ahead.stderr);
    const first = await sign(prepared);
    await run(["tx", "broadcast", first.to, "--api", way.url]);
    await rig.sealWaiting();
    assert.equal((await rig.client.account(aliceAddress)).sequence, sequence + 2);
    const late = await sign(prepared, ["--api", way.url, "--fee", "0.75"]);
    assert.equal(late.ran.code, 0, late.ran.stderr);
    assert.match(late.ran.stderr, new RegExp(`the account's next one is ${sequence + 2} by now`));
    refused(await run(["tx", "broadcast", late.to, "--api", way.url]), /the sequence \d+ is used/);
  });

  it("is shown before, with what nobody has proved named as such", async () => {
    const issued = await run([
      "tx",
      "issue",
      "--symbol",
      "GEM",
      "--name",
      "Gem",
      "--supply",
      "9",
      "--decimals",
      "2",
      "--key",
      "alice",
      "--data-dir",
      cold,
      "--api",
      way.url,
    ]);
    await rig.sealWaiting();
    const assetId = issued.stdout.trim();
    const prepared = await prepare(["tx", "send", "--to", bobAddress, "--amount", "1.5", "--asset", assetId]);
    // Whoever passes the file on may change the hints: they decide nothing.
    const json = JSON.parse(readFileSync(prepared, "utf8"));
    writeFileSync(
      prepared,
      JSON.stringify({ ...json, hints: { asset: { symbol: "EVIL\u202e", decimals: 0 } } }),
    );
    const no = await sign(prepared, ["--offline"], { answers: ["no"] });
    refused(no.ran, /nothing was signed/);
    assert.match(no.ran.stderr, /transfer +150 EVIL\\u\{202e\}$/m);
    assert.match(no.ran.stderr, new RegExp(`asset +${assetId}$`, "m"));
    assert.match(no.ran.stderr, /in base units +150; symbol and decimal places are the word of the file/);
    const yes = await sign(prepared, ["--offline"], { answers: ["yes"] });
    await run(["tx", "broadcast", yes.to, "--api", way.url]);
    const shown = await rig.client.transaction(yes.ran.stdout.trim());
    assert.ok(shown.status === "pending" && shown.payload.kind === "transfer");
    assert.deepEqual([shown.payload.symbol, shown.payload.amount], ["GEM", "1.5"]);
    await rig.sealWaiting();
  });

  it("is refused if it is another's, changed, for another chain, or no transaction", async () => {
    const prepared = await prepare(send("1"));
    refused(
      await run(["tx", "sign", prepared, "--key", "stranger", "--offline", "--data-dir", cold]),
      /cannot be signed with the key stranger/,
    );
    const { to } = await sign(prepared);
    const broadcast = (name: string) => run(["tx", "broadcast", name, "--api", way.url]);
    const signed = JSON.parse(readFileSync(to, "utf8"));
    const flip = (hex: string, at: number) =>
      `${hex.slice(0, at)}${hex[at] === "0" ? "1" : "0"}${hex.slice(at + 1)}`;
    const files: [string, unknown, RegExp][] = [
      ["unsigned", readFileSync(prepared, "utf8"), /it is not signed yet/],
      ["bytes", { ...signed, bytes: flip(signed.bytes, 80) }, /its id is that of other bytes/],
      ["signature", { ...signed, bytes: flip(signed.bytes, 240) }, /signature|other bytes|no transaction/],
      ["cut", { ...signed, bytes: signed.bytes.slice(0, -2) }, /other bytes|no transaction/],
      ["chain", { ...signed, chainId: "11".repeat(32) }, /other bytes|signature/],
      ["text", "hello", /not JSON/],
      ["list", [], /no JSON object|not a JSON object/],
      ["type", { ...signed, type: "x" }, /no file with a signed transaction/],
      ["version", { ...signed, version: 2 }, /version is 2/],
      ["large", `"${"x".repeat(40_000)}"`, /larger than any transaction/],
    ];
    for (const [name, content, why] of files) {
      writeFileSync(file(name), typeof content === "string" ? content : JSON.stringify(content));
      refused(await broadcast(file(name)), why);
    }
    refused((await sign(to)).ran, /it is signed already/);
    refused(await broadcast(file("none")), /ENOENT/);
    refused(
      await run(["tx", "sign", prepared, "--key", "alice", "--offline", "--out", to, "--data-dir", cold]),
      /is there already/,
    );
    const other = await openApiRig({ minimumFee: "1" });
    refused(await run(["tx", "broadcast", to, "--api", other.url]), /for another chain/);
    await other.close();
    assert.deepEqual(way.posted, [], "none of them was sent");
    refused(await run([...send("1"), "--api", way.url]), /nobody is named to sign/);
    refused(
      await run([...send("1"), "--from", aliceAddress, "--key", "alice", "--api", way.url]),
      /--from goes with --prepare/,
    );
    refused(
      await run([...send("1"), "--prepare", "-", "--from", "aurex1x", "--api", way.url]),
      /is no address/,
    );
  });

  it("is signed by the lines that help prints", async () => {
    const lines = [
      `aurex-node tx send --from ${aliceAddress} --to bob@example.com --amount 3 --prepare unsigned.json`,
      "aurex-node tx sign unsigned.json --key alice --offline --out signed.json",
      "aurex-node tx sign unsigned.json --key alice --sequence 8 --fee 0.1 --offline > signed-8.json",
      "aurex-node tx broadcast signed.json",
    ];
    await rig.client.submit(
      rig.sign({ kind: "registerUser", name: Buffer.from("bob@example.com") }, bob).bytes,
    );
    await rig.sealWaiting();
    for (const line of lines) {
      // The shell stands still meanwhile, and with it this process and its node: each line is one of its own.
      const argv = (line.split(" > ")[0] as string)
        .split(" ")
        .slice(1)
        .map((word) => word.replace(/^(?:un)?signed\.json$/, file));
      const place = argv[1] === "sign" ? ["--data-dir", cold] : ["--api", way.url];
      const ran = await run([...argv, ...place]);
      assert.equal(ran.code, 0, `${line}: ${ran.stderr}`);
    }
    await rig.sealWaiting();
    assert.match(
      (await run(["tx", "broadcast", file("signed.json"), "--wait", "--api", way.url])).stdout,
      /^committed/m,
    );
  });
});
