/** One of four authorities breaks the rules or bends them: what a chain takes, what it follows, and what it holds against it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { AuthorityChain, checkpointOf } from "../consensus/authority-chain.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { type BuiltBlock, genesisMs } from "./block-builder.ts";
import { type OpenChain, openChain, settled } from "./open-chain.ts";

const four = new AuthorityChain(4);
const { genesis } = four;
const { spec } = four.builder;
const { stepMs } = spec.genesis;
const [, inTurn, second, third] = four.keys as [KeyPair, KeyPair, KeyPair, KeyPair];
const quorum = four.keys.slice(0, 3);

const hashOf = ({ block }: BuiltBlock) => block.hashHex;
const timeOf = ({ block }: BuiltBlock) => block.header.timestampMs;

/** A chain whose clock stands at the time of a block. */
const openAt = (block: BuiltBlock) => openChain({ spec }, { clock: createSimulatedClock(timeOf(block)) });

async function giveAll({ give }: OpenChain, ...blocks: readonly BuiltBlock[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const block of blocks) outcomes.push(await give(block));
  return outcomes;
}

describe("an authority that stamps its blocks ahead", () => {
  const honest = four.child(genesis, { producer: inTurn });
  const ahead = four.child(genesis, { producer: second });

  it("does not seal before those whose turn is earlier: a block may lead the clock by half a step, and 500 ms at most", async () => {
    assert.equal(four.engine.aheadMaxMs, Math.min(500, stepMs / 2));
    const node = await openAt(honest);
    assert.deepEqual(await giveAll(node, ahead, honest), ["block/timestamp-ahead", "head"]);
    await node.clock.advance(timeOf(ahead) - timeOf(honest) - four.engine.aheadMaxMs);
    await settled();
    assert.ok(node.chain.headerOf(ahead.block.hash), "it comes in when its time has come");
    assert.equal(node.chain.head.hashHex, hashOf(honest));
  });

  it("is convicted by two blocks that both have to wait, of which no more are held", async () => {
    const node = await openChain({ spec }, { clock: createSimulatedClock(genesisMs) });
    const siblings = [0, 1, 2].map((laterMs) => four.child(genesis, { producer: second, laterMs }));
    for (const sibling of siblings) assert.equal(await node.give(sibling), "block/timestamp-ahead");
    assert.deepEqual(
      siblings.map(({ block }) => node.chain.isHeld(block.hash)),
      [true, true, false],
    );
    assert.deepEqual(
      node.evidenceFound.map(({ kind }) => kind),
      ["double-seal"],
    );
  });

  it("has a few blocks held, whatever their parents, and pushes out nobody else's", async () => {
    const node = await openAt(honest);
    const parents = [genesis, ...four.grow(genesis, 6)];
    await node.clock.advance(timeOf(parents.at(-1)!) - timeOf(honest));
    await giveAll(node, ...parents.slice(1));
    node.clock.jumpWallClock(genesisMs - node.clock.nowMs());
    const blocks = parents
      .slice(0, -1)
      .map((parent) => four.child(parent, { producer: third, laterMs: 60_000 }));
    for (const block of blocks) assert.equal(await node.give(block), "block/timestamp-ahead");
    assert.equal(blocks.filter(({ block }) => node.chain.isHeld(block.hash)).length, 4);
    const other = four.child(parents[5]!, { producer: second, laterMs: 60_000 });
    assert.equal(await node.give(other), "block/timestamp-ahead");
    assert.equal(node.chain.isHeld(other.block.hash), true);
  });

  it("gets votes for a block that waits judged, and counted once the block is in", async () => {
    const node = await openAt(honest);
    await giveAll(node, ahead);
    const wrong = four.vote(ahead, inTurn, { height: 0, hash: new Uint8Array(32).fill(1) });
    assert.deepEqual(await node.vote(wrong), ["vote/source-wrong"]);
    assert.deepEqual(await node.vote(...four.votes(ahead, quorum)), ["held", "held", "held"]);
    assert.deepEqual(await node.vote(...four.votes(ahead, quorum)), Array(3).fill("vote/known"));
    assert.equal(node.chain.certificateOf(ahead.block.hash), undefined);
    await node.clock.advance(timeOf(ahead) - timeOf(honest));
    await settled();
    assert.ok(node.chain.certificateOf(ahead.block.hash));
  });
});

describe("a block that a quorum has voted for", () => {
  const voted = four.child(genesis, { producer: inTurn });
  const hidden = four.child(genesis, { producer: second });
  // Together heavier than the block in turn.
  const hiddenMore = four.child(hidden, { producer: second });

  it("stays the head, though nothing carries its certificate yet and a heavier chain comes", async () => {
    const node = await openAt(hiddenMore);
    await giveAll(node, voted);
    assert.deepEqual(await node.vote(...four.votes(voted, quorum)), ["counted", "counted", "certified"]);
    assert.deepEqual(await giveAll(node, hidden, hiddenMore), ["side", "side"]);
    assert.equal(node.chain.head.hashHex, hashOf(voted));
  });

  it("becomes the head by votes that are complete soon after it has come", async () => {
    const node = await openAt(hiddenMore);
    assert.deepEqual(await giveAll(node, voted, hidden), ["head", "side"]);
    await node.clock.advance(1_400);
    await node.vote(...four.votes(hidden, quorum));
    assert.equal(node.chain.head.hashHex, hashOf(hidden));
    const [change] = node.headChanges.slice(-1);
    assert.deepEqual([change?.disconnected.length, change?.connected.length], [1, 1]);
  });

  it("does not become the head by a vote that was kept back, until a block carries the certificate", async () => {
    const node = await openAt(hiddenMore);
    await giveAll(node, voted, hidden);
    await node.vote(...four.votes(hidden, quorum.slice(0, 2)));
    await node.clock.advance(1_501);
    assert.deepEqual(await node.vote(four.vote(hidden, quorum[2]!)), ["certified"]);
    assert.equal(node.chain.head.hashHex, hashOf(voted));
    const carrying = four.child(hidden, { certificate: four.certificate(hidden) });
    assert.equal(await node.give(carrying), "head");
  });

  it("becomes the head on arrival if its votes were here before it", async () => {
    const node = await openAt(hiddenMore);
    await giveAll(node, voted);
    await node.vote(...four.votes(hidden, quorum));
    await node.clock.advance(60_000);
    await node.give(hidden);
    assert.equal(node.chain.head.hashHex, hashOf(hidden));
  });

  it("is not guarded any more by votes that came long before a restart", async () => {
    const node = await openAt(hiddenMore);
    await giveAll(node, voted, hidden);
    const again = await openChain({ spec }, { disk: node.disk, clock: node.clock });
    await again.vote(...four.votes(hidden, quorum));
    assert.equal(again.chain.head.hashHex, hashOf(voted));
    await again.vote(...four.votes(voted, quorum));
    assert.equal(again.chain.head.hashHex, hashOf(voted));
  });
});

it("of two chains that are as heavy the one that was seen first stays", async () => {
  const one = [four.child(genesis, { producer: inTurn })];
  one.push(four.child(one[0]!, { producer: third }));
  const other = [four.child(genesis, { producer: second })];
  other.push(four.child(other[0]!, { producer: second }));
  assert.equal(one[1]!.record.cumulativeWeight, other[1]!.record.cumulativeWeight);
  for (const [first, late] of [
    [one, other],
    [other, one],
  ]) {
    const node = await openChain({ spec });
    await giveAll(node, ...first!, ...late!);
    assert.equal(node.chain.head.hashHex, hashOf(first![1]!));
  }
});

describe("an authority that is proven to have sealed two blocks on one parent", () => {
  const [block, sibling] = [0, 1].map((laterMs) => four.child(genesis, { producer: inTurn, laterMs })) as [
    BuiltBlock,
    BuiltBlock,
  ];

  it("loses the head: the others build on its parent and tell the evidence", async () => {
    const node = await openChain({ spec });
    assert.deepEqual(await giveAll(node, block, sibling), ["head", "side"]);
    assert.equal(node.chain.head.hashHex, hashOf(genesis));
    const section = node.chain.sectionOn(node.chain.head);
    assert.equal(section.evidence.length, 1);
    const evidence = node.chain.evidence();
    const next = four.child(genesis, { producer: second, evidence });
    assert.equal(await node.give(next), "head");
    assert.equal(four.setOf(next).length, 3);
    // What it goes on to seal beside that does not come back, however many blocks it makes.
    const more = four.child(block, { producer: inTurn });
    assert.deepEqual(await giveAll(node, more), ["side"]);
    assert.equal(node.chain.head.hashHex, hashOf(next));
  });

  it("keeps what a quorum has voted for", async () => {
    const node = await openChain({ spec });
    await giveAll(node, block);
    await node.vote(...four.votes(block, quorum));
    await giveAll(node, sibling);
    assert.equal(node.evidenceFound.length, 1);
    assert.equal(node.chain.head.hashHex, hashOf(block));
  });

  it("is noticed by blocks that are refused", async () => {
    const node = await openChain({ spec });
    const bad = four.builder.on(genesis, {
      producer: inTurn,
      header: { consensusStateHash: new Uint8Array(32).fill(1) },
    });
    assert.deepEqual(await giveAll(node, bad, block), ["block/consensus-state-wrong", "side"]);
    assert.equal(node.evidenceFound.length, 1);
  });

  it("is known by the evidence that another branch carries", async () => {
    const node = await openChain({ spec });
    const evidence = [four.doubleSeal(genesis, inTurn)];
    assert.deepEqual(await giveAll(node, block, four.child(genesis, { producer: third, evidence })), [
      "head",
      "side",
    ]);
    assert.notEqual(node.chain.head.hashHex, hashOf(block));
  });

  it("still counts where all authorities are proven offenders: somebody has to go on", async () => {
    const two = new AuthorityChain(2);
    const node = await openChain({ spec: two.builder.spec });
    const blocks = two.keys.flatMap((producer) =>
      [0, 1].map((laterMs) => two.child(two.genesis, { producer, laterMs })),
    );
    await giveAll(node, ...blocks);
    assert.equal(node.evidenceFound.length, 2);
    const next = two.child(blocks[0]!);
    assert.equal(await node.give(next), "head");
  });
});

it("an authority out of turn is told how long ago the parent came", async () => {
  const block = four.child(genesis, { producer: inTurn });
  const node = await openAt(block);
  assert.equal(node.chain.sinceArrivalMs(genesis.record), Number.POSITIVE_INFINITY);
  await giveAll(node, block);
  await node.clock.advance(700);
  assert.equal(node.chain.sinceArrivalMs(block.record), 700);
  const { periodMs } = spec.genesis;
  const slot = four.engine.slot(block.record, third.publicKey);
  assert.equal(slot?.afterParentMs, periodMs + stepMs - 300);
  assert.equal(four.engine.slot(block.record, second.publicKey)?.afterParentMs, 0);
  assert.equal(checkpointOf(block).height, 1);
});
