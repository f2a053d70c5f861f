/** While blocks come and reorganizations happen, every answer about the chain is of one moment. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConsensusAnswer, UptimeAnswer } from "../../src/api/agreement.ts";
import type { BlockAnswer, BlocksAnswer } from "../../src/api/blocks.ts";
import type { MiningHistoryAnswer } from "../../src/api/difficulty.ts";
import type { ForksAnswer } from "../../src/api/forks.ts";
import { alice, BlockBuilder, type BuiltBlock, testSpec } from "../chain/block-builder.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";
import { until } from "../support/patience.ts";
import { type ChainApi, openChainApi } from "./open-chain-api.ts";

/** Imports the blocks one by one, and asks all the while. */
async function askedMeanwhile(
  api: ChainApi,
  blocks: readonly BuiltBlock[],
  ask: () => Promise<{ readonly hash: string }>,
): Promise<void> {
  let isOver = false;
  let moves = 0;
  let failed = false;
  const heads = new Set<string>();
  const asking = Array.from({ length: 4 }, async () => {
    try {
      while (!isOver) heads.add((await ask()).hash);
    } catch (thrown) {
      failed = true;
      throw thrown;
    }
  });
  try {
    for (const block of blocks) {
      if ((await api.give(block)) !== "head") continue;
      moves += 1;
      // Two of three blocks come faster than anybody asks, the third is seen as the head.
      if (moves % 3 !== 0) continue;
      const { hashHex } = block.block;
      await until("an answer has this head", () => heads.has(hashHex) || failed, { pollMs: 1 });
    }
  } finally {
    isOver = true;
    await Promise.all(asking);
  }
}

function assertList({ items, blocks, head, headHeight }: BlocksAnswer): void {
  assert.equal(headHeight, head.height);
  assert.equal(items[0]?.hash, head.hash);
  assert.deepEqual(
    items.map(({ height, confirmations, canonical }) => [height, confirmations, canonical]),
    items.map((_, index) => [head.height - index, index + 1, true]),
  );
  assert.equal(blocks.at(-1)?.hash, head.hash);
  for (const [index, { parentHash }] of items.slice(0, -1).entries()) {
    assert.equal(parentHash, items[index + 1]?.hash);
  }
}

describe("every answer is of one moment", () => {
  it("on a Proof of Work chain of two miners that outrun each other", async () => {
    const builder = new BlockBuilder(testSpec("pow", { targetBlockTimeMs: 10_000 }));
    await using api = await openChainApi(builder.spec);
    let tip = builder.genesis;
    const blocks: BuiltBlock[] = [];
    for (let round = 0; round < 12; round += 1) {
      const [slow, fast] = [
        builder.branch(tip, 2, { laterMs: 20_000 }),
        builder.branch(tip, 3, { producer: alice, laterMs: 15_000 }),
      ];
      blocks.push(...slow, ...fast);
      tip = fast.at(-1) as BuiltBlock;
    }
    await askedMeanwhile(api, blocks, async () => {
      const [list, block, history, forks] = await Promise.all([
        api.get<BlocksAnswer>("/v1/blocks?limit=6"),
        api.get<BlockAnswer>("/v1/blocks/head"),
        api.get<MiningHistoryAnswer>("/v1/mining/history?limit=6"),
        api.get<ForksAnswer>("/v1/forks"),
      ]);
      assertList(list);
      assert.deepEqual([block.hash, block.confirmations], [block.head.hash, 1]);
      assert.equal(history.items[0]?.hash ?? history.head.hash, history.head.hash);
      for (const { tip: branch, forkPoint, length } of forks.branches) {
        assert.notEqual(branch.hash, forks.head.hash);
        assert.equal(branch.height - (forkPoint?.height ?? 0), length);
      }
      return list.head;
    });
  });

  it("on a Proof of Authority chain whose final block moves with each block", async () => {
    const three = new AuthorityChain(3);
    await using api = await openChainApi(three.builder.spec);
    const first = three.child(three.genesis);
    const blocks = [first, ...three.growCertified(first, 30)];
    await askedMeanwhile(api, blocks, async () => {
      const [list, block, consensus, uptime] = await Promise.all([
        api.get<BlocksAnswer>("/v1/blocks?limit=6"),
        api.get<BlockAnswer>("/v1/blocks/final"),
        api.get<ConsensusAnswer>("/v1/consensus"),
        api.get<UptimeAnswer>("/v1/authorities/uptime?blocks=6"),
      ]);
      assertList(list);
      assert.equal(block.final, true);
      assert.equal(block.confirmations, block.head.height - block.height + 1);
      assert.ok(block.height >= block.head.height - 2);
      assert.equal(consensus.finality?.lagBlocks, consensus.head.height - (consensus.final?.height ?? 0));
      assert.ok((consensus.final?.height ?? 0) >= consensus.head.height - 2);
      assert.equal(uptime.blocks[0]?.hash ?? uptime.head.hash, uptime.head.hash);
      return list.head;
    });
  });
});
