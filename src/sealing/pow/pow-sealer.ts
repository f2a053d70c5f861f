/** Seals by work: hands each header to worker threads, and takes the nonce of the first that finds one. */
import os from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { invariant, toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { headerRoot, type Seal } from "../../protocol/block.ts";
import type { Sealer, SealOptions } from "../sealer.ts";
import { noJob, type PowJob, type PowReport, type PowWorkerData } from "./pow-job.ts";
import { extraNonceBytes } from "./search-nonces.ts";

export interface PowSealerOptions {
  /** Worker threads; "auto" leaves one core to the rest of the node. */
  readonly threads: number | "auto";
}

interface Search {
  readonly jobId: number;
  readonly onProgress: SealOptions["onProgress"];
  /** The latest of each worker. */
  readonly reports: Map<Worker, PowReport>;
  readonly settle: (outcome: { nonce: Uint8Array | undefined } | { error: Error }) => void;
}

// Beside the source this is the .ts file, beside the build the .js one.
const workerUrl = new URL(`./pow-worker${path.extname(import.meta.url)}`, import.meta.url);
const jobIdMax = 2 ** 31 - 1;

/**
 * Starts the threads at once. A thread that dies fails the search that runs, loudly, and is started anew for the next.
 * Idle threads do not keep the process alive.
 */
export function createPowSealer(
  { threads }: PowSealerOptions,
  { logger }: { readonly logger: Logger },
): Sealer {
  const threadCount = threads === "auto" ? Math.max(1, os.availableParallelism() - 1) : threads;
  invariant(Number.isInteger(threadCount) && threadCount >= 1, "mining needs at least one thread");
  const currentJob = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workers = new Map<number, Worker>();
  let lastJobId = noJob;
  let search: Search | undefined;
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
      logger.error({ error }, "a mining thread died; it is started anew for the next block");
      search?.settle({ error });
    });
    worker.unref();
    workers.set(index, worker);
  };
  const startMissingWorkers = () => {
    for (let index = 0; index < threadCount; index += 1) if (!workers.has(index)) startWorker(index);
  };

  const onReport = (worker: Worker, report: PowReport) => {
    // A report of an aborted job may still be on its way.
    if (search?.jobId !== report.jobId) return;
    search.reports.set(worker, report);
    // One worker sets the beat, so that more threads do not mean more calls.
    if (report.nonce || worker === workers.get(0)) {
      const reports = [...search.reports.values()];
      search.onProgress?.({
        attempts: reports.reduce((sum, each) => sum + each.attempts, 0),
        hashesPerSecond: reports.reduce((sum, each) => sum + each.hashesPerSecond, 0),
      });
    }
    if (report.nonce) search.settle({ nonce: report.nonce });
  };

  startMissingWorkers();
  return {
    seal(header, { signal, onProgress }) {
      invariant(!closed, "the sealer is closed");
      invariant(!search, "one header is sealed at a time");
      if (signal.aborted) return Promise.resolve(undefined);
      startMissingWorkers();
      const jobId = (lastJobId % jobIdMax) + 1;
      lastJobId = jobId;
      const root = headerRoot(header);
      return new Promise<Seal | undefined>((resolve, reject) => {
        const abort = () => search?.settle({ nonce: undefined });
        search = {
          jobId,
          onProgress,
          reports: new Map(),
          settle(outcome) {
            search = undefined;
            Atomics.store(currentJob, 0, noJob);
            signal.removeEventListener("abort", abort);
            for (const worker of workers.values()) worker.unref();
            if ("error" in outcome) reject(outcome.error);
            else resolve(outcome.nonce && { nonce: outcome.nonce, signature: new Uint8Array(0) });
          },
        };
        signal.addEventListener("abort", abort, { once: true });
        Atomics.store(currentJob, 0, jobId);
        for (const [index, worker] of workers) {
          worker.ref();
          const job: PowJob = {
            jobId,
            headerRoot: root,
            target: header.target,
            extraNonce: extraNonceOfWorker(index),
          };
          worker.postMessage(job);
        }
      });
    },
    async close() {
      closed = true;
      search?.settle({ nonce: undefined });
      await Promise.all([...workers.values()].map((worker) => worker.terminate()));
    },
  };
}

/** The worker's number, little-endian: no two workers of one sealer ever try the same nonce. */
function extraNonceOfWorker(index: number): Uint8Array {
  const extraNonce = new Uint8Array(extraNonceBytes);
  new DataView(extraNonce.buffer).setUint32(0, index, true);
  return extraNonce;
}
