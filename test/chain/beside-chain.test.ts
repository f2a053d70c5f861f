/** What lies beside the chain: cheap to make where the floor is low, so only so much is kept, and the lightest goes first. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BesideLimits } from "../../src/chain/beside-chain.ts";
import type { Chain, JudgedBlock } from "../../src/chain/chain.ts";
import { type Block, peekSealedHeader, type SealedHeader } from "../../src/protocol/block.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { StoreError } from "../../src/store/chain-store.ts";
import { createMemoryDisk } from "../support/memory-store.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, testSpec } from "./block-builder.ts";
import { openChain, settled } from "./open-chain.ts";

/** Blocks on schedule, so that all have the same weight. */
const spec = testSpec("pow", { targetBlockTimeMs: 1_000, minimumIntervalMs: 1_000 });
const builder = new BlockBuilder(spec);
const main = builder.branch(builder.genesis, 80);
/** Another block at a height: lighter than the head by all that is above it. */
const beside = (height: number, laterMs = 0) =>
  builder.on(main[height - 2] ?? builder.genesis, { laterMs: 1 + laterMs });
/** What an empty block takes of the limits. */
const cost = beside(2).block.bytes.length + 1_024;

async function chainAtHead(besideLimits: Partial<BesideLimits> = {}, disk = createMemoryDisk()) {
  const opened = await openChain({ spec, besideLimits }, { disk });
  for (const block of main) assert.equal(await opened.give(block), "head");
  const has = ({ block }: BuiltBlock) => opened.chain.headerOf(block.hash) !== undefined;
  const unasked = ({ block }: BuiltBlock) => {
    const judged = opened.chain.offer(block);
    assert.ok(judged.ok);
    return opened.chain.unaskedFault((judged.value as JudgedBlock).record, block.bytes.length)?.code;
  };
  return { ...opened, has, unasked };
}

/** How many bytes the transactions take at the end of a block. */
function transactionBytes({ transactions }: Block): number {
  return transactions.reduce((sum, { bytes }) => sum + bytes.length + 4, 0);
}

describe("a block beside the chain", () => {
  it("is of no use to a node that did not ask for it if it is lighter by more than the work of 64 blocks", async () => {
    const { unasked } = await chainAtHead();
    const far = "block/far-behind";
    const codes = [2, 15, 16, 17, 40].map((height) => unasked(beside(height)));
    assert.deepEqual(codes, [far, far, undefined, undefined, undefined]);
  });

  it("loses by its header alone: no transaction behind it is decoded, and its seal counts as evidence", async () => {
    const { chain, unasked } = await chainAtHead();
    const loserOf = ({ block }: BuiltBlock, chain: Chain) => {
      const header = block.bytes.slice(0, block.bytes.length - transactionBytes(block));
      return chain.loserOf(peekSealedHeader(block.bytes) as SealedHeader, header);
    };
    const transactions = [builder.transfer(alice, 0, bob, 1n)];
    const full = builder.on(main[58]!, { laterMs: 1, transactions });
    const loser = loserOf(full, chain);
    assert.ok(loser?.ok);
    assert.deepEqual(
      [loser.value.hashHex, loser.value.cumulativeWeight],
      [full.block.hashHex, full.record.cumulativeWeight],
    );
    assert.equal(unasked(full), undefined);
    assert.equal(loserOf(builder.on(main.at(-1)!, { transactions }), chain), undefined, "this one wins");
    const wrong = builder.on(main[58]!, { laterMs: 2, header: { target: zeroBytes32 } });
    assert.equal(loserOf(wrong, chain)?.ok, false);

    const poa = new BlockBuilder(testSpec("poa"));
    const [first, second] = [0, 1].map((laterMs) => poa.on(poa.genesis, { laterMs })) as [
      BuiltBlock,
      BuiltBlock,
    ];
    const opened = await openChain({ spec: poa.spec });
    await opened.give(first);
    assert.ok(loserOf(second, opened.chain)?.ok);
    assert.equal(opened.evidenceFound.length, 1);
  });

  it("is of no use either if four of its siblings are stored", async () => {
    const { unasked, give } = await chainAtHead();
    for (const laterMs of [1, 2, 3, 4]) {
      assert.equal(unasked(beside(60, laterMs)), undefined);
      assert.equal(await give(beside(60, laterMs)), "side");
    }
    assert.equal(unasked(beside(60, 5)), "block/far-behind");
    assert.equal(unasked(beside(61, 1)), undefined);
  });

  it("is of no use either while much is written beside the chain; a block that wins always is", async () => {
    const { unasked, give } = await chainAtHead({ bytesPerMinuteMax: 3 * cost });
    assert.equal(unasked(beside(60)), undefined);
    assert.equal(await give(beside(60)), "side");
    assert.equal(unasked(beside(61)), "block/far-behind");
    assert.equal(await give(beside(61)), "side", "there is room for a block that was fetched");
    assert.equal(unasked(builder.on(main.at(-1)!)), undefined);
  });

  it("is kept within a limit of bytes: the lightest goes first, and a lighter one does not come in", async () => {
    const { chain, give, has } = await chainAtHead({ bytesMax: 3 * cost });
    const [low, middle, high, higher] = [20, 30, 40, 50].map((height) => beside(height)) as BuiltBlock[];
    for (const block of [middle, low, high]) assert.equal(await give(block!), "side");
    assert.equal(await give(higher!), "side");
    assert.deepEqual(
      [low, middle, high, higher].map((block) => has(block!)),
      [false, true, true, true],
    );
    assert.ok(chain.bytesBeside <= 3 * cost);
    assert.equal(await give(low!), "block/far-behind");
    assert.equal(await give(beside(30, 5)), "block/far-behind", "an equal one does not push out the first");
    assert.equal(has(middle!), true);
  });

  it("leaves a record in memory that holds none of its bytes", async () => {
    const { chain, give } = await chainAtHead();
    for (const { block } of [beside(60), main.at(-1)!]) {
      await give({ block });
      const record = chain.headerOf(block.hash);
      assert.ok(record);
      const kept = [...Object.values(record.header), ...Object.values(record.seal)];
      const arrays = kept.filter((value) => value instanceof Uint8Array);
      assert.ok(arrays.length > 5);
      for (const { buffer } of arrays) assert.notEqual(buffer, block.bytes.buffer);
    }
  });

  it("goes from its tip down, so that no block that is kept lacks its parent", async () => {
    const { give, has } = await chainAtHead({ bytesMax: 4 * cost });
    const branch = [beside(20), ...builder.branch(beside(20), 3)];
    for (const block of branch) assert.equal(await give(block), "side");
    assert.equal(await give(beside(40)), "side");
    assert.deepEqual(branch.map(has), [true, true, true, false]);
    assert.equal(await give(beside(50)), "side");
    assert.deepEqual(branch.map(has), [true, true, false, false]);
  });

  it("is written at a bounded rate, but for one on which a better block waits", async () => {
    const { clock, give } = await chainAtHead({ bytesPerMinuteMax: 2 * cost });
    const [loser, other] = [beside(80), beside(80, 1)];
    for (const block of [beside(60), beside(70)]) assert.equal(await give(block), "side");
    assert.equal(await give(other), "block/far-behind");
    const winner = builder.branch(loser, 2).at(-1)!;
    const between = builder.branch(loser, 1)[0]!;
    for (const orphan of [winner, between]) assert.equal(await give(orphan), "block/parent-unknown");
    assert.match(await give(loser), /^(side|head)$/);
    await clock.advance(60_000);
    assert.match(await give(other), /^(side|head)$/);
  });

  it("takes no room if it is not stored: its signatures do not hold, or the disk refuses", async () => {
    const unsigned = builder.spoil(builder.transfer(alice, 0, bob, 1n));
    const bad = [1, 2, 3].map((laterMs) => builder.on(main[0]!, { laterMs, transactions: [unsigned] }));
    const { chain, disk, give } = await chainAtHead({ bytesMax: bad[0]!.block.bytes.length + 1_024 });
    for (const block of bad) assert.equal(await give(block), "block/transaction-invalid");
    disk.failNextCommit(new StoreError("store/disk-full", "no room", "make some"));
    await assert.rejects(give(beside(2)));
    assert.equal(chain.bytesBeside, 0);
    assert.equal(await give(beside(2)), "side");
    assert.equal(await give(beside(2, 1)), "block/far-behind");
  });

  it("wins once it is the heavier one; what it pushes out is counted, and trimmed with the next heads", async () => {
    const branch = builder.branch(beside(72), 12);
    const { chain, give } = await chainAtHead({ bytesMax: 10 * cost });
    assert.equal(await give(beside(72)), "side");
    for (const block of branch) await give(block);
    assert.equal(chain.head.hashHex, branch.at(-1)?.block.hashHex);
    assert.ok(chain.bytesBeside <= 10 * cost, `${chain.bytesBeside} bytes`);
  });

  it("pushes out an equal one if a better block waits for it", async () => {
    const { give, has } = await chainAtHead({ bytesMax: cost });
    const [stored, loser] = [beside(80), beside(80, 1)];
    assert.equal(await give(beside(79)), "side");
    const outcomes = [await give(stored), await give(loser)];
    // One of three blocks of equal weight is the head; at most one of the others has room.
    assert.ok(outcomes.includes("block/far-behind") || outcomes.includes("head"));
    const late = beside(80, 2);
    const winner = builder.on(late);
    assert.equal(await give(winner), "block/parent-unknown");
    assert.match(await give(late), /^(side|head)$/);
    await settled();
    assert.ok(has(winner));
  });

  it("was stored by an older program without a limit: the store opens as it is, and is trimmed at the next head", async () => {
    const disk = createMemoryDisk();
    const before = await chainAtHead({}, disk);
    for (let height = 10; height < 80; height += 1) assert.equal(await before.give(beside(height)), "side");
    await before.chain.close();
    const { chain, give } = await openChain({ spec, besideLimits: { bytesMax: 5 * cost } }, { disk });
    assert.ok(chain.bytesBeside > 60 * cost);
    const next = builder.branch(main.at(-1)!, 2);
    assert.equal(await give(next[0]!), "head");
    assert.ok(chain.bytesBeside < 10 * cost, "as much as one commit removes");
    assert.equal(await give(next[1]!), "head");
    assert.ok(chain.bytesBeside <= 5 * cost);
    assert.ok(chain.headerOf(beside(79).block.hash), "the heaviest is kept");
    assert.equal(chain.headerOf(beside(10).block.hash), undefined);
  });
});
