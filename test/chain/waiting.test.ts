/** Blocks that come too soon: before their parent, before their time; kept, bounded, and taken up when it is time. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { WaitingBlocks } from "../../src/chain/waiting-blocks.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { BlockBuilder, genesisMs, keyPairNamed, testSpec } from "./block-builder.ts";
import { openChain, settled } from "./open-chain.ts";

const poa = new BlockBuilder(testSpec("poa"));
const pow = new BlockBuilder(testSpec("pow"));

describe("orphans", () => {
  it("wait for their parents, in any order, and are announced when they are in", async () => {
    const { chain, give, waitingImported } = await openChain({ spec: pow.spec });
    const blocks = pow.branch(pow.genesis, 6);
    const [first, ...rest] = blocks;
    for (const block of rest.toReversed()) assert.equal(await give(block), "block/parent-unknown");
    assert.equal(chain.orphanCount, 5);
    assert.ok(chain.isKnown(rest[0]!.block.hash));
    const again = chain.offer(rest[0]!.block);
    assert.deepEqual(again, {
      ok: false,
      fault: { code: "block/parent-unknown", parentHash: first?.block.hashHex },
    });
    assert.equal(await give(first!), "head");
    await settled();
    assert.equal(chain.head.hashHex, blocks.at(-1)?.block.hashHex);
    assert.equal(chain.orphanCount, 0);
    assert.deepEqual(
      waitingImported.map(({ hashHex }) => hashHex),
      rest.map(({ block }) => block.hashHex),
    );
  });

  it("are bounded in number: the oldest goes", async () => {
    const { chain, give } = await openChain({ spec: pow.spec, orphansMax: 10 });
    const parent = pow.on(pow.genesis);
    const orphans = Array.from({ length: 40 }, (_, index) => pow.on(parent, { laterMs: index }));
    for (const orphan of orphans) assert.equal(await give(orphan), "block/parent-unknown");
    assert.equal(chain.orphanCount, 10);
    assert.equal(chain.isKnown(orphans[0]!.block.hash), false);
    assert.equal(chain.isKnown(orphans.at(-1)!.block.hash), true);
  });

  it("are bounded in bytes", () => {
    const [block] = pow.branch(pow.genesis, 1);
    const bytes = block!.block.bytes.length;
    const waiting = new WaitingBlocks({ blocksMax: 100, bytesMax: 3 * bytes });
    for (let index = 0; index < 20; index += 1) waiting.add(pow.on(pow.genesis, { laterMs: index }).block);
    assert.equal(waiting.size, 3);
    assert.equal(waiting.take(() => true).length, 3);
    assert.equal(waiting.earliestMs(), undefined);
    // What was taken no longer counts.
    for (let index = 0; index < 3; index += 1) waiting.add(pow.on(pow.genesis, { laterMs: index }).block);
    assert.equal(waiting.size, 3);
  });

  it("are not kept without the work or the signature that they claim", async () => {
    const { chain, give } = await openChain({ spec: poa.spec });
    const parent = poa.on(poa.genesis);
    const unsigned = poa.on(parent, { sealedBy: keyPairNamed("nobody") });
    assert.equal(await give(unsigned), "block/seal-invalid");
    assert.equal(chain.orphanCount, 0);
  });

  it("stay out when their parent turns out to be bad", async () => {
    const { chain, give } = await openChain({ spec: poa.spec });
    const bad = poa.on(poa.genesis, { header: { stateRoot: new Uint8Array(32).fill(1) } });
    const child = poa.on(bad);
    assert.equal(await give(child), "block/parent-unknown");
    assert.equal(await give(bad), "block/state-root-wrong");
    await settled();
    assert.equal(chain.head.header.height, 0);
    assert.equal(await give(child), "block/parent-invalid");
  });
});

describe("blocks from the future", () => {
  it("are held until their time and then imported, with those that build on them", async () => {
    const clock = createSimulatedClock(genesisMs);
    const { chain, give, waitingImported } = await openChain({ spec: poa.spec }, { clock });
    const ahead = poa.on(poa.genesis, { laterMs: 20_000 });
    const child = poa.on(ahead);
    assert.equal(await give(ahead), "block/timestamp-ahead");
    assert.equal(await give(child), "block/parent-unknown");
    assert.ok(chain.isKnown(ahead.block.hash));
    const waitMs = ahead.block.header.timestampMs - poa.engine.aheadMaxMs - genesisMs;
    await clock.advance(waitMs - 1);
    assert.equal(chain.head.header.height, 0);
    await clock.advance(1);
    assert.equal(chain.head.hashHex, ahead.block.hashHex);
    assert.equal(waitingImported.length, 1);
    // The child was an orphan only; it is early in its turn, and comes in at its own time.
    await clock.advance(poa.spec.genesis.periodMs);
    assert.equal(chain.head.hashHex, child.block.hashHex);
  });

  it("are taken at the very edge of what clocks may differ", async () => {
    const clock = createSimulatedClock(genesisMs);
    const { give } = await openChain({ spec: pow.spec }, { clock });
    const { minimumIntervalMs } = pow.spec.genesis;
    const edgeMs = pow.engine.aheadMaxMs - minimumIntervalMs;
    assert.equal(await give(pow.on(pow.genesis, { laterMs: edgeMs + 1 })), "block/timestamp-ahead");
    assert.equal(await give(pow.on(pow.genesis, { laterMs: edgeMs })), "head");
  });

  it("are not condemned: sent again at their time, they are taken", async () => {
    const clock = createSimulatedClock(genesisMs);
    const { give } = await openChain({ spec: pow.spec, orphansMax: 1 }, { clock });
    const early = pow.on(pow.genesis, { laterMs: 60_000 });
    assert.equal(await give(early), "block/timestamp-ahead");
    // Pushed out by another.
    assert.equal(await give(pow.on(pow.genesis, { laterMs: 61_000 })), "block/timestamp-ahead");
    await clock.advance(61_000 - pow.engine.aheadMaxMs);
    assert.equal(await give(early), "head");
  });

  it("come in when the clock is set forward, and hold nothing up when it is set back", async () => {
    const clock = createSimulatedClock(genesisMs);
    const { chain, give } = await openChain({ spec: pow.spec }, { clock });
    const [first, second] = pow.branch(pow.genesis, 2);
    assert.equal(await give(first!), "head");
    clock.jumpWallClock(-3_600_000);
    // All that builds on a head which is now in the future has to wait, and is not lost.
    assert.equal(await give(second!), "block/timestamp-ahead");
    assert.equal(chain.head.hashHex, first?.block.hashHex);
    clock.jumpWallClock(3_600_000);
    assert.equal(await give(second!), "head");
    await clock.advance(2 * 3_600_000);
    assert.equal(chain.head.hashHex, second?.block.hashHex);
  });

  it("come in soon after a clock that was behind is set right, though nobody sends them again", async () => {
    const clock = createSimulatedClock(genesisMs + 3_600_000);
    const { chain, give } = await openChain({ spec: pow.spec }, { clock });
    const blocks = pow.branch(pow.genesis, 4);
    clock.jumpWallClock(-3_700_000);
    assert.equal(await give(blocks[0]!), "block/timestamp-ahead");
    for (const block of blocks.slice(1)) assert.equal(await give(block), "block/parent-unknown");
    await clock.advance(60_000);
    assert.equal(chain.head.header.height, 0);
    clock.jumpWallClock(3_700_000);
    await clock.advance(10_000);
    assert.equal(chain.head.hashHex, blocks[3]?.block.hashHex);
  });
});
