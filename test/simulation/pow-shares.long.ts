/** Five miners of unequal hash rate for hours: one chain, each with its share of the blocks, at the wanted pace. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { canonicalBlocks, MiningWorld, meanIntervalMs, sharesOf, withMiningSeed } from "./mining-world.ts";

const rates = [10, 20, 30, 40, 50];
const hours = 2;
/** Until the target, which starts at its easiest, has followed the hash rate. */
const settlingBlocks = 200;
/** Chi-square with four degrees of freedom exceeds this once in ten thousand times. */
const chiSquareMax = 23.51;

it(`five miners mine for ${hours} hours and stay one network`, () =>
  withMiningSeed(async (seed) => {
    const world = await MiningWorld.start(seed, rates);
    await world.clock.advance(hours * 3_600_000);
    await world.advanceToOneHead();
    world.assertNobodyLost();

    const blocks = canonicalBlocks(world.nodes[0]!);
    const shares = sharesOf(world.miners, blocks);
    const chiSquare = shares.reduce((sum, blocksOfOne, index) => {
      const expected = (blocks.length * rates[index]!) / world.rate;
      return sum + (blocksOfOne - expected) ** 2 / expected;
    }, 0);
    assert.ok(chiSquare < chiSquareMax, `chi-square ${chiSquare.toFixed(1)} of the shares ${shares}`);

    const meanMs = meanIntervalMs(blocks.slice(settlingBlocks));
    const { targetBlockTimeMs } = world.spec.genesis;
    assert.ok(Math.abs(meanMs / targetBlockTimeMs - 1) < 0.1, `a block every ${meanMs.toFixed(0)} ms`);

    // A block takes a fortieth of its interval to reach everybody: few are found twice, and forks stay short.
    const found = world.miners.flatMap((miner) => miner.found).length;
    assert.ok(blocks.length / found > 0.8, `${found} found, ${blocks.length} in the chain`);
    const deepest = world.deepestReorganization();
    assert.ok(deepest <= 5, `${deepest} blocks left at once`);
    await world.stop();
  }));
