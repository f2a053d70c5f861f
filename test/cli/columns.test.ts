/** What people read fits the columns of their terminal; what they copy stays whole. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import stringWidth from "string-width";
import { toHex } from "../../src/base/bytes.ts";
import { durationText } from "../../src/base/duration-text.ts";
import { startText, statusText } from "../../src/cli/status-line.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type ApiRig, alice, authority, bob, openApiRig } from "../http/api-rig.ts";
import { candidateAddress, type DeskRig, openDeskRig } from "../http/rig-desk.ts";
import { run } from "./test-terminal.ts";

/** Lines that could have been broken: a signature of 250 letters cannot, or nobody could copy it. */
function tooLong(text: string, columns: number): string[] {
  const unbroken = (line: string) => /^ *(?:[a-z ]+ {2,})?\S{60,}$/.test(line);
  return text.split("\n").filter((line) => stringWidth(line) > columns && !unbroken(line));
}

describe("what commands print", () => {
  let rig: ApiRig;
  let desk: DeskRig;
  before(async () => {
    rig = await openApiRig();
    desk = await openDeskRig(authority);
    desk.candidateAsks();
    const memo = new Uint8Array(0);
    const payload = {
      kind: "transfer",
      to: bob.publicKey,
      assetId: new Uint8Array(32),
      amount: 5n,
      memo,
    } as const;
    assert.ok((await rig.mempool.add(rig.sign(payload, alice))).ok);
    await rig.sealWaiting();
  });
  after(async () => {
    await rig.close();
    await desk.close();
  });

  const commands: readonly (readonly string[])[] = [
    ["status"],
    ["chain", "list"],
    ["chain", "show", "1"],
    ["peers"],
    ["account"],
    ["account", addressOf(alice.publicKey)],
  ];
  for (const columns of [80, 132]) {
    for (const argv of commands) {
      it(`${argv.join(" ").slice(0, 30)} fits ${columns} columns`, async () => {
        const { code, stdout, stderr } = await run([...argv, "--api", rig.url], { columns });
        assert.equal(code, 0, stderr);
        assert.notEqual(stdout, "");
        assert.deepEqual(tooLong(stdout, columns), []);
      });
    }
    it(`authority list fits ${columns} columns, with whole addresses`, async () => {
      const { stdout } = await run(["authority", "list", "--api", desk.url], { columns });
      assert.deepEqual(tooLong(stdout, columns), []);
      assert.ok(stdout.includes(candidateAddress));
    });
  }

  it("--wide shows whole hashes", async () => {
    const { stdout } = await run(["chain", "list", "--wide", "--api", rig.url], { columns: 80 });
    assert.ok(stdout.includes(rig.chain.head.hashHex));
  });

  it("peers lists the bootstrap addresses, each with its last error", async () => {
    const address = "/ip4/127.0.0.1/tcp/1";
    const failed = await openApiRig({
      status: {
        bootstrap: [{ address, connected: false, peerId: null, error: "connection refused", failedAtMs: 1 }],
      },
    });
    const { stdout } = await run(["peers", "--api", failed.url]);
    assert.match(
      stdout,
      /^Bootstrap addresses\n {2}\/ip4\/127\.0\.0\.1\/tcp\/1 not connected: connection refused/m,
    );
    const { stdout: json } = await run(["peers", "--json", "--api", failed.url]);
    assert.equal(JSON.parse(json).bootstrap[0].address, address);
    await failed.close();
  });

  it("account names what an account has waiting", async () => {
    const record = { kind: "record", data: Uint8Array.of(1) } as const;
    assert.ok((await rig.mempool.add(rig.sign(record, alice, { sequence: 1 }))).ok);
    const { stdout } = await run(["account", toHex(alice.publicKey), "--api", rig.url]);
    assert.match(stdout, /^waiting +1 transaction; the next sequence is 2$/m);
    assert.match(stdout, new RegExp(`^address +${addressOf(alice.publicKey)}$`, "m"));
  });

  it("account says what it knows nothing of", async () => {
    const { code, stderr } = await run(["account", "nobody@example.com", "--api", rig.url]);
    assert.equal(code, 2);
    assert.match(stderr, /there is no account named nobody@example\.com[\s\S]*Next: {2}\S/);
  });

  it("the status line never wraps, and an idle node does not read like a fault", async () => {
    const status = {
      ...(await rig.client.node()),
      sealing: "idle",
      notSealingBecause: "nothing to seal",
    } as const;
    const long = {
      ...status,
      head: { ...status.head, height: 123_456_789 },
      final: { height: 123_456_788, hash: status.head.hash },
      peers: 87,
      mempool: 49_321,
      hashesPerSecond: 123_456_789,
      hashesTried: 98_765_432_100,
    };
    for (const shown of [status, long]) {
      for (const columns of [80, 60, 40]) {
        const line = statusText(shown, columns);
        assert.ok(stringWidth(line) <= columns, line);
        assert.match(line, / idle$/);
        assert.ok(!line.includes("not sealing"));
      }
    }
    const blocked = statusText({ ...long, sealing: "blocked", notSealingBecause: "clock off" }, 80);
    assert.match(blocked, /not sealing: clock off$/);
  });

  it("the lines of a start fit, too", async () => {
    const status = await rig.client.node();
    const addresses = [`/ip4/192.168.100.200/tcp/13246/p2p/${status.nodeId}`];
    const text = startText(status, { apiUrl: rig.url, addresses, dataDir: "/home/someone/.aurex/aurex/poa" });
    assert.deepEqual(tooLong(text, 80), []);
    assert.match(text, /^ {2}listens {2}\/ip4\/192\.168\.100\.200\/tcp\/13246$/m);
  });
});

it("durations are said in their two largest units", () => {
  const said = [0, 999, 3_000, 250_000, 3_600_000, 7_140_000, 183_600_000].map(durationText);
  assert.deepEqual(said, ["0 s", "0 s", "3 s", "4 min 10 s", "1 h", "1 h 59 min", "2 d 3 h"]);
});
