/** Work over HTTP, against a real work board: what a miner outside is given, what it may bring, and waiting for news. */
import assert from "node:assert/strict";
import http from "node:http";
import { describe, it, type TestContext } from "node:test";
import type { WorkAccepted, WorkAnswer } from "../../src/api/mining.ts";
import type { Problem } from "../../src/api/problem.ts";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { workWaitersMax } from "../../src/http/work-routes.ts";
import { blockHash, emptyConsensusSection, HeaderType, headerRoot } from "../../src/protocol/block.ts";
import { easiestTargetOf } from "../../src/protocol/genesis.ts";
import { WorkBoard } from "../../src/sealing/pow/work-board.ts";
import { headerOf } from "../sealing/headers.ts";
import { until } from "../support/patience.ts";
import { openApiRig, type RigOptions } from "./api-rig.ts";
import { nonceFor } from "./outside-work.ts";

type Body = WorkAnswer & WorkAccepted & Problem;
/** Longer than any test runs. */
const hourMs = 3_600_000;
const parentA = new Uint8Array(32).fill(0xa1);
const parentB = new Uint8Array(32).fill(0xb2);

async function openWorkRig(t: TestContext, options: RigOptions = { workWaitMs: hourMs }) {
  const board = new WorkBoard({ own: undefined, firstJobId: 0 });
  const rig = await openApiRig({ work: board, ...options });
  t.after(() => rig.close());
  const ended = new AbortController();
  t.after(() => ended.abort());
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${rig.url}${path}`, init);
    return { status: response.status, body: (await response.json()) as Body };
  };
  return {
    board,
    rig,
    /** Shows a draft, as the block producer does. */
    show(parentHash = parentA, timestampMs = 1) {
      const header = headerOf({ parentHash, timestampMs, target: easiestTargetOf(2) });
      const draft = { header, transactions: [], consensusSection: emptyConsensusSection };
      const sealing = board.sealBlock(draft, { signal: ended.signal });
      return { header, sealing, id: board.current?.id as number };
    },
    work: (query = "") => ask(`/v1/work${query}`),
    bring: (body: object) =>
      ask("/v1/work", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    /** Resolves when so many requests wait. */
    async waiting(count: number) {
      await until(`${count} requests wait`, () => board.events.listenerCount("job") >= count, { pollMs: 2 });
    },
  };
}

describe("work over HTTP", () => {
  it("is given in full, and a nonce for it seals the block", async (t) => {
    const { show, work, bring } = await openWorkRig(t);
    const { header, sealing, id } = show();
    const { status, body } = await work();
    assert.equal(status, 200);
    const { noncePrefix, nonceLayout, ...rest } = body;
    assert.deepEqual(rest, {
      jobId: id,
      height: header.height,
      parentHash: toHex(parentA),
      headerBytes: toHex(HeaderType.serialize(header)),
      headerRoot: toHex(headerRoot(header)),
      target: toHex(header.target),
      clean: true,
      transactionCount: 0,
    });
    assert.match(noncePrefix, /^[0-9a-f]{16}$/);
    assert.match(nonceLayout, /8\.\.15: noncePrefix/);

    const nonce = nonceFor(body);
    assert.equal(nonce.slice(16, 32), noncePrefix);
    const accepted = await bring({ jobId: id, nonce });
    assert.equal(accepted.status, 202);
    const hash = toHex(blockHash(headerRoot(header), fromHex(nonce) as Uint8Array));
    assert.deepEqual(accepted.body, { accepted: true, hash, height: header.height });
    assert.equal((await sealing)?.hashHex, hash);
  });

  it("gives each answer nonces of its own", async (t) => {
    const { show, work } = await openWorkRig(t);
    show();
    const answers = await Promise.all(Array.from({ length: 8 }, () => work()));
    assert.equal(new Set(answers.map(({ body }) => body.noncePrefix)).size, 8);
  });

  it("refuses a hash above the target, a job that is stale or was never made, and what is malformed", async (t) => {
    const { show, work, bring } = await openWorkRig(t);
    const { id } = show(parentA);
    const { body: first } = await work();
    const good = nonceFor(first);
    // One bit in the free part: another hash, which one in 256 times is good as well.
    const bad = ["01", "02", "03"].map((last) => good.slice(0, 62) + last);
    const refusals = await Promise.all(bad.map((nonce) => bring({ jobId: id, nonce })));
    const high = refusals.find(({ status }) => status === 422);
    assert.equal(high?.body.code, "work/hash-too-high");
    assert.ok(high?.body.detail.endsWith(first.target));

    show(parentB);
    for (const jobId of [id, 4_711]) {
      const { status, body } = await bring({ jobId, nonce: good });
      assert.deepEqual([status, body.code], [409, "work/job-stale"]);
    }
    const malformed = [
      { jobId: id },
      { nonce: good },
      { jobId: id, nonce: good.slice(2) },
      { jobId: String(id), nonce: good },
      { jobId: -1, nonce: good },
      { jobId: id, nonce: good, also: 1 },
    ];
    for (const body of malformed) assert.equal((await bring(body)).status, 400, JSON.stringify(body));
    for (const query of ["?after=", "?after=-1", "?after=one", "?before=1"]) {
      assert.equal((await work(query)).status, 400, query);
    }
  });

  it("says whether what the caller has is worthless now", async (t) => {
    const { show, work } = await openWorkRig(t);
    const { id: first } = show(parentA, 1);
    const { id: second } = show(parentA, 2);
    const { body: sameParent } = await work(`?after=${first}`);
    assert.deepEqual([sameParent.jobId, sameParent.clean], [second, false]);
    show(parentB);
    assert.equal((await work(`?after=${second}`)).body.clean, true);
    assert.equal((await work()).body.clean, true);
  });

  it("says why there is none", async (t) => {
    const { work, board, show } = await openWorkRig(t, { status: { notSealingBecause: "nothing to seal" } });
    const { status, body } = await work();
    assert.deepEqual([status, body.code], [404, "work/none"]);
    assert.match(body.detail, /nothing to seal/);
    const { id } = show();
    board.pause();
    assert.equal((await work(`?after=${id}`)).status, 404);
  });

  it("says how to have a node give some", async (t) => {
    const pow = await openWorkRig(t, { work: undefined as never, status: { consensus: "pow" } });
    const poa = await openWorkRig(t, { work: undefined as never });
    for (const [{ work, bring }, code, next] of [
      [pow, "work/not-mining", /--mine\b.*--mine-threads 0/],
      [poa, "work/not-proof-of-work", /--consensus pow --mine/],
    ] as const) {
      for (const { status, body } of [await work(), await bring({ jobId: 1, nonce: "00".repeat(32) })]) {
        assert.deepEqual([status, body.code], [409, code]);
        assert.match(body.next, next);
      }
    }
  });
});

describe("a request for work with after", () => {
  it("waits for the first job, for a newer one, and for the end of all", async (t) => {
    const { show, work, waiting, board } = await openWorkRig(t);
    const first = work("?after=0");
    await waiting(1);
    const { id } = show();
    assert.equal((await first).body.jobId, id);

    const second = work(`?after=${id}`);
    await waiting(1);
    const { id: newer } = show(parentA, 2);
    assert.equal((await second).body.jobId, newer);

    const third = work(`?after=${newer}`);
    await waiting(1);
    board.pause();
    assert.equal((await third).status, 404);
    assert.equal(board.events.listenerCount("job") + board.events.listenerCount("idle"), 0);
  });

  it("is answered with the job as it was where nothing comes", async (t) => {
    const { show, work } = await openWorkRig(t, { workWaitMs: 50 });
    const { id } = show();
    const { status, body } = await work(`?after=${id}`);
    assert.deepEqual([status, body.jobId, body.clean], [200, id, false]);
  });

  it("is refused where too many wait, and makes room when it is given up", async (t) => {
    const { show, work, waiting, board, rig } = await openWorkRig(t);
    const { id } = show();
    const query = `?after=${id}`;
    // Not by fetch, which opens new connections for those that were given up.
    const waiters = Array.from({ length: workWaitersMax }, () =>
      http.get(`${rig.url}/v1/work${query}`, { agent: false }).on("error", () => {}),
    );
    await waiting(workWaitersMax);
    const { status, body } = await work(query);
    assert.deepEqual([status, body.code], [503, "work/too-many-waiting"]);
    for (const waiter of waiters) waiter.destroy();
    await until("nobody waits", () => board.events.listenerCount("job") === 0, { pollMs: 2 });
    const again = work(query);
    await waiting(1);
    show(parentB);
    assert.equal((await again).status, 200);
  });

  it("does not hold up the stop of the API", async (t) => {
    const { show, work, waiting, rig } = await openWorkRig(t);
    const { id } = show();
    const pending = work(`?after=${id}`);
    await waiting(1);
    await rig.api.stop();
    assert.equal((await pending).body.jobId, id);
  });
});
