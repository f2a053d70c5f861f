/** A block is verified once on its way from the wire to the head, whichever way it comes: counted in whole nodes. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { chainTopics } from "../../src/network/messages.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, testSpec } from "../chain/block-builder.ts";
import { CallCounts } from "../support/call-counts.ts";
import { headIs, memoryNetworkRig, TestNetwork } from "./network-rigs.ts";

const pow = new BlockBuilder(testSpec("pow"));
const poa = new BlockBuilder(testSpec("poa"));

/** Seal, body (and the costly part of it), judging on the parent, and the signatures. */
const verifications = (consensus: "pow" | "poa") => [
  `consensus/${consensus}/${consensus}-engine.ts verifySeal`,
  "chain/stages/sanity.ts bodyFault",
  "protocol/block.ts transactionsRoot",
  "chain/stages/judge.ts judge",
  // Asked for each signature, of which a block here has one; what is remembered would be asked for all the same.
  "verifier/remembering-verifier.ts #isRemembered",
];
const each = (times: number) => verifications("pow").map(() => times);

/** Blocks with signatures in them, each on the one before. */
function branch(builder: BlockBuilder, length: number): BuiltBlock[] {
  const blocks: BuiltBlock[] = [];
  for (let sequence = 0; sequence < length; sequence += 1) {
    const transactions = [builder.transfer(alice, sequence, bob, 1n)];
    blocks.push(builder.on(blocks.at(-1) ?? builder.genesis, { transactions }));
  }
  return blocks;
}

describe("seal, body and signatures are verified once", () => {
  let network: TestNetwork;
  beforeEach(() => {
    network = new TestNetwork(memoryNetworkRig());
  });
  afterEach(() => network.stop());

  async function nodeAndSender(builder: BlockBuilder) {
    const node = await network.node("node", builder.spec);
    const { blocks: topic } = chainTopics(builder.spec.chainId);
    const sender = await network.stranger("sender", [topic]);
    await network.connect(sender, node.host);
    const send = ({ block }: BuiltBlock) => network.rig.drive(sender.publish(topic, block.bytes));
    return { node, send };
  }

  for (const [consensus, builder] of Object.entries({ pow, poa })) {
    it(`of a block from the topic, on ${consensus}`, async () => {
      const { node, send } = await nodeAndSender(builder);
      const blocks = branch(builder, 3);
      await using counts = await CallCounts.start();
      for (const block of blocks) {
        await send(block);
        await network.rig.until(headIs(node, block), "it is the head");
      }
      assert.deepEqual(await counts.take(verifications(consensus as "pow" | "poa")), each(3));
    });
  }

  it("of blocks that waited for their parent, also if they come again meanwhile", async () => {
    const { node, send } = await nodeAndSender(pow);
    const blocks = branch(pow, 4);
    await using counts = await CallCounts.start();
    for (const orphan of blocks.slice(1).toReversed()) {
      await send(orphan);
      await network.rig.pass(100);
      const { chain } = node.core;
      assert.equal(chain.offer({ ...orphan.block, bytes: orphan.block.bytes.slice() }).ok, false);
    }
    await send(blocks[0]!);
    await network.rig.until(headIs(node, blocks.at(-1)), "all are in");
    assert.deepEqual(await counts.take(verifications("pow")), each(4));
  });

  it("of a block from the future", async () => {
    const { node, send } = await nodeAndSender(pow);
    const early = pow.on(pow.genesis, {
      laterMs: 3_600_000 + 15_000,
      transactions: [pow.transfer(alice, 0, bob, 1n)],
    });
    await using counts = await CallCounts.start();
    await send(early);
    await network.rig.until(headIs(node, early), "it is in at its time");
    assert.deepEqual(await counts.take(verifications("pow")), each(1));
  });

  it("of blocks that are fetched by their hash, and of a range", async () => {
    const blocks = branch(pow, 45);
    const [one, two] = [await network.node("one", pow.spec), await network.node("two", pow.spec)];
    await network.connect(one.host, two.host);
    await network.rig.pass(1_000);
    await one.has(...blocks.slice(0, 5));
    await using counts = await CallCounts.start();
    one.core.network.announceBlock(blocks[4]!.block);
    await network.rig.until(headIs(two, blocks[4]), "parent by parent");
    assert.deepEqual(await counts.take(verifications("pow")), each(5));
    await one.has(...blocks.slice(5));
    await counts.take([]);
    await network.rig.until(headIs(two, blocks.at(-1)), "it has caught up");
    assert.deepEqual(await counts.take(verifications("pow")), each(40));
  });
});
