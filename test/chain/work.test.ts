/** Work decides, not length: a chain that is longer in blocks and lighter in work loses, in whatever order it comes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareBytes } from "../../src/base/bytes.ts";
import { compareHeads } from "../../src/consensus/engine.ts";
import { BlockBuilder, type BuiltBlock, testSpec } from "./block-builder.ts";
import { openChain } from "./open-chain.ts";

const pow = new BlockBuilder(testSpec("pow"));
const { targetBlockTimeMs } = pow.spec.genesis;
/** Blocks as fast as they may come make the target harder; slow ones make it easier again. */
const trunk = pow.branch(pow.genesis, 40);
const fork = trunk.at(-1)!;
const heavier = pow.branch(fork, 8);
const longer = pow.branch(fork, 24, { laterMs: 4 * targetBlockTimeMs });
const [heavyTip, longTip] = [heavier.at(-1)!, longer.at(-1)!];

function inTurns(a: readonly BuiltBlock[], b: readonly BuiltBlock[]): BuiltBlock[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => [a[index], b[index]])
    .flat()
    .filter((block) => block !== undefined);
}

describe("two branches under the retarget rule", () => {
  it("are what this test is about: one is three times as long, the other has more work", () => {
    assert.equal(longTip.record.header.height - heavyTip.record.header.height, 16);
    assert.ok(longTip.record.cumulativeWeight < heavyTip.record.cumulativeWeight);
    const [hard, easy] = [heavyTip, longTip].map(({ record }) => record.header.target);
    assert.ok(compareBytes(hard!, easy!) < 0);
  });

  for (const { order, blocks, wasHead } of [
    { order: "the heavier one first", blocks: [...heavier, ...longer], wasHead: false },
    { order: "the longer one first", blocks: [...longer, ...heavier], wasHead: true },
    { order: "in turns", blocks: inTurns(heavier, longer) },
    { order: "in turns, the longer one ahead", blocks: inTurns(longer, heavier) },
    { order: "backwards", blocks: [...longer, ...heavier].reverse() },
  ]) {
    it(`end with the heavier one where they come ${order}`, async () => {
      const { chain, give, headChanges, disk } = await openChain({ spec: pow.spec });
      for (const block of trunk) await give(block);
      let best = fork;
      for (const block of blocks) {
        await give(block);
        // Backwards, nothing can be weighed before it hangs on the trunk.
        if (!chain.headerOf(block.block.hash)) continue;
        if (compareHeads(block.record, best.record) < 0) best = block;
        if (order !== "backwards") assert.equal(chain.head.hashHex, best.block.hashHex);
      }
      // What waited for its parent is imported by then.
      await chain.close();
      assert.equal(chain.head.hashHex, heavyTip.block.hashHex);
      assert.equal(chain.head.cumulativeWeight, heavyTip.record.cumulativeWeight);
      const heads = headChanges.map(({ head }) => head.hashHex);
      // Their first blocks weigh the same, so that in turns the hashes decide for a while.
      if (wasHead !== undefined) assert.equal(heads.includes(longTip.block.hashHex), wasHead);
      const again = await openChain({ spec: pow.spec }, { disk });
      assert.equal(again.chain.head.hashHex, heavyTip.block.hashHex);
    });
  }
});
