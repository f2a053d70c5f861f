/** The work board: drafts go out as jobs, nonces come in as blocks, and nothing found is lost between two drafts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compareBytes, toHex } from "../../src/base/bytes.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { blockHash, emptyConsensusSection, HeaderType, headerRoot } from "../../src/protocol/block.ts";
import { easiestTargetOf } from "../../src/protocol/genesis.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import type { BlockDraft } from "../../src/sealing/block-sealer.ts";
import { createMiningThreads } from "../../src/sealing/pow/mining-threads.ts";
import { createPowSealer } from "../../src/sealing/pow/pow-sealer.ts";
import { searchNonces } from "../../src/sealing/pow/search-nonces.ts";
import { WorkBoard, type WorkJob } from "../../src/sealing/pow/work-board.ts";
import type { Sealer } from "../../src/sealing/sealer.ts";
import { headerOf, unreachableTarget } from "./headers.ts";

const never = () => new AbortController().signal;
const parentA = sha256(Buffer.from("a"));
const parentB = sha256(Buffer.from("b"));

function draftOn(parentHash: Uint8Array, timestampMs = 1, target = easiestTargetOf(2)): BlockDraft {
  const header = { ...headerOf({ target }), parentHash, timestampMs };
  return { header, transactions: [], consensusSection: emptyConsensusSection };
}

function boardWithJobs(own?: Sealer) {
  const board = new WorkBoard({ own, firstJobId: 100 });
  const jobs: WorkJob[] = [];
  board.events.on("job", (job) => jobs.push(job));
  return { board, jobs };
}

/** A nonce of a space of its own, as a searcher outside finds it. */
function nonceFor(board: WorkBoard, job: WorkJob): Uint8Array {
  const extraNonce = new Uint8Array(24);
  extraNonce.set(board.reserveNonceSpace());
  const { headerRoot, target } = job;
  const found = searchNonces({ headerRoot, target, extraNonce, firstNonce: 0, count: 1_000_000 });
  assert.ok(found);
  return found.nonce;
}

describe("a board without threads of its own", () => {
  test("a job says all that a searcher needs; its nonce seals the draft", async () => {
    const { board, jobs } = boardWithJobs();
    const draft = draftOn(parentA);
    const sealing = board.sealBlock(draft, { signal: never() });
    const [job] = jobs;
    assert.ok(job && board.current === job && board.job(job.id) === job && job.id > 100 && job.isClean);
    assert.deepEqual(job.headerBytes, HeaderType.serialize(draft.header));
    assert.deepEqual(job.headerRoot, headerRoot(draft.header));
    const nonce = nonceFor(board, job);
    assert.deepEqual(board.hashOf(job, nonce), blockHash(headerRoot(draft.header), nonce));
    const block = board.submit(job, nonce);
    assert.ok(block && compareBytes(block.hash, job.target) <= 0);
    assert.equal(await sealing, block);
  });

  test("a nonce that does not reach the target seals nothing", async () => {
    const { board, jobs } = boardWithJobs();
    const abort = new AbortController();
    const draft = draftOn(parentA, 1, unreachableTarget);
    const sealing = board.sealBlock(draft, { signal: abort.signal });
    assert.equal(board.submit(jobs[0]!, new Uint8Array(32)), undefined);
    abort.abort();
    assert.equal(await sealing, undefined);
  });

  test("a block for an older draft of the same parent, found between two drafts, is the next one's", async () => {
    const { board, jobs } = boardWithJobs();
    const abort = new AbortController();
    const stale = board.sealBlock(draftOn(parentA, 1), { signal: abort.signal });
    abort.abort();
    assert.equal(await stale, undefined);
    const [first] = jobs;
    assert.equal(board.job(first!.id), first, "it can still be answered");
    const block = board.submit(first!, nonceFor(board, first!));
    assert.ok(block);
    assert.equal(board.job(first!.id), undefined, "nobody is to search for a second one");
    assert.equal(board.current, undefined);
    assert.equal(await board.sealBlock(draftOn(parentA, 2), { signal: never() }), block);
    assert.equal(jobs.length, 1);
  });

  test("a new parent makes every job before it stale, and so does a pause", async () => {
    const { board, jobs } = boardWithJobs();
    const idle: true[] = [];
    board.events.on("idle", () => idle.push(true));
    const abort = new AbortController();
    const signals = { signal: abort.signal };
    const first = board.sealBlock(draftOn(parentA), signals);
    const nonce = nonceFor(board, jobs[0]!);
    const block = board.submit(jobs[0]!, nonce);
    assert.ok(block);
    assert.equal(await first, block);
    assert.equal(board.submit(jobs[0]!, nonce), undefined, "a second one would only be orphaned");
    const second = board.sealBlock(draftOn(parentB), signals);
    assert.ok(jobs[1]!.isClean);
    assert.equal(board.job(jobs[0]!.id), undefined);
    abort.abort();
    assert.equal(await second, undefined);
    assert.equal(idle.length, 1, "with the block that was found");
    board.pause();
    board.pause();
    assert.equal(idle.length, 2);
    assert.equal(board.current, undefined);
    assert.equal(board.job(jobs[1]!.id), undefined);
    void board.sealBlock(draftOn(parentB), { signal: AbortSignal.abort() });
    assert.ok(jobs[2]!.isClean, "after a pause everybody begins anew");
  });

  test("jobs on one parent are bounded, and spaces never repeat", async () => {
    const { board, jobs } = boardWithJobs();
    for (let at = 0; at < 200; at += 1) {
      await board.sealBlock(draftOn(parentA, at), { signal: AbortSignal.abort() });
    }
    assert.equal(jobs.filter(({ id }) => board.job(id)).length, 64);
    assert.equal(board.job(jobs[199]!.id), jobs[199]);
    const spaces = new Set(Array.from({ length: 100 }, () => toHex(board.reserveNonceSpace())));
    assert.equal(spaces.size, 100);
    assert.ok(!spaces.has("00".repeat(8)), "the zero space is the node's own");
  });
});

/** A real thread; one that is not to find anything searches for what nobody finds. */
function ownThread({ finds }: { readonly finds: boolean }): Sealer {
  const sealer = createPowSealer(createMiningThreads({ threads: 1 }, { logger: silentLogger }));
  if (finds) return sealer;
  return {
    ...sealer,
    seal: (header, options) => sealer.seal({ ...header, target: unreachableTarget }, options),
  };
}

describe("a board with a thread of its own", () => {
  test("seals by itself", async (t) => {
    const { board } = boardWithJobs(ownThread({ finds: true }));
    t.after(() => board.close());
    const own = await board.sealBlock(draftOn(parentA), { signal: never() });
    assert.ok(own && compareBytes(own.hash, easiestTargetOf(2)) <= 0);
    assert.equal(board.current, undefined, "whoever searches outside may stop");
  });

  test("takes a block from outside while it searches, and its thread is free again", async (t) => {
    const { board, jobs } = boardWithJobs(ownThread({ finds: false }));
    t.after(() => board.close());
    for (const parent of [parentA, parentB]) {
      const sealing = board.sealBlock(draftOn(parent), { signal: never() });
      const job = jobs.at(-1)!;
      const outside = board.submit(job, nonceFor(board, job));
      assert.ok(outside);
      assert.equal(await sealing, outside);
    }
  });
});
