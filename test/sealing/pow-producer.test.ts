/** The block producer over a work board: long searches go on with fresh drafts, and a nonce for any of them counts. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { createSimulatedClock } from "../../src/base/simulated-clock.ts";
import { Chain } from "../../src/chain/chain.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import { createMempool } from "../../src/mempool/mempool.ts";
import { BlockProducer } from "../../src/sealing/block-producer.ts";
import { searchNonces } from "../../src/sealing/pow/search-nonces.ts";
import { WorkBoard, type WorkJob } from "../../src/sealing/pow/work-board.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { genesisMs, keyPairNamed, testSpec } from "../chain/block-builder.ts";

const miner = keyPairNamed("miner");
const logger = silentLogger;

/** A miner whose nonces all come from outside, an hour after the genesis. */
async function minerRig(t: TestContext, mineEmptyBlocks: boolean) {
  const spec = testSpec("pow", { minimumIntervalMs: 1_000 });
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
  const board = new WorkBoard({ own: undefined, firstJobId: 0 });
  const jobs: WorkJob[] = [];
  board.events.on("job", (job) => jobs.push(job));
  const announced: number[] = [];
  const producer = new BlockProducer(
    { producer: miner.publicKey, mineEmptyBlocks, extraData: new Uint8Array(32) },
    {
      chain,
      mempool,
      sealer: board,
      clock,
      logger,
      announceBlock: ({ header }) => announced.push(header.height),
      isSyncing: () => false,
      quorumHeard: () => true,
      hasPeers: () => true,
    },
  );
  t.after(async () => {
    await producer.stop();
    await chain.close();
    mempool.close();
    await verifier.close();
  });
  const find = (job: WorkJob) => {
    const { headerRoot, target } = job;
    const extraNonce = new Uint8Array(24);
    const found = searchNonces({ headerRoot, target, extraNonce, firstNonce: 0, count: 10_000_000 });
    assert.ok(found);
    return found.nonce;
  };
  return { producer, clock, chain, board, jobs, announced, find };
}

test("a long search is drafted anew about every second, with the time of then", async (t) => {
  const { producer, clock, jobs } = await minerRig(t, true);
  const startMs = clock.nowMs();
  producer.start();
  await clock.advance(5_500);
  assert.deepEqual(
    jobs.map(({ draft, isClean }) => [draft.header.timestampMs - startMs, isClean]),
    [0, 1, 2, 3, 4, 5].map((seconds) => [seconds * 1_000, seconds === 0]),
  );
});

test("a nonce for an earlier draft seals the block, and the next height is mined after the interval", async (t) => {
  const { producer, clock, chain, board, jobs, announced, find } = await minerRig(t, true);
  producer.start();
  await clock.advance(3_500);
  const earlier = jobs[1]!;
  const block = board.submit(earlier, find(earlier));
  await clock.advance(1);
  assert.ok(block);
  assert.equal(chain.head.hashHex, block.hashHex);
  assert.deepEqual(announced, [1]);
  const next = jobs.at(-1)!;
  assert.equal(next.draft.header.height, 2);
  assert.ok(next.isClean);
  assert.equal(board.job(earlier.id), undefined, "stale");
});

test("nothing to mine: the board is idle", async (t) => {
  const { producer, clock, board, jobs } = await minerRig(t, false);
  producer.start();
  await clock.advance(30_000);
  assert.equal(producer.notSealingBecause, "nothing to seal");
  assert.equal(jobs.length, 0);
  assert.equal(board.current, undefined);
});

test("the search begins with the parent, and what it finds waits until its time has come", async (t) => {
  const { producer, clock, chain, board, jobs, announced, find } = await minerRig(t, true);
  producer.start();
  await clock.advance(10);
  assert.ok(board.submit(jobs[0]!, find(jobs[0]!)));
  await clock.advance(10);
  assert.equal(chain.head.header.height, 1);
  const second = jobs.at(-1)!;
  assert.equal(second.draft.header.timestampMs, jobs[0]!.draft.header.timestampMs + 1_000);
  const block = board.submit(second, find(second));
  await clock.advance(900);
  assert.deepEqual(announced, [1], "others would hold it back as too early");
  await clock.advance(100);
  assert.deepEqual(announced, [1, 2]);
  assert.equal(chain.head.hashHex, block?.hashHex);
});
