/** The mining threads search nonces for one header root at a time, and answer with the first nonce that meets the target. */
import os from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { invariant, toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { SealOptions } from "../sealer.ts";
import { noJob, type PowJob, type PowReport, type PowWorkerData } from "./pow-job.ts";
import { extraNonceBytes, type NonceSearchInput } from "./search-nonces.ts";

export interface MiningThreadsOptions {
  /** Worker threads; "auto" leaves one core to the rest of the node. */
  readonly threads: number | "auto";
}

const workerIndexBytes = 4;
/** Bytes 8..27 of every nonce of a search: no other searcher has the same. */
export const noncePrefixBytes: number = extraNonceBytes - workerIndexBytes;

export interface ThreadSearchInput extends Omit<NonceSearchInput, "extraNonce"> {
  /** {@link noncePrefixBytes} bytes. Each thread's number follows, so that no two threads try the same nonce. */
  readonly noncePrefix: Uint8Array;
}

export interface MiningThreads {
  /**
   * Searches until a nonce is found; one search at a time. Counting nonces (bytes 0..7) start from 0.
   *
   * @returns 32 bytes; undefined if `signal` aborted or the threads were closed; rejects if a thread died
   */
  search(input: ThreadSearchInput, options: SealOptions): Promise<Uint8Array | undefined>;
  /** Ends the search that runs, and the threads. */
  close(): Promise<void>;
}

interface Search {
  readonly jobId: number;
  readonly onProgress: SealOptions["onProgress"];
  /** The latest of each worker. */
  readonly reports: Map<Worker, PowReport>;
  readonly settle: (outcome: { nonce: Uint8Array | undefined } | { error: Error }) => void;
}

// The source has a .ts file, the build a .js file.
const workerUrl = new URL(`./pow-worker${path.extname(import.meta.url)}`, import.meta.url);
const jobIdMax = 2 ** 31 - 1;

/**
 * Starts the threads at once. If a thread dies, the running search rejects, and the thread is restarted for the next one.
 * Idle threads do not keep the process alive.
 */
export function createMiningThreads(
  { threads }: MiningThreadsOptions,
  { logger }: { readonly logger: Logger },
): MiningThreads {
  const threadCount = threads === "auto" ? Math.max(1, os.availableParallelism() - 1) : threads;
  invariant(Number.isInteger(threadCount) && threadCount >= 1, "mining needs at least one thread");
  const currentJob = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workers = new Map<number, Worker>();
  let lastJobId = noJob;
  let running: Search | undefined;
  let closed = false;

  const startWorker = (index: number) => {
    const worker = new Worker(workerUrl, {
      execArgv: [],
      workerData: { currentJob } satisfies PowWorkerData,
    });
    let cause: Error | undefined;
    worker.on("message", (report: PowReport) => onReport(worker, report));
    worker.on("error", (thrown) => {
      cause = toError(thrown);
    });
    worker.on("exit", (code) => {
      workers.delete(index);
      if (closed) return;
      const error = new Error(`mining thread ${index} ended with code ${code}`, { cause });
      logger.error({ error }, "a mining thread died; it is restarted for the next block");
      running?.settle({ error });
    });
    worker.unref();
    workers.set(index, worker);
  };
  const startMissingWorkers = () => {
    for (let index = 0; index < threadCount; index += 1) if (!workers.has(index)) startWorker(index);
  };

  const onReport = (worker: Worker, report: PowReport) => {
    // A report of an aborted job may still be on its way.
    if (running?.jobId !== report.jobId) return;
    running.reports.set(worker, report);
    // Only the reports of one worker lead to a call, so that more threads do not mean more calls.
    if (report.nonce || worker === workers.get(0)) {
      const reports = [...running.reports.values()];
      running.onProgress?.({
        attempts: reports.reduce((sum, each) => sum + each.attempts, 0),
        hashesPerSecond: reports.reduce((sum, each) => sum + each.hashesPerSecond, 0),
      });
    }
    if (report.nonce) running.settle({ nonce: report.nonce });
  };

  startMissingWorkers();
  return {
    search({ headerRoot, target, noncePrefix }, { signal, onProgress }) {
      invariant(!closed, "the mining threads are closed");
      invariant(!running, "one search runs at a time");
      invariant(noncePrefix.length === noncePrefixBytes, `a nonce prefix has ${noncePrefixBytes} bytes`);
      if (signal.aborted) return Promise.resolve(undefined);
      startMissingWorkers();
      const jobId = (lastJobId % jobIdMax) + 1;
      lastJobId = jobId;
      return new Promise<Uint8Array | undefined>((resolve, reject) => {
        const abort = () => running?.settle({ nonce: undefined });
        running = {
          jobId,
          onProgress,
          reports: new Map(),
          settle(outcome) {
            running = undefined;
            Atomics.store(currentJob, 0, noJob);
            signal.removeEventListener("abort", abort);
            for (const worker of workers.values()) worker.unref();
            if ("error" in outcome) reject(outcome.error);
            else resolve(outcome.nonce);
          },
        };
        signal.addEventListener("abort", abort, { once: true });
        Atomics.store(currentJob, 0, jobId);
        for (const [index, worker] of workers) {
          worker.ref();
          const extraNonce = extraNonceOfWorker(noncePrefix, index);
          worker.postMessage({ jobId, headerRoot, target, extraNonce } satisfies PowJob);
        }
      });
    },
    async close() {
      closed = true;
      running?.settle({ nonce: undefined });
      await Promise.all([...workers.values()].map((worker) => worker.terminate()));
    },
  };
}

function extraNonceOfWorker(noncePrefix: Uint8Array, index: number): Uint8Array {
  const extraNonce = new Uint8Array(extraNonceBytes);
  extraNonce.set(noncePrefix);
  new DataView(extraNonce.buffer).setUint32(noncePrefixBytes, index, true);
  return extraNonce;
}
