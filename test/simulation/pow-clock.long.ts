/** A miner whose clock is an hour off: the others go on without it as if it were not there, and it comes back when it is set right. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Block } from "../../src/protocol/block.ts";
import {
  canonicalBlocks,
  coreOf,
  MiningWorld,
  meanIntervalMs,
  sharesOf,
  withMiningSeed,
} from "./mining-world.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const hourMs = 3_600_000;
const rates = [30, 30, 30, 30, 30];
const settlingMs = 600_000;
const wrongMs = 1_200_000;
/** Blocks that a node holds until their time, or for a parent, at most. */
const heldMax = 256;

for (const wrongByMs of [hourMs, -hourMs]) {
  it(`a clock of ${wrongByMs / hourMs} h`, () =>
    withMiningSeed(async (seed) => {
      const world = await MiningWorld.start(seed, rates);
      const { clock, miners } = world;
      const [wrong, ...right] = world.nodes as [SimulatedNode, ...SimulatedNode[]];
      await clock.advance(settlingMs);

      wrong.setClockWrongBy(wrongByMs);
      const sinceMs = clock.nowMs();
      const foundBefore = miners[0]!.found.length;
      await clock.advance(wrongMs);
      await world.advanceToOneHead(right);
      const wrongBlocks = miners[0]!.found.slice(foundBefore);
      const meanMs = meanIntervalMs(
        canonicalBlocks(right[0]!).filter(({ header }) => header.timestampMs >= sinceMs),
      );
      const { targetBlockTimeMs } = world.spec.genesis;
      assert.ok(Math.abs(meanMs / targetBlockTimeMs - 1) < 0.15, `a block every ${meanMs.toFixed(0)} ms`);
      if (wrongByMs > 0) assertHeld(right, wrongBlocks);
      else assert.equal(wrongBlocks.length, 0, "no block can be due before its parent");
      for (const node of world.nodes) assert.ok(coreOf(node).chain.orphanCount <= heldMax, node.name);
      world.assertNobodyLost();
      assertNamed(world, wrongByMs > 0 ? "ahead of" : "behind");

      wrong.setClockWrongBy(0);
      await clock.advance(60_000);
      await world.advanceToOneHead();
      const height = coreOf(wrong).chain.head.header.height;
      await clock.advance(settlingMs);
      await world.advanceToOneHead();
      const since = canonicalBlocks(right[0]!).slice(height);
      assert.ok(
        sharesOf(miners, since).every((blocks) => blocks > 0),
        "all find blocks again",
      );
      world.assertNobodyLost();
      await world.stop();
    }));
}

/** Each of the others says whose clock is off and by how much, and the wrong one says it of itself, once. */
function assertNamed({ complaints, nodes }: MiningWorld, side: string): void {
  const [wrong, ...right] = nodes as [SimulatedNode, ...SimulatedNode[]];
  // A clock is known to half a round trip, so the last digit is any of two.
  const saidBy = (node: SimulatedNode, text: string) =>
    complaints.filter(
      (said) =>
        said.includes(`"node":"${node.name}"`) &&
        said.replace(/3600\.1 s|3599\.9 s/g, "3600.0 s").includes(text),
    ).length;
  for (const node of right) {
    assert.equal(saidBy(node, `clocks differ: that of ${wrong.name} is 3600.0 s ${side} ours`), 1, node.name);
    assert.equal(saidBy(node, "this machine's clock is"), 0, node.name);
  }
  assert.equal(saidBy(wrong, `this machine's clock is 3600.0 s ${side} the median of`), 1);
}

/** Nobody has taken the blocks, and nobody has noted that they can never be taken. */
function assertHeld(nodes: readonly SimulatedNode[], blocks: readonly Block[]): void {
  assert.ok(blocks.length > 10, `${blocks.length} blocks of the future`);
  for (const node of nodes) {
    for (const block of blocks) {
      const screened = coreOf(node).chain.offer(block);
      assert.ok(!screened.ok);
      assert.match(screened.fault.code, /^block\/(timestamp-ahead|parent-unknown)$/, node.name);
    }
  }
}

it("blocks of the future are taken when their time has come, and move no head by then", () =>
  withMiningSeed(async (seed) => {
    const world = await MiningWorld.start(seed, rates);
    const { clock, miners } = world;
    const [wrong, ...right] = world.nodes as [SimulatedNode, ...SimulatedNode[]];
    const aheadMs = 120_000;
    await clock.advance(settlingMs);
    wrong.setClockWrongBy(aheadMs);
    const foundBefore = miners[0]!.found.length;
    await clock.advance(300_000);
    wrong.setClockWrongBy(0);
    // What it found too late for its own head it has kept to itself.
    const wrongBlocks = miners[0]!.found
      .slice(foundBefore)
      .filter(({ hash }) => coreOf(wrong).chain.headerOf(hash));
    assert.ok(wrongBlocks.length > 0);
    await clock.advance(aheadMs + 60_000);
    await world.advanceToOneHead();
    for (const node of right) {
      const { chain } = coreOf(node);
      const taken = wrongBlocks.filter(({ hash }) => chain.headerOf(hash));
      assert.ok(taken.length > wrongBlocks.length / 2, `${node.name} took ${taken.length}`);
      assert.equal(chain.orphanCount, 0, node.name);
    }
    assert.ok(world.deepestReorganization(right) <= 5);
    world.assertNobodyLost();
    await world.stop();
  }));
