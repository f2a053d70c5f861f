/** The block producer on a real chain: what holds it back before it seals, and that it goes on by itself. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { addressOf } from "../../src/protocol/identity.ts";
import { createAuthoritySealer } from "../../src/sealing/poa/poa-sealer.ts";
import { keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { createMemorySealJournal } from "../support/memory-seal-journal.ts";
import { TestPermission } from "../support/test-permission.ts";
import { openProducer, type ProducerRigOptions } from "./producer-rig.ts";

const authority = keyPairNamed("first");

/** A lone authority that seals empty blocks, one for each second. */
async function producerRig(t: TestContext, rigOptions?: ProducerRigOptions) {
  const spec = testSpec("poa", { authorities: [addressOf(authority.publicKey)], periodMs: 1_000 });
  const sealer = createAuthoritySealer({ keyPair: authority }, { journal: createMemorySealJournal() });
  const options = { producer: authority.publicKey, mineEmptyBlocks: true };
  const rig = await openProducer(t, spec, sealer, options, rigOptions);
  return { ...rig, height: () => rig.chain.head.header.height };
}

test("listens first, and seals by itself once that time is over", async (t) => {
  const { start, producer, clock, height } = await producerRig(t, { listenFirstMs: 5_000 });
  await clock.advance(3_000);
  start();
  await clock.advance(2_000);
  clock.jumpWallClock(3_600_000);
  await clock.advance(2_999);
  assert.equal(producer.notSealingBecause, "listening first");
  assert.equal(height(), 0);
  await clock.advance(1);
  await clock.advance(3_000);
  assert.ok(height() > 0);
});

test("without the wish it seals at once", async (t) => {
  const { start, clock, height } = await producerRig(t);
  start();
  await clock.advance(500);
  assert.equal(height(), 1);
});

test("what forbids sealing is asked before each block and named, and sealing goes on by itself once nothing does", async (t) => {
  const permission = new TestPermission();
  const { producer, clock, height } = await producerRig(t, { permission });
  permission.set("clock off");
  producer.start();
  await clock.advance(10_000);
  assert.equal(producer.notSealingBecause, "clock off");
  assert.equal(height(), 0);
  permission.set(undefined);
  await clock.advance(10_000);
  const sealed = height();
  assert.ok(sealed > 0);
  permission.set("key seen elsewhere");
  await clock.advance(10_000);
  assert.equal(producer.notSealingBecause, "key seen elsewhere");
  assert.ok(height() <= sealed + 1, "at most the block that was on its way");
});

test("a block that has to wait, since the clock was set back, is sent as it is: nothing is stamped or sealed anew", async (t) => {
  const journal = createMemorySealJournal();
  let signed = 0;
  const record = journal.record.bind(journal);
  journal.record = async (entry) => {
    signed += 1;
    await record(entry);
    if (signed === 1) set();
  };
  const spec = testSpec("poa", { authorities: [addressOf(authority.publicKey)], periodMs: 1_000 });
  const sealer = createAuthoritySealer({ keyPair: authority }, { journal });
  const options = { producer: authority.publicKey, mineEmptyBlocks: true };
  const permission = new TestPermission();
  const { producer, clock, chain } = await openProducer(t, spec, sealer, options, { permission });
  const set = () => {
    clock.jumpWallClock(-5_000);
    // Once more when the block's time has come, a moment before the block is imported.
    clock.schedule(5_000, () => clock.jumpWallClock(-5_000));
  };
  producer.start();
  await clock.advance(9_000);
  assert.deepEqual([signed, chain.head.header.height], [1, 0]);
  await clock.advance(1_000);
  assert.deepEqual([signed, chain.head.header.height], [1, 1]);
  await clock.advance(3_000);
  assert.ok(signed > 1);
  assert.equal(signed, chain.head.header.height);
});
