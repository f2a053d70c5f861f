/** Branches far lighter than the head: cheap to make where the floor is low, so not relayed, and only so many are kept. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StoreError } from "../../src/store/chain-store.ts";
import { alice, BlockBuilder, bob, testSpec } from "./block-builder.ts";
import { openChain } from "./open-chain.ts";

/** Blocks on schedule, so that all have the same weight. */
const spec = testSpec("pow", { targetBlockTimeMs: 1_000, minimumIntervalMs: 1_000 });
const builder = new BlockBuilder(spec);
const main = builder.branch(builder.genesis, 80);
/** Another block at a height: lighter than the head by all that is above it. */
const beside = (height: number, laterMs = 0) =>
  builder.on(main[height - 2] ?? builder.genesis, { laterMs: 1 + laterMs });

async function chainAtHead(farBehindBytesMax?: number) {
  const opened = await openChain(farBehindBytesMax === undefined ? { spec } : { spec, farBehindBytesMax });
  for (const block of main) assert.equal(await opened.give(block), "head");
  return opened;
}

describe("a branch far behind", () => {
  it("is one that is lighter by more than the work of 64 blocks like the head", async () => {
    const { chain } = await chainAtHead();
    assert.deepEqual(
      [2, 15, 16, 17, 40, 80].map((height) => chain.isFarBehind(beside(height).record)),
      [true, true, false, false, false, false],
    );
  });

  it("is kept while there is room, and everyday forks are kept all the same", async () => {
    const room = 2 * beside(2).block.bytes.length;
    const { chain, give } = await chainAtHead(room);
    const [first, second, third] = [1, 2, 3].map((laterMs) => beside(2, laterMs));
    assert.equal(await give(first!), "side");
    assert.equal(await give(second!), "side");
    assert.equal(await give(third!), "block/far-behind");
    assert.equal(chain.headerOf(third!.block.hash), undefined);
    assert.equal(await give(beside(60)), "side");
  });

  it("takes no room for a block that is not stored: its signatures do not hold, or the disk refuses", async () => {
    const unsigned = builder.spoil(builder.transfer(alice, 0, bob, 1n));
    const bad = [1, 2, 3].map((laterMs) => builder.on(main[0]!, { laterMs, transactions: [unsigned] }));
    const { chain, disk, give } = await chainAtHead(bad[0]!.block.bytes.length);
    for (const block of bad) {
      assert.ok(chain.isFarBehind(block.record));
      assert.equal(await give(block), "block/transaction-invalid");
    }
    disk.failNextCommit(new StoreError("store/disk-full", "no room", "make some"));
    await assert.rejects(give(beside(2)));
    assert.equal(await give(beside(2)), "side");
    assert.equal(await give(beside(2, 1)), "block/far-behind");
  });

  it("wins once it is the heavier one, and gives its room back", async () => {
    const branch = builder.branch(beside(2), 85);
    const bytes = branch.reduce((sum, { block }) => sum + block.bytes.length, 0);
    const { chain, give } = await chainAtHead(bytes);
    assert.equal(await give(beside(2)), "side");
    for (const block of branch) await give(block);
    assert.equal(chain.head.hashHex, branch.at(-1)?.block.hashHex);
    const [again] = builder.branch(beside(3), 1);
    assert.equal(await give(beside(3)), "side");
    assert.equal(await give(again!), "side");
  });
});
