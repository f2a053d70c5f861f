/** Blocks that lose and blocks that cannot be executed: neither is relayed, and only the second cost their sender. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { compareBytes } from "../../src/base/bytes.ts";
import { chainTopics } from "../../src/network/messages.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, testSpec } from "../chain/block-builder.ts";
import { headIs, isConnected, memoryNetworkRig, TestNetwork } from "./network-rigs.ts";

const pow = new BlockBuilder(testSpec("pow"));
const { blocks: topic } = chainTopics(pow.spec.chainId);

describe("blocks that a peer sends", () => {
  let network: TestNetwork;
  beforeEach(() => {
    network = new TestNetwork(memoryNetworkRig());
  });
  afterEach(() => network.stop());

  /** A sender, a node, and a node that hears of blocks from that node alone. */
  async function line() {
    const near = await network.node("near", pow.spec);
    const far = await network.node("far", pow.spec);
    const sender = await network.stranger("sender", [topic]);
    await network.connect(near.host, far.host);
    await network.connect(sender, near.host);
    const send = ({ block }: BuiltBlock) => network.rig.drive(sender.publish(topic, block.bytes));
    return { near, far, sender, send };
  }

  const bad: Record<string, () => BuiltBlock[]> = {
    "leads to another ledger than it says": () =>
      [1, 2, 3].map((laterMs) =>
        pow.on(pow.genesis, { laterMs, header: { stateRoot: pow.genesis.block.hash } }),
      ),
    "has a signature that does not hold": () => {
      const transactions = [pow.spoil(pow.transfer(alice, 0, bob, 1n))];
      return [1, 2, 3].map((laterMs) => pow.on(pow.genesis, { laterMs, transactions }));
    },
  };
  for (const [what, build] of Object.entries(bad)) {
    it(`a block that ${what} is not relayed, and its sender is cut`, async () => {
      const { near, far, sender, send } = await line();
      for (const block of build()) await send(block);
      await network.rig.until(() => !isConnected(near.host, sender), "the sender is cut");
      await network.rig.pass(2_000);
      assert.ok(isConnected(near.host, far.host));
      assert.equal(near.host.standing(far.host.peerId).points, 0);
      assert.equal(far.host.standing(near.host.peerId).points, 0);
      assert.equal(far.core.chain.head.header.height, 0);
    });
  }

  it("a block that loses is kept, not relayed, and costs its sender nothing; its child brings it everywhere", async () => {
    const { near, far, sender, send } = await line();
    const [winner, loser] = [1, 2]
      .map((laterMs) => pow.on(pow.genesis, { laterMs }))
      .sort((a, b) => compareBytes(a.block.hash, b.block.hash)) as [BuiltBlock, BuiltBlock];
    await near.has(winner);
    await far.has(winner);
    const child = pow.on(loser);
    await send(loser);
    await network.rig.until(() => near.core.chain.headerOf(loser.block.hash) !== undefined, "it is stored");
    await network.rig.pass(2_000);
    assert.equal(near.host.standing(sender.peerId).points, 0);
    assert.ok(headIs(near, winner)());
    assert.equal(far.core.chain.headerOf(loser.block.hash), undefined);
    await send(child);
    for (const node of [near, far]) await network.rig.until(headIs(node, child), "the child has won");
  });

  it("siblings are counted as they come, also those that cannot be stored: keys are free, and one is cut after two", async () => {
    const near = await network.node("near", pow.spec);
    const first = pow.on(pow.genesis);
    for (const block of [first, pow.on(first)]) await near.has(block);
    let decoded = 0;
    near.core.chain.times.watch((stage) => {
      if (stage === "decode") decoded += 1;
    });
    const transactions = [pow.spoil(pow.transfer(alice, 0, bob, 1n))];
    for (let index = 1; index <= 8; index += 1) {
      const sender = await network.stranger(`sender ${index}`, [topic]);
      await network.connect(sender, near.host);
      const { block } = pow.on(pow.genesis, { laterMs: index, transactions });
      await network.rig.drive(sender.publish(topic, block.bytes));
      await network.rig.pass(1_000);
    }
    assert.equal(decoded, 4);
  });

  it("a flood of siblings that lose has its sender cut, and reaches nobody else", async () => {
    const { near, far, sender, send } = await line();
    const siblings = Array.from({ length: 40 }, (_, index) =>
      pow.on(pow.genesis, { laterMs: index + 1 }),
    ).sort((a, b) => compareBytes(a.block.hash, b.block.hash));
    let decoded = 0;
    near.core.chain.times.watch((stage) => {
      if (stage === "decode") decoded += 1;
    });
    for (const sibling of siblings) await send(sibling);
    await network.rig.until(() => !isConnected(near.host, sender), "the sender is cut");
    assert.ok(near.core.chain.sideBlocks().length <= 4, "of siblings that nobody asked for four are kept");
    assert.equal(
      decoded,
      near.core.chain.sideBlocks().length + 1,
      "a header tells that its block is of no use",
    );
    await network.rig.until(headIs(far, siblings[0]), "the first is everywhere");
    assert.equal(far.core.chain.sideBlocks().length, 0);
    assert.ok(isConnected(near.host, far.host));
    assert.equal(far.host.standing(near.host.peerId).points, 0);
  });
});
