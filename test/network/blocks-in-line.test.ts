/** A block that has come and waits for its turn to be imported is asked of nobody, until it is imported or refused. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { sleep } from "../../src/base/clock.ts";
import { answerPatienceMs } from "../../src/network/fetch/ancestor-lookup.ts";
import { rangeBlocks } from "../../src/network/fetch/range-window.ts";
import { chainProtocols, chainTopics, RangeRequestType } from "../../src/network/messages.ts";
import { SealedHeaderType } from "../../src/protocol/block.ts";
import type { ChainStore } from "../../src/store/chain-store.ts";
import { alice, BlockBuilder, type BuiltBlock, testSpec } from "../chain/block-builder.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { handshakeOf, serveGreeting, serving, statusOf } from "./greeting-words.ts";
import { headIs, memoryNetworkRig, type NetworkRig, TestNetwork, type TestNode } from "./network-rigs.ts";

const pow = new BlockBuilder(testSpec("pow"));
const { blocks: blocksTopic } = chainTopics(pow.spec.chainId);
const protocols = chainProtocols(pow.spec.chainId);
/** Longer than anybody is waited for before another peer is asked. */
const longMs = 5 * answerPatienceMs;

/** A disk that holds one block up for as long as the test wants. */
function slowDisk() {
  const store = createMemoryStore();
  const commit = store.commit.bind(store);
  let slowHash: string | undefined;
  let isHeld = false;
  const gate = Promise.withResolvers<void>();
  const slow: Pick<ChainStore, "commit"> = {
    async commit(batch) {
      if (batch.blocks.some(({ record }) => record.hashHex === slowHash)) {
        isHeld = true;
        await gate.promise;
      }
      return commit(batch);
    },
  };
  return {
    store: Object.assign(store, slow),
    holds({ block }: BuiltBlock) {
      slowHash = block.hashHex;
    },
    isHolding: () => isHeld,
    release: gate.resolve,
  };
}

/** The same header with another body. */
function spoiled(built: BuiltBlock, parent: BuiltBlock): BuiltBlock {
  const { header, transactions } = built.block;
  const other = pow.on(parent, { transactions, body: [pow.sign(alice, 5_000)], header });
  assert.equal(other.block.hashHex, built.block.hashHex);
  return other;
}

describe("a block that has come and waits for its turn", () => {
  let rig: NetworkRig;
  let network: TestNetwork;
  let disk: ReturnType<typeof slowDisk>;
  let node: TestNode;
  beforeEach(async () => {
    rig = memoryNetworkRig();
    network = new TestNetwork(rig);
    disk = slowDisk();
    node = await network.node("node", pow.spec, { store: disk.store });
  });
  afterEach(async () => {
    disk.release();
    await network.stop();
  });

  /** A peer that serves `claims`, the blocks from height 1 on, as ranges, and `byHash` after a while. */
  async function peer(
    name: string,
    {
      claims = [],
      byHash = [],
      afterMs = 0,
    }: {
      readonly claims?: readonly BuiltBlock[];
      readonly byHash?: readonly BuiltBlock[];
      readonly afterMs?: number;
    },
  ) {
    const host = await network.stranger(name, [blocksTopic]);
    const asked: string[] = [];
    const ranges: number[] = [];
    serveGreeting(host, handshakeOf(name), () => statusOf(claims));
    host.serve(protocols.mempool, { ...serving, handle: () => [] });
    host.serve(protocols.blocksByHash, {
      ...serving,
      async *handle(request) {
        asked.push(toHex(request));
        await sleep(rig.clock, afterMs);
        for (const { block } of byHash) if (block.hashHex === toHex(request)) yield block.bytes;
      },
    });
    host.serve(protocols.blocksByRange, {
      ...serving,
      handle: (request) => {
        const { startHeight, count, headersOnly } = RangeRequestType.deserialize(request);
        const built = [pow.genesis, ...claims].slice(startHeight, startHeight + count);
        if (headersOnly === 1) return built.map(({ block }) => SealedHeaderType.serialize(block));
        ranges.push(startHeight);
        return built.map(({ block }) => block.bytes);
      },
    });
    await network.connect(node.host, host);
    await rig.until(
      () => node.core.network.directory.peersOnChain().some(({ peerId }) => peerId === host.peerId),
      "it is greeted",
    );
    const publish = ({ block }: BuiltBlock) => rig.drive(host.publish(blocksTopic, block.bytes));
    return { host, asked, ranges, publish };
  }

  const holding = () => rig.until(disk.isHolding, "the disk is slow");

  it("in the range that is being imported is not asked for", async () => {
    const row = pow.branch(pow.genesis, 5);
    disk.holds(row[0]!);
    const other = await peer("other", { byHash: row });
    const followed = await peer("followed", { claims: row.slice(0, 4) });
    await holding();
    await other.publish(row[4]!);
    await rig.pass(longMs);
    assert.deepEqual([other.asked, followed.asked], [[], []]);
    disk.release();
    await rig.until(headIs(node, row[4]), "all are here");
    await rig.pass(longMs);
    assert.deepEqual([other.asked, followed.asked], [[], []]);
  });

  it("in the range after that one is not asked for, either", async () => {
    const row = pow.branch(pow.genesis, rangeBlocks + 4);
    disk.holds(row[rangeBlocks - 7]!);
    const other = await peer("other", { byHash: row });
    const followed = await peer("followed", { claims: row.slice(0, -1) });
    await holding();
    await other.publish(row.at(-1)!);
    await rig.pass(longMs);
    disk.release();
    await rig.until(headIs(node, row.at(-1)), "all are here");
    await rig.pass(longMs);
    assert.deepEqual([other.asked, followed.asked, followed.ranges], [[], [], [1, rangeBlocks + 1]]);
  });

  it("is not asked for if its child comes while it is decoded, the last one of its answer", async () => {
    const first = pow.on(pow.genesis);
    const notes = Array.from({ length: 2_000 }, (_, sequence) => pow.sign(alice, sequence, undefined, 1n));
    const large = pow.on(first, { transactions: notes });
    const child = pow.on(large);
    disk.holds(first);
    const other = await peer("other", { byHash: [large] });
    let isDecoding = false;
    node.core.chain.times.watch((stage) => {
      if (stage !== "decode" || isDecoding) return;
      isDecoding = true;
      void other.host.publish(blocksTopic, child.block.bytes);
    });
    await peer("followed", { claims: [first, large] });
    await holding();
    await rig.pass(longMs);
    disk.release();
    await rig.until(headIs(node, child), "all are here");
    assert.deepEqual(other.asked, []);
  });

  it("is asked for as soon as the range before it, or its own false body, is refused", async () => {
    const row = [pow.on(pow.genesis)];
    row.push(pow.on(row[0]!, { transactions: [pow.sign(alice, 0)] }));
    row.push(...pow.branch(row[1]!, 2));
    disk.holds(row[0]!);
    const honest = await peer("honest", { byHash: row });
    await peer("liar", { claims: [row[0]!, spoiled(row[1]!, row[0]!), row[2]!] });
    await holding();
    await honest.publish(row[3]!);
    await rig.pass(longMs);
    assert.deepEqual(honest.asked, []);
    const beganMs = rig.clock.monotonicMs();
    disk.release();
    await rig.until(headIs(node, row[3]), "the true ones are here");
    assert.ok(rig.clock.monotonicMs() - beganMs < answerPatienceMs, "of simulated time");
    assert.deepEqual(honest.asked, [row[2]!.block.hashHex, row[1]!.block.hashHex]);
  });

  it("does not count if it does not follow what comes before it: its true body need not wait for a stranger's branch", async () => {
    const ours = pow.branch(pow.genesis, rangeBlocks);
    const parent = pow.on(ours.at(-1)!, { transactions: [pow.sign(alice, 0)] });
    const child = pow.on(parent);
    const branch = pow.branch(pow.genesis, rangeBlocks, { laterMs: 1 });
    await node.has(...ours);
    const claims = [...branch, spoiled(parent, ours.at(-1)!), child, pow.on(child)];
    disk.holds(claims.at(0)!);
    await peer("liar", { claims });
    const honest = await peer("honest", { byHash: [parent] });
    await holding();
    await honest.publish(child);
    await rig.until(() => honest.asked.length > 0, "it is asked for meanwhile");
    assert.deepEqual(honest.asked, [parent.block.hashHex]);
    disk.release();
    await rig.until(headIs(node, child), "they are here");
  });

  it("is asked of no further peer if a slow one has served it by hash", async () => {
    const busy = pow.on(pow.genesis, { laterMs: 1 });
    const parent = pow.on(pow.genesis);
    const orphan = pow.on(parent);
    disk.holds(busy);
    const slow = await peer("slow", { byHash: [parent], afterMs: 1.2 * answerPatienceMs });
    await slow.publish(busy);
    await holding();
    await slow.publish(orphan);
    const hanging = await peer("hanging", { afterMs: 1_000_000 });
    const bystander = await peer("bystander", { byHash: [parent] });
    await rig.pass(longMs);
    disk.release();
    await rig.until(headIs(node, orphan), "both are here");
    assert.deepEqual([slow.asked.length, hanging.asked.length, bystander.asked.length], [1, 1, 0]);
  });

  it("is not fetched as the head of a peer if one has served it by hash", async () => {
    const busy = pow.on(pow.genesis, { laterMs: 1 });
    const parent = pow.on(pow.genesis);
    const orphan = pow.on(parent);
    disk.holds(busy);
    const sender = await peer("sender", { byHash: [parent] });
    await sender.publish(busy);
    await holding();
    await sender.publish(orphan);
    await rig.until(() => sender.asked.length === 1, "it is asked");
    await rig.pass(100);
    // With its orphan it has a head of its own.
    await rig.drive(sender.host.stop());
    const claimant = await peer("claimant", { claims: [parent] });
    await rig.pass(longMs);
    disk.release();
    await rig.until(headIs(node, orphan), "both are here");
    assert.deepEqual(claimant.ranges, []);
  });
});
