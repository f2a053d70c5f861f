/** Which transactions the demo sees on a node's chain, while a reorganization moves them to other heights. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createApiClient } from "../../src/client/api-client.ts";
import { ChainIds } from "../../src/demo/chain-ids.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, testSpec } from "../chain/block-builder.ts";
import { openChainApi } from "../http/open-chain-api.ts";

describe("the transactions that the demo sees on a chain", () => {
  const builder = new BlockBuilder(testSpec("pow"));
  const [early, late, twin] = [builder.sign(alice, 0), builder.sign(alice, 1), builder.sign(bob, 0)];
  const all = [early, late, twin];
  const chainOf = (blocks: readonly (readonly DecodedTransaction[])[], laterMs: number) =>
    blocks.reduce<BuiltBlock[]>((chain, transactions) => {
      chain.push(builder.on(chain.at(-1) ?? builder.genesis, { transactions, laterMs }));
      return chain;
    }, []);
  const first = chainOf([[early], [twin, late]], 0);

  // Each branch is longer than the first, so that it wins; what it holds may lie higher, lower, or nowhere.
  const branches = {
    "higher up": [[], [early], [twin, late]],
    "lower down": [[early, late, twin], [], []],
    "each at the other's height": [[twin], [early, late], []],
    "nowhere, for some of them": [[], [twin], []],
  };
  for (const [where, blocks] of Object.entries(branches)) {
    it(`are those of the new chain if a reorganization puts them ${where}`, async () => {
      await using api = await openChainApi(builder.spec);
      const seen = new ChainIds(createApiClient(api.url), 0);
      const shown = () => all.filter(({ idHex }) => seen.has(idHex));
      for (const block of first) await api.give(block);
      await seen.follow();
      assert.deepEqual(shown(), all);
      for (const block of chainOf(blocks, 1)) await api.give(block);
      await seen.follow();
      const inBranch = new Set(blocks.flat());
      assert.deepEqual(
        shown(),
        all.filter((transaction) => inBranch.has(transaction)),
      );
    });
  }
});
