/** The node's mining threads against the same hashing without the node, and how fast they leave a stale header. */
import { setTimeout as delay } from "node:timers/promises";
import { silentLogger } from "../src/base/logger.ts";
import { zeroBytes32 } from "../src/protocol/hashing.ts";
import {
  createMiningThreads,
  type MiningThreads,
  noncePrefixBytes,
} from "../src/sealing/pow/mining-threads.ts";
import { BareRate } from "./bare-rate.ts";
import { type Figure, median, quantile, type Section } from "./measure.ts";

const roundMs = 1_000;
const warmUpMs = 500;
/** Long enough for the threads to be in the middle of it, and not in step with the main thread's timers. */
const stalePartMs = 15;
const workerCounts = [1, 2] as const;
const inWords = {
  1: { workers: "one worker", threads: "one thread" },
  2: { workers: "two workers", threads: "two threads" },
} as const;

/** No hash is zero: such a search goes on until it is stopped. */
const endless = {
  headerRoot: zeroBytes32,
  target: zeroBytes32,
  noncePrefix: new Uint8Array(noncePrefixBytes),
};
/** The first nonce of any thread will do. */
const immediate = { ...endless, target: new Uint8Array(32).fill(0xff) };

interface Rig {
  readonly workers: (typeof workerCounts)[number];
  readonly threads: MiningThreads;
  readonly bare: BareRate;
  readonly mined: number[];
  readonly limits: number[];
}

export const measureMining: Section = async ({ quick, progress }) => {
  const rounds = quick ? 2 : 5;
  const cancels = quick ? 20 : 300;
  await using resources = new AsyncDisposableStack();
  const rigs = workerCounts.map((workers): Rig => {
    const threads = createMiningThreads({ threads: workers }, { logger: silentLogger });
    resources.defer(() => threads.close());
    const bare = BareRate.hashing(workers);
    resources.defer(() => bare.close());
    return { workers, threads, bare, mined: [], limits: [] };
  });
  for (const { threads, bare } of rigs) {
    await minedPerSecond(threads, warmUpMs);
    await bare.perSecond(warmUpMs);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { threads, bare, mined, limits } of rigs) {
      limits.push(await bare.perSecond(roundMs));
      mined.push(await minedPerSecond(threads, roundMs));
    }
    const rates = rigs.map(({ mined }) => Math.round(mined.at(-1) ?? 0));
    progress(`round ${round + 1} of ${rounds}: ${rates.join(" and ")} hashes/s`);
  }
  const figures: Figure[] = rigs.map(({ workers, mined, limits }) => ({
    name: `mining, ${inWords[workers].workers}`,
    value: median(mined),
    unit: "hashes/s",
    limit: { value: median(limits), meaning: `bare hashtree loop, ${inWords[workers].threads}` },
    aim: { above: 0.8 },
  }));
  for (const { workers, threads } of rigs) {
    const switchedMs: number[] = [];
    for (let round = 0; round < cancels; round += 1) switchedMs.push(await msToNextHeader(threads));
    const name = `new head to mining on it, ${inWords[workers].workers}`;
    figures.push({ name: `${name}, median`, value: median(switchedMs), unit: "ms" });
    figures.push({ name: `${name}, 99th`, value: quantile(switchedMs, 0.99), unit: "ms" });
  }
  return figures;
};

/** What the threads themselves report last in a round. */
async function minedPerSecond(threads: MiningThreads, durationMs: number): Promise<number> {
  let hashesPerSecond = 0;
  await threads.search(endless, {
    signal: AbortSignal.timeout(durationMs),
    onProgress: (progress) => {
      hashesPerSecond = progress.hashesPerSecond;
    },
  });
  return hashesPerSecond;
}

/**
 * From taking a header away until there is a nonce for the next one: a thread that answers has fallen silent on the
 * old one, and has begun and ended the new one.
 */
async function msToNextHeader(threads: MiningThreads): Promise<number> {
  const abort = new AbortController();
  const stale = threads.search(endless, { signal: abort.signal });
  await delay(stalePartMs);
  const startMs = performance.now();
  abort.abort();
  await stale;
  await threads.search(immediate, { signal: AbortSignal.timeout(roundMs) });
  return performance.now() - startMs;
}
