/** Whole nodes whose hash rate leaps, falls, and is gone for half a day: the chain goes on, and comes back to its pace. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { canonicalBlocks, coreOf, MiningWorld, meanIntervalMs, withMiningSeed } from "./mining-world.ts";

const usualRate = 30;
const settlingMs = 1_200_000;
const pauseMs = 12 * 3_600_000;
/** The pace is looked at over so many blocks, of which a mean strays by some tenth. */
const paceBlocks = 60;
const strayMax = 0.3;

it("hash rate ten times up, ten times down, gone for 12 hours, and back with a tenth", () =>
  withMiningSeed(async (seed) => {
    const world = await MiningWorld.start(seed, [usualRate, usualRate, usualRate]);
    const { clock, miners, nodes } = world;
    const mineAt = async (hashesPerSecond: number) => {
      for (const { rig } of miners) rig.hashesPerSecond = hashesPerSecond;
      const before = coreOf(nodes[0]!).chain.head.header.height;
      await clock.advance(settlingMs);
      await world.advanceToOneHead();
      const blocks = canonicalBlocks(nodes[0]!);
      assert.ok(blocks.length - before > 1.5 * paceBlocks, `${blocks.length - before} blocks`);
      const strays = meanIntervalMs(blocks.slice(-paceBlocks)) / world.spec.genesis.targetBlockTimeMs - 1;
      assert.ok(
        Math.abs(strays) < strayMax,
        `at ${hashesPerSecond}/s the pace is off by ${strays.toFixed(2)}`,
      );
      world.assertNobodyLost();
    };
    await mineAt(usualRate);
    await mineAt(10 * usualRate);
    await mineAt(usualRate);

    for (const node of nodes) await node.stop();
    await clock.advance(pauseMs);
    for (const node of nodes) await node.start();
    await world.advanceUntil(() => world.isMeshed, 120_000);
    const height = coreOf(nodes[0]!).chain.head.header.height;
    await mineAt(usualRate / 10);
    const [before, after] = canonicalBlocks(nodes[0]!).slice(height - 1, height + 1);
    assert.ok(after!.header.timestampMs - before!.header.timestampMs >= pauseMs, "the pause is in the chain");
    await world.stop();
  }));
