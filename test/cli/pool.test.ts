/** `aurex-node pool`: what it refuses, and what it shows of a pool that runs in this process with a member at work. */
import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import type { PoolAnswer } from "../../src/api/mining.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { memberText } from "../../src/cli/pool.ts";
import { openPoolMiner } from "../../src/node/pool-miner.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { keyPairNamed } from "../chain/block-builder.ts";
import { powSpec, quietOptions, startNode, temporaryFolder } from "../node/node-rig.ts";
import { until } from "../support/patience.ts";
import { run } from "./test-terminal.ts";

const account = addressOf(keyPairNamed("member").publicKey);

describe("aurex-node pool join", () => {
  const cases: readonly [string, readonly string[], RegExp][] = [
    [
      "without an account",
      ["/ip4/127.0.0.1/tcp/1"],
      /^Error: required option '--account <address>' not specified/,
    ],
    [
      "to nowhere",
      ["node.example.com", "--account", account],
      /^Error: node\.example\.com is no address of a pool\nWhy: {3}it must be a multiaddr/,
    ],
    ["by UDP", ["/ip4/127.0.0.1/udp/1", "--account", account], /is no address of a pool/],
    [
      "for no address",
      ["/ip4/127.0.0.1/tcp/1", "--account", "alice@example.com"],
      /^Error: alice@example\.com is no address/,
    ],
    [
      "with no thread",
      ["/ip4/127.0.0.1/tcp/1", "--account", account, "--threads", "0"],
      /auto or a whole number from 1 to 256/,
    ],
  ];
  for (const [what, argv, said] of cases) {
    it(`refuses ${what}`, async () => {
      const { code, stdout, stderr } = await run(["pool", "join", ...argv]);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, said);
      assert.match(stderr, /\nNext: {2}\S/);
    });
  }
});

describe("aurex-node pool show", () => {
  it("shows members, shares, and what was earned, what is immature, paid and owed", async (t) => {
    const folder = await temporaryFolder(t);
    const node = await startNode(t, {
      ...quietOptions(path.join(folder, "server"), powSpec("11", { blockReward: "5" })),
      mine: true,
      mineThreads: 0,
      mineEmptyBlocks: true,
      apiPort: 0,
      pool: {
        listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
        feePercent: 1,
        payoutMinimumUnits: 100_000_000n,
        payoutEveryBlocks: 1_000,
      },
    });
    const show = (...flags: string[]) => run(["pool", "show", "--api", node.apiUrl ?? "", ...flags]);
    const asked = async () => JSON.parse((await show("--json")).stdout) as PoolAnswer;
    const empty = await show();
    assert.equal(empty.code, 0, empty.stderr);
    assert.match(empty.stdout, /^fee +1 %$/m);
    assert.match(empty.stdout, /^members +0, 0 connections$/m);
    const [pool = ""] = (await asked()).addresses;
    const member = await openPoolMiner(
      { pool, account, threads: 1 },
      { clock: systemClock, logger: silentLogger },
    );
    t.after(() => member.stop());
    await member.start();
    await until("the member has found a block", async () => (await asked()).blocksFound > 0);
    const answer = await asked();
    assert.equal(answer.sessions, 1);
    assert.deepEqual(
      answer.members.map(({ address }) => address),
      [account],
    );
    assert.ok(Number(answer.due) > 0 && Number(answer.due) <= 4.95 * (answer.blocksFound + 1), answer.due);
    assert.equal(answer.earned, answer.due, "the old name of the same figure");
    assert.deepEqual([answer.paid, answer.owed], ["0", answer.earned]);
    const [row] = answer.members;
    assert.deepEqual([row?.earned, row?.paid, row?.owed], [row?.due, "0", row?.due]);
    const narrow = await show();
    assert.match(narrow.stdout, /^ *member +accepted +hash rate +earned +immature +paid +owed$/m);
    for (const line of narrow.stdout.slice(narrow.stdout.indexOf("  member")).split("\n")) {
      assert.ok(line.length <= 80, line);
    }
    const shown = await show("--wide");
    assert.match(shown.stdout, new RegExp(`^ *${account} +[\\d,]+ +[\\d,]+ `, "m"));
    assert.match((await run(["status", "--api", node.apiUrl ?? ""])).stdout, /^pool +1 member connected, /m);
  });

  it("says how to serve one where there is none", async (t) => {
    const folder = await temporaryFolder(t);
    const node = await startNode(t, { ...quietOptions(path.join(folder, "plain"), powSpec()), apiPort: 0 });
    const { code, stderr } = await run(["pool", "show", "--api", node.apiUrl ?? ""]);
    assert.equal(code, 2);
    assert.match(stderr, /serves no mining pool[\s\S]*Next: {2}serve one with: aurex-node pool serve/);
  });
});

it("a member's line says what matters, and stale shares are nobody's fault", () => {
  const status = {
    pool: "/ip4/192.0.2.1/tcp/13247",
    poolAccount: account,
    unreachableBecause: undefined,
    notMiningBecause: undefined,
    refusal: undefined,
    hashesPerSecond: 24_100_000,
    hashesPerShare: 120_000_000,
    accepted: 1_200,
    acceptedWork: 1n,
    rejected: { 21: 3, 23: 1 },
    stale: 3,
    unanswered: 0,
    blocksFound: 2,
  } as const;
  assert.equal(
    memberText(status),
    "24.10 MH/s  accepted 1,200  rejected 1  stale 3  share 120,000,000 hashes  blocks 2",
  );
  assert.equal(
    memberText({
      ...status,
      notMiningBecause: "not connected to the pool",
      unreachableBecause: "nothing listens there",
      rejected: {},
      stale: 0,
      hashesPerShare: 0,
    }),
    "not mining: not connected to the pool  nothing listens there  accepted 1,200  blocks 2",
  );
});
