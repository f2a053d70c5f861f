/** The block producer over a work board: long searches go on with fresh drafts, and a nonce for any of them counts. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { assembleBlock } from "../../src/protocol/block.ts";
import { signTransaction } from "../../src/protocol/transaction.ts";
import { searchNonces } from "../../src/sealing/pow/search-nonces.ts";
import { WorkBoard, type WorkJob } from "../../src/sealing/pow/work-board.ts";
import { keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { openProducer } from "./producer-rig.ts";

/** A miner whose nonces all come from outside. */
async function minerRig(t: TestContext, mineEmptyBlocks: boolean) {
  const board = new WorkBoard({ own: undefined, firstJobId: 0 });
  const jobs: WorkJob[] = [];
  board.events.on("job", (job) => jobs.push(job));
  const spec = testSpec("pow", { minimumIntervalMs: 1_000 });
  const options = { producer: keyPairNamed("miner").publicKey, mineEmptyBlocks };
  const rig = await openProducer(t, spec, board, options);
  const find = (job: WorkJob) => {
    const { headerRoot, target } = job;
    const extraNonce = new Uint8Array(24);
    const found = searchNonces({ headerRoot, target, extraNonce, firstNonce: 0, count: 10_000_000 });
    assert.ok(found);
    return found.nonce;
  };
  return { ...rig, board, jobs, find };
}

test("a long search is drafted anew about every second, with the time of then", async (t) => {
  const { start, clock, jobs } = await minerRig(t, true);
  const startMs = clock.nowMs();
  start();
  await clock.advance(5_500);
  assert.deepEqual(
    jobs.map(({ draft, isClean }) => [draft.header.timestampMs - startMs, isClean]),
    [0, 1, 2, 3, 4, 5].map((seconds) => [seconds * 1_000, seconds === 0]),
  );
});

test("a nonce for an earlier draft seals the block, and the next height is mined after the interval", async (t) => {
  const { start, clock, chain, board, jobs, announced, find } = await minerRig(t, true);
  start();
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
  const { start, producer, clock, board, jobs } = await minerRig(t, false);
  start();
  await clock.advance(30_000);
  assert.equal(producer.notSealingBecause, "nothing to seal");
  assert.equal(jobs.length, 0);
  assert.equal(board.current, undefined);
});

test("the search begins with the parent, and what it finds waits until its time has come", async (t) => {
  const { start, clock, chain, board, jobs, announced, find } = await minerRig(t, true);
  start();
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

test("nothing but what cannot be executed waits: the board does not go on with the block before", async (t) => {
  const { start, producer, clock, chain, mempool, board, jobs, find } = await minerRig(t, false);
  const register = async (name: string) => {
    const payload = { kind: "registerUser", name: fromUtf8("one@example.com") } as const;
    const draft = { payload, sequence: 0, fee: 0n, validUntil: 0, timestampMs: clock.nowMs() };
    const transaction = signTransaction(draft, keyPairNamed(name), chain.spec.chainId);
    assert.ok((await mempool.add(transaction)).ok);
  };
  start();
  await register("alice");
  await clock.advance(10);
  const [job] = jobs;
  assert.ok(job && job === board.current);
  await register("bob");
  // Somebody else has found the same block.
  const { header, transactions, consensusSection } = job.draft;
  const seal = { nonce: find(job), signature: new Uint8Array(0) };
  assert.ok((await chain.importBlock(assembleBlock(header, seal, transactions, consensusSection))).ok);
  await clock.advance(10);
  // Bob's is dropped, and there was no draft that could be shown.
  assert.equal(jobs.length, 1);
  assert.equal(board.current, undefined);
  assert.equal(producer.notSealingBecause, "nothing to seal");
});

test("a clock that is set back behind its own head holds the miner, and it says why", async (t) => {
  const { start, producer, clock, board, jobs, find } = await minerRig(t, true);
  start();
  await clock.advance(10);
  assert.ok(board.submit(jobs[0]!, find(jobs[0]!)));
  await clock.advance(10);
  clock.jumpWallClock(-3_600_000);
  await clock.advance(3_000);
  assert.equal(producer.notSealingBecause, "chain ahead of this clock");
  assert.equal(board.current, undefined);
  clock.jumpWallClock(3_600_000);
  await clock.advance(3_000);
  assert.equal(producer.notSealingBecause, undefined);
  assert.ok(board.current);
});
