/** A node that serves a pool: what its members found is not lost when it stops. */
import assert from "node:assert/strict";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import type { HeadChange } from "../../src/chain/chain.ts";
import type { AurexNode } from "../../src/node/aurex-node.ts";
import { PoolService } from "../../src/node/pool-service.ts";
import { PoolBook } from "../../src/payouts/pool-book.ts";
import { workOfNotice } from "../../src/pool/messages.ts";
import { BlockProducer } from "../../src/sealing/block-producer.ts";
import { libp2pHost } from "../network/host-rigs.ts";
import { accountNamed, BareMember, noncesOf } from "../pool/pool-rig.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { powSpec, quietOptions, startNode, temporaryFolder } from "./node-rig.ts";

const poolOptions = {
  listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
  feePercent: 0,
  payoutMinimumUnits: 1n,
  payoutEveryBlocks: 20,
};

describe("a node with a pool", { timeout: suiteMaxMs }, () => {
  it("has its payments follow a new head before the producer drafts on it", async (t) => {
    const order: string[] = [];
    const follow = PoolService.prototype.headChanged;
    t.mock.method(PoolService.prototype, "headChanged", function (this: PoolService, change: HeadChange) {
      order.push("payouts");
      follow.call(this, change);
    });
    const look = BlockProducer.prototype.look;
    t.mock.method(BlockProducer.prototype, "look", function (this: BlockProducer) {
      if (order.length > 0) order.push("producer");
      look.call(this);
    });
    const dataDir = path.join(await temporaryFolder(t), "payouts");
    const node = await startNode(
      t,
      quietOptions(dataDir, powSpec(), { pool: poolOptions, mineThreads: 1, mineEmptyBlocks: true }),
    );
    await until("there is a block", () => node.chain.head.header.height > 0);
    assert.deepEqual(order.slice(0, 2), ["payouts", "producer"]);
  });

  it("brings a member's block into the chain, though it was still being stored when the node stopped", async (t) => {
    const dataDir = path.join(await temporaryFolder(t), "pool");
    const options = quietOptions(dataDir, powSpec(), {
      pool: poolOptions,
      mineThreads: 0,
      mineEmptyBlocks: true,
    });
    const node = await startNode(t, options);
    const member = await joinedBy("member", node, t);

    const asked = Promise.withResolvers<void>();
    const disk = Promise.withResolvers<void>();
    const store = PoolBook.prototype.recordShare;
    t.mock.method(
      PoolBook.prototype,
      "recordShare",
      async function (this: PoolBook, ...share: Parameters<typeof store>) {
        asked.resolve();
        await disk.promise;
        return store.apply(this, share);
      },
    );
    const work = workOfNotice(member.job);
    assert.ok(work.ok);
    const [nonce] = noncesOf({ ...member.job, shareTarget: work.value.header.target }, 1) as [Uint8Array];
    const verdict = member.submit(member.job.jobId, nonce);
    await asked.promise;
    const stopped = node.stop();
    disk.resolve();
    assert.equal(await verdict, 0);
    await stopped;
    assert.equal(node.chain.head.header.height, 1);
  });

  it("writes shares that came after the last block into its SQL ledger when it stops", async (t) => {
    const folder = await temporaryFolder(t);
    const exportFile = path.join(folder, "ledger.sqlite");
    const options = quietOptions(path.join(folder, "pool"), powSpec("11", { difficulty: 3 }), {
      pool: poolOptions,
      mineThreads: 0,
      mineEmptyBlocks: true,
      exportFile,
    });
    const node = await startNode(t, options);
    await node.exportCaughtUp();
    const member = await joinedBy("member", node, t);
    // There is another job every second: the nonces are those of this one.
    const { job } = member;
    const work = workOfNotice(job);
    assert.ok(work.ok);
    // As many blocks as shares are looked at: whichever of these shares is a block is among them.
    const found = [job, { ...job, shareTarget: work.value.header.target }].map((each) =>
      noncesOf(each, 20).map(toHex),
    );
    const [shares = [], blocks = []] = found;
    const mere = shares.filter((nonce) => !blocks.includes(nonce)).slice(0, 3);
    assert.equal(mere.length, 3);
    for (const nonce of mere) assert.equal(await member.submit(job.jobId, fromHex(nonce)!), 0);
    await node.stop();
    assert.equal(node.chain.head.header.height, 0);
    const ledger = new DatabaseSync(exportFile, { readOnly: true });
    t.after(() => ledger.close());
    const rows = ledger.prepare("SELECT shares_accepted FROM mining_pool WHERE pool <> 'solo'").all();
    assert.deepEqual(
      rows.map((row) => row.shares_accepted),
      [3],
    );
  });
});

/** A member of this name that has work from the node's pool. */
async function joinedBy(name: string, node: AurexNode, t: TestContext): Promise<BareMember> {
  const host = await libp2pHost(name, { listenAddresses: [] });
  await host.start();
  t.after(() => host.stop());
  const [address] = node.status().pool?.addresses ?? [];
  const member = new BareMember(host, await host.dial(address!));
  // Of its speed, in hashes per second, follows how easy its shares are.
  member.subscribe(accountNamed(name), 20);
  await until("there is work", () => member.jobs.length > 0);
  return member;
}
