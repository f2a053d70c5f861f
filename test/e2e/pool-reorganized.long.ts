/** A pool whose blocks leave the chain after they were paid: nothing of it is paid out of other funds, and the books are the chain. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import type { PoolAnswer } from "../../src/api/mining.ts";
import { until } from "../support/patience.ts";
import { type NodeProcess, type Running, Stage } from "./processes.ts";

/** What the pool's account has besides the blocks that it finds. */
const otherFundsAur = 500;

describe("a pool whose blocks leave the chain", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  it("voids their earnings, withdraws payments, and pays again what is earned on the other branch", async () => {
    const poolAddress = await stage.nodeAddress("server");
    const miner = await stage.nodeAddress("miner");
    const chain = await stage.spec("pow.json", {
      consensus: "pow",
      difficulty: 3,
      targetBlockTimeMs: 1,
      minimumIntervalMs: 1,
      blockReward: "10",
      rewardMaturityBlocks: 3,
      minimumFee: "0.001",
      allocations: { [poolAddress]: String(otherFundsAur) },
    });
    const serve = (...flags: string[]): Promise<NodeProcess> =>
      stage
        .launchBy(
          ["pool", "serve"],
          "server",
          ...["--chain", chain, "--mine-empty", "--pool-port", "0"],
          ...["--pool-payout-every", "2", "--pool-payout-minimum", "0.1", ...flags],
        )
        .ready();
    const join = async (server: NodeProcess): Promise<Running> => {
      const [place = ""] = (await server.status()).pool?.addresses ?? [];
      return stage.run(["pool", "join", place, "--account", miner, "--threads", "1", "--json"]);
    };
    const balanceOf = async (node: NodeProcess, address: string) =>
      Number((await node.api.account(address)).balance);

    // The pool is alone: its member finds blocks, they mature, and are paid.
    let server = await serve();
    let member = await join(server);
    await until("ten blocks and more are paid", async () => Number((await server.api.pool()).paid) > 100);
    await member.stop();
    const before = await server.api.pool();
    assert.ok(before.blocksFound > 10);
    const { height } = (await server.status()).head;
    await server.stop();

    // Another miner, who has heard nothing of them, has a heavier branch.
    const other = await stage.start(
      "other",
      "--chain",
      chain,
      "--mine",
      "--mine-empty",
      "--mine-threads",
      "1",
    );
    await other.until("its branch is longer", ({ head }) => head.height > height + 30);
    server = await serve("--bootstrap", other.multiaddr);
    await server.until("the pool is on that branch", ({ head }) => head.height > height + 30);
    const settled = (pool: PoolAnswer) => [pool.earned, pool.immature, pool.paid, pool.owed];
    await until("the books are the chain", async () =>
      settled(await server.api.pool()).every((amount) => amount === "0"),
    );
    const after = await server.api.pool();
    assert.ok(after.blocksOrphaned >= before.blocksFound, "all of them are void");

    // Payments that were signed are not sent again, nor taken up by the other miner.
    const sent = (await server.status()).head.height;
    await server.until("30 more blocks", ({ head }) => head.height > sent + 30);
    assert.equal((await server.api.pool()).paid, "0");
    assert.equal(await balanceOf(other, miner), 0);
    const left = await balanceOf(other, poolAddress);
    assert.ok(left > otherFundsAur - 1 && left <= otherFundsAur, `${left}: at most fees were spent`);

    // What is earned on this branch is paid as ever.
    member = await join(server);
    await until("the member is paid", async () => Number((await server.api.pool()).paid) > 0);
    await member.stop();
    await other.stop();
    await server.stop();

    const ledger = stage.place("ledger.sqlite");
    await stage.output("export", "--out", ledger, "--data-dir", stage.place("server"));
    const db = new DatabaseSync(ledger, { readOnly: true });
    try {
      const [row] = db.prepare("SELECT * FROM mining_pool WHERE pool = ?").all(poolAddress);
      const [solo] = db
        .prepare("SELECT * FROM mining_pool WHERE pool = 'solo' AND member = ?")
        .all(poolAddress);
      assert.equal(
        row?.rewards_due_units,
        // The last block of the pool may have left the chain again: then nothing is earned, and there is no row.
        solo?.rewards_due_units ?? 0,
        "earned is what its blocks in the chain earned",
      );
      const paid = db
        .prepare(
          "SELECT SUM(amount_units + fee_units) AS units FROM transactions WHERE from_account = ? AND to_account = ?",
        )
        .get(poolAddress, miner);
      assert.equal(row?.rewards_paid_units, paid?.units ?? 0, "paid is what the chain transferred");
    } finally {
      db.close();
    }
  });
});
