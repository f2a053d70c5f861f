/** The strip of blocks: where cards stand, which branches are drawn, and how far it moves when blocks come. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { arrivedBlocks, type StripBlock, stripLayout } from "../../src/web/pages/overview/strip-layout.ts";

const block = (height: number, branch = "a", transactionCount = 0): StripBlock => ({
  height,
  hash: `${branch}${height}`,
  parentHash: `${branch}${height - 1}`,
  timestampMs: height * 1_000,
  producer: null,
  producerName: null,
  transactionCount,
});
/** Newest first. */
const chain = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => block(to - index));
const address = "aurex1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0szh2r6n";
/** Blocks `from` to `to` of a branch that leaves the chain below `from`. */
const branch = (name: string, from: number, to: number, forkHash = `a${from - 1}`) => ({
  forkPoint: { height: from - 1, hash: forkHash },
  blocks: Array.from({ length: to - from + 1 }, (_, index) => {
    const made = block(to - index, name);
    return {
      ...made,
      parentHash: made.height === from ? forkHash : made.parentHash,
      producer: address,
      time: "2026-01-01T00:00:00.000Z",
    };
  }),
});
const places = (layout: ReturnType<typeof stripLayout>) =>
  layout.placed.map(({ block: { hash }, column, lane }) => `${hash}@${column}/${lane}`);

describe("the strip's layout", () => {
  it("is empty without blocks, and has one card for a chain of its genesis block alone", () => {
    assert.deepEqual(stripLayout({ blocks: [], branches: [], finalHeight: null }).placed, []);
    const alone = stripLayout({ blocks: [block(0)], branches: [], finalHeight: null });
    assert.deepEqual(places(alone), ["a0@0/0"]);
    assert.equal(alone.columns, 1);
    assert.equal(alone.lanes, 1);
  });

  it("puts the newest block first, and marks the head and what is final", () => {
    const { placed } = stripLayout({ blocks: chain(3, 6), branches: [], finalHeight: 4 });
    assert.deepEqual(
      placed.map(({ block: { height }, state }) => [height, state]),
      [
        [6, "head"],
        [5, "chain"],
        [4, "final"],
        [3, "final"],
      ],
    );
    const all = stripLayout({ blocks: chain(3, 6), branches: [], finalHeight: 6 });
    assert.equal(all.placed[0]?.state, "final");
  });

  it("draws a branch below the chain at its own heights, with the way up to the block that it left", () => {
    const layout = stripLayout({ blocks: chain(0, 6), branches: [branch("b", 4, 5)], finalHeight: null });
    assert.deepEqual(places(layout).slice(-2), ["b5@1/1", "b4@2/1"]);
    assert.deepEqual(
      layout.placed.filter(({ lane }) => lane > 0).map(({ risesTo }) => risesTo),
      [undefined, 1],
    );
    assert.equal(layout.lanes, 2);
  });

  it("lets branches share a row if their heights do not touch, and counts those without room", () => {
    const apart = stripLayout({
      blocks: chain(0, 12),
      branches: [branch("b", 10, 11), branch("c", 3, 4)],
      finalHeight: null,
    });
    assert.equal(apart.lanes, 2);
    const crowded = stripLayout({
      blocks: chain(0, 12),
      branches: ["b", "c", "d", "e"].map((name) => branch(name, 10, 11)),
      finalHeight: null,
    });
    assert.equal(crowded.lanes, 3);
    assert.equal(crowded.hiddenBranches, 2);
  });

  it("leaves out branches below the strip, and cuts one that began below it, without a way up", () => {
    const old = stripLayout({ blocks: chain(20, 30), branches: [branch("b", 3, 6)], finalHeight: null });
    assert.equal(old.lanes, 1);
    assert.equal(old.hiddenBranches, 0);
    const cut = stripLayout({ blocks: chain(20, 30), branches: [branch("b", 18, 21)], finalHeight: null });
    assert.deepEqual(places(cut).slice(-2), ["b21@9/1", "b20@10/1"]);
    assert.equal(
      cut.placed.some(({ risesTo }) => risesTo !== undefined),
      false,
    );
  });

  it("has room above the head for a branch that is longer than the chain which finality holds", () => {
    const layout = stripLayout({ blocks: chain(0, 4), branches: [branch("b", 4, 6)], finalHeight: 4 });
    assert.equal(layout.columns, 7);
    assert.equal(layout.placed[0]?.column, 2);
  });

  it("fills cards by their transactions, so that a full block is full and an empty one empty", () => {
    const blocks = [block(3, "a", 4_000), block(2, "a", 60), block(1, "a", 1), block(0)];
    const fills = stripLayout({ blocks, branches: [], finalHeight: null }).placed.map(({ fill }) => fill);
    assert.equal(fills[0], 1);
    assert.equal(fills[3], 0);
    assert.ok(fills.every((fill, index) => index === 0 || fill < (fills[index - 1] as number)));
    const calm = stripLayout({ blocks: [block(1, "a", 1)], branches: [], finalHeight: null });
    assert.ok((calm.placed[0]?.fill as number) < 0.5);
  });
});

describe("what moves the strip", () => {
  it("is the number of blocks that came on top of the head that was shown", () => {
    assert.equal(arrivedBlocks([], chain(0, 4)), 0);
    assert.equal(arrivedBlocks(chain(0, 4), chain(0, 4)), 0);
    assert.equal(arrivedBlocks(chain(0, 4), chain(0, 5)), 1);
    assert.equal(arrivedBlocks(chain(0, 4), chain(2, 7)), 3);
  });

  it("is nothing if the head that was shown has left the chain", () => {
    assert.equal(arrivedBlocks([block(5, "b"), ...chain(0, 4)], chain(0, 6)), 0);
  });
});
