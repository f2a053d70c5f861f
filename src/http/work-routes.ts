/** The routes for miners outside of the node: the block that is to be sealed, and the nonce that seals it. */
import type { FastifyInstance } from "fastify";
import { getWork, postWork, type WorkAnswer } from "../api/mining.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import { ApiError } from "./api-error.ts";
import type { ApiModules } from "./api-modules.ts";
import { answered, serveRoute } from "./serve-route.ts";
import type { OpenWork, WorkControl } from "./work-control.ts";

/** How long a request with `after` waits for other work, unless the API's options say otherwise. */
export const workWaitMs = 30_000;
/** Requests that wait at the same time; each holds a connection. */
export const workWaitersMax = 64;

const nonceLayout =
  "bytes 0..7: counter, little-endian; 8..15: noncePrefix; 16..31: free; hash = SHA256(headerRoot, nonce)";

/** @param waitMs how long a request with `after` waits at most */
export function addWorkRoutes(
  app: FastifyInstance,
  modules: Pick<ApiModules, "work" | "status">,
  waitMs: number,
): void {
  const closing = new AbortController();
  let waiters = 0;
  app.addHook("preClose", async () => closing.abort());

  serveRoute(app, getWork, async ({ query, request }) => {
    const work = required(modules);
    const { after } = query;
    const known = after === undefined ? undefined : Number(after);
    if (known === (work.current?.id ?? 0)) {
      if (waiters >= workWaitersMax) throw tooManyWait();
      waiters += 1;
      await newsOf(work, [request.signal, closing.signal, AbortSignal.timeout(waitMs)]);
      waiters -= 1;
    }
    const job = work.current;
    if (!job) throw nothingToMine(modules);
    return workAnswer(job, work, known ?? 0);
  });

  serveRoute(app, postWork, ({ body }) => {
    const work = required(modules);
    const job = work.job(body.jobId);
    if (!job) throw jobStale(body.jobId);
    const nonce = fromHex(body.nonce, 32) as Uint8Array;
    const block = work.submit(job, nonce);
    if (!block) throw hashTooHigh(work.hashOf(job, nonce), job.target);
    return answered(202, { accepted: true, hash: block.hashHex, height: block.header.height });
  });
}

/** Resolves with the next job, with the end of all jobs, or when a signal aborts. */
async function newsOf(work: WorkControl, signals: AbortSignal[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const given = AbortSignal.any(signals);
  const done = () => resolve();
  work.events.on("job", done);
  work.events.on("idle", done);
  given.addEventListener("abort", done, { once: true });
  if (given.aborted) done();
  await promise;
  work.events.off("job", done);
  work.events.off("idle", done);
  given.removeEventListener("abort", done);
}

function workAnswer(job: OpenWork, work: WorkControl, known: number): WorkAnswer {
  const { header } = job.draft;
  return {
    jobId: job.id,
    height: header.height,
    parentHash: toHex(header.parentHash),
    headerBytes: toHex(job.headerBytes),
    headerRoot: toHex(job.headerRoot),
    target: toHex(job.target),
    noncePrefix: toHex(work.reserveNonceSpace()),
    nonceLayout,
    clean: work.job(known) === undefined,
    transactionCount: header.transactionCount,
  };
}

function required({ work, status }: Pick<ApiModules, "work" | "status">): WorkControl {
  if (work) return work;
  if (status().consensus === "pow") {
    throw new ApiError(
      409,
      "work/not-mining",
      "this node does not mine, so it drafts no blocks",
      "start it with --mine; with --mine-threads 0 it leaves the whole search to programs outside",
    );
  }
  throw new ApiError(
    409,
    "work/not-proof-of-work",
    "this node is on a Proof of Authority chain, whose blocks are signed",
    "ask a node that was started with --consensus pow --mine",
  );
}

function nothingToMine({ status }: Pick<ApiModules, "status">): ApiError {
  const because = status().notSealingBecause ?? "the next block is being drafted";
  return new ApiError(
    404,
    "work/none",
    `there is no work right now: ${because}`,
    "GET /v1/work?after=0 waits for some; a node mines where transactions wait, or always with --mine-empty",
  );
}

function jobStale(jobId: number): ApiError {
  return new ApiError(
    409,
    "work/job-stale",
    `job ${jobId} is not on the block that is mined on now, or never was`,
    "GET /v1/work for the current one",
  );
}

function hashTooHigh(hash: Uint8Array, target: Uint8Array): ApiError {
  return new ApiError(
    422,
    "work/hash-too-high",
    `the hash ${toHex(hash)} is above the target ${toHex(target)}`,
    "check the nonce's byte order and the job, then search on",
  );
}

function tooManyWait(): ApiError {
  return new ApiError(
    503,
    "work/too-many-waiting",
    `${workWaitersMax} requests wait for work already`,
    "ask without after, or let one program ask for several miners",
  );
}
