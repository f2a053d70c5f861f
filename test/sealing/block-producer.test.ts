/** The block producer on a real chain: what holds it back before it seals, and that it goes on by itself. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { createSimulatedClock } from "../../src/base/simulated-clock.ts";
import { Chain } from "../../src/chain/chain.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import { createMempool } from "../../src/mempool/mempool.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { BlockProducer } from "../../src/sealing/block-producer.ts";
import type { NotSealingReason } from "../../src/sealing/not-sealing.ts";
import { createMemorySealJournal } from "../../src/sealing/poa/memory-seal-journal.ts";
import { createAuthoritySealer } from "../../src/sealing/poa/poa-sealer.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { genesisMs, keyPairNamed, testSpec } from "../chain/block-builder.ts";

const authority = keyPairNamed("first");
const logger = silentLogger;

/** A lone authority that seals empty blocks, one for each second, an hour after the genesis. */
async function producerRig(
  t: TestContext,
  listenFirstMs: number | undefined,
  mayNotSeal?: () => NotSealingReason | undefined,
) {
  const spec = testSpec("poa", { authorities: [addressOf(authority.publicKey)], periodMs: 1_000 });
  const clock = createSimulatedClock(genesisMs + 3_600_000);
  const verifier = createInlineVerifier();
  const store = createMemoryStore();
  const chain = await Chain.open({ spec }, { store, engine: createEngine(spec), verifier, clock, logger });
  const { minimumFee } = spec.genesis;
  const ledger = () => ({
    view: chain.ledger,
    height: chain.head.header.height,
    minimumFee,
    voteFault: () => undefined,
  });
  const mempool = createMempool({}, { clock, verifier, logger, ledger });
  const sealer = createAuthoritySealer({ keyPair: authority }, { journal: createMemorySealJournal() });
  const producer = new BlockProducer(
    { producer: authority.publicKey, mineEmptyBlocks: true, extraData: new Uint8Array(32), listenFirstMs },
    {
      chain,
      mempool,
      sealer,
      clock,
      logger,
      announceBlock() {},
      isSyncing: () => false,
      quorumHeard: () => true,
      hasPeers: () => true,
      mayNotSeal,
    },
  );
  t.after(async () => {
    await producer.stop();
    await chain.close();
    mempool.close();
    await verifier.close();
  });
  return { producer, clock, height: () => chain.head.header.height };
}

test("listens first, and seals by itself once that time is over", async (t) => {
  const { producer, clock, height } = await producerRig(t, 5_000);
  await clock.advance(3_000);
  producer.start();
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
  const { producer, clock, height } = await producerRig(t, undefined);
  producer.start();
  await clock.advance(500);
  assert.equal(height(), 1);
});

test("what forbids sealing is asked before each block, named, and asked again until it no longer does", async (t) => {
  let reason: NotSealingReason | undefined = "clock off";
  const { producer, clock, height } = await producerRig(t, undefined, () => reason);
  producer.start();
  await clock.advance(10_000);
  assert.equal(producer.notSealingBecause, "clock off");
  assert.equal(height(), 0);
  reason = undefined;
  await clock.advance(10_000);
  const sealed = height();
  assert.ok(sealed > 0);
  reason = "key seen elsewhere";
  await clock.advance(10_000);
  assert.equal(producer.notSealingBecause, "key seen elsewhere");
  assert.ok(height() <= sealed + 1, "at most the block that was on its way");
});
