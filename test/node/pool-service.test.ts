/** A node that serves a pool: what its members found is not lost when it stops. */
import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import type { HeadChange } from "../../src/chain/chain.ts";
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
    const host = await libp2pHost("member", { listenAddresses: [] });
    await host.start();
    t.after(() => host.stop());
    const [address] = node.status().pool?.addresses ?? [];
    const member = new BareMember(host, await host.dial(address!));
    member.subscribe(accountNamed("member"), 1_000);
    await until("there is work", () => member.jobs.length > 0);

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
});
