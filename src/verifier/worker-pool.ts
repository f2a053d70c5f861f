/**
 * Worker threads that verify batches together: every worker pulls chunks of the same batch until it is done. So does the
 * pool itself, a chunk in each turn of the event loop, until its first thread has started: that takes 100 ms, and many times
 * that on a busy machine, in which a block of 100 transactions waited at each hop of its way.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { InvariantError, invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import { chunkItems, packBatch, readVerdicts, verifyChunk } from "./signature-batch.ts";
import type { BatchMessage, WorkerMessage } from "./verify-worker.ts";

/** Enough that no worker waits for the main thread between two batches. */
const runningBatchesMax = 4;
/** A thread takes 13 to 27 MB, so it is started when so many signatures are under way for each that is there. */
const itemsPerWorker = 64;

/** `.ts` from source, `.js` once compiled. */
const verifyWorkerFile = new URL(`./verify-worker${extname(import.meta.url)}`, import.meta.url);

/** What a verification rejects with when its verifier is closed: a shutdown, not a verdict. */
export class VerifierClosedError extends Error {
  override name = "VerifierClosedError";
  constructor() {
    super("the signature verifier is closed; what was still waiting has no verdict");
  }
}

interface WaitingBatch {
  readonly transactions: readonly DecodedTransaction[];
  readonly resolve: (verdicts: boolean[]) => void;
  readonly reject: (error: Error) => void;
}

interface RunningBatch extends WaitingBatch {
  readonly memory: SharedArrayBuffer;
}

export interface WorkerPoolOptions {
  readonly workers: number;
  /** Batches that may wait; more is a caller without a bound of its own, and throws. */
  readonly waitingBatchesMax: number;
  /** Another thread in place of the verifying one: how a test sees one die. */
  readonly workerFile?: URL;
}

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #logger: Logger;
  readonly #workers: Worker[] = [];
  readonly #waiting: WaitingBatch[] = [];
  readonly #running = new Map<number, RunningBatch>();
  #batchesStarted = 0;
  #hasThread = false;
  #isHelping = false;
  /** Why nothing is verified any more: closed, or a worker died. */
  #ended: Error | undefined;

  constructor(options: WorkerPoolOptions, modules: { readonly logger: Logger }) {
    invariant(Number.isInteger(options.workers) && options.workers > 0, "a pool has at least one worker");
    this.#options = options;
    this.#logger = modules.logger;
  }

  /** The verdicts in order; rejects with {@link VerifierClosedError} or, where a worker died, an InvariantError. */
  verify(transactions: readonly DecodedTransaction[]): Promise<boolean[]> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#waiting.length >= this.#options.waitingBatchesMax) {
      return Promise.reject(new InvariantError(`over ${this.#options.waitingBatchesMax} batches wait`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ transactions, resolve, reject });
      this.#startBatches();
    });
  }

  async close(): Promise<void> {
    this.#end(new VerifierClosedError());
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #startBatches(): void {
    this.#startWorkers();
    while (this.#running.size < runningBatchesMax) {
      const waiting = this.#waiting.shift();
      if (!waiting) break;
      const batch = this.#batchesStarted;
      this.#batchesStarted += 1;
      const memory = packBatch(waiting.transactions);
      this.#running.set(batch, { ...waiting, memory });
      const message: BatchMessage = { batch, memory };
      for (const worker of this.#helpersOf(batch, waiting.transactions.length)) worker.postMessage(message);
    }
    this.#help();
    // The process stays alive for a verdict that somebody waits for, never for an idle thread.
    for (const worker of this.#workers) this.#running.size > 0 ? worker.ref() : worker.unref();
  }

  /** Takes part as long as there is no thread: a chunk of the oldest batch in each turn of the event loop, half a millisecond. */
  #help(): void {
    if (this.#hasThread || this.#isHelping || this.#running.size === 0) return;
    this.#isHelping = true;
    setImmediate(() => {
      this.#isHelping = false;
      for (const [batch, { memory }] of this.#running) {
        const outcome = verifyChunk(memory);
        if (outcome === "the last") this.#finish(batch);
        if (outcome !== "none left") break;
      }
      this.#help();
    });
  }

  /** As many workers as the batch has chunks, so that a single signature wakes one; each batch begins with another. */
  #helpersOf(batch: number, items: number): readonly Worker[] {
    const first = batch % this.#workers.length;
    const inTurn = [...this.#workers.slice(first), ...this.#workers.slice(0, first)];
    return inTurn.slice(0, Math.ceil(items / chunkItems));
  }

  /** Threads start when they are needed, so that a node that needs none has none, and a flood of a few starts few. */
  #startWorkers(): void {
    const { length } = this.#workers;
    if (length === this.#options.workers) return;
    const items = this.#unfinished().reduce((sum, { transactions }) => sum + transactions.length, 0);
    const needed = Math.min(Math.ceil(items / itemsPerWorker), this.#options.workers);
    for (let index = length; index < needed; index += 1) this.#workers.push(this.#startWorker(index));
  }

  #startWorker(index: number): Worker {
    // Flags of the parent such as --input-type would keep a worker from starting; it needs none.
    const worker = new Worker(this.#options.workerFile ?? verifyWorkerFile, {
      name: `aurex-verify-${index}`,
      execArgv: [],
    });
    worker.on("message", (message: WorkerMessage) => {
      if (message === "started") this.#hasThread = true;
      else this.#finish(message);
    });
    worker.on("error", (thrown) => this.#fail(toError(thrown)));
    worker.on("exit", (code) => this.#fail(new Error(`it exited with code ${code}`)));
    return worker;
  }

  #finish(batch: number): void {
    const running = this.#running.get(batch);
    if (!running) return; // It ended by a failure or by closing while this message was on its way.
    this.#running.delete(batch);
    this.#startBatches();
    try {
      running.resolve(readVerdicts(running.memory));
    } catch (thrown) {
      running.reject(toError(thrown));
    }
  }

  #fail(cause: Error): void {
    if (this.#ended) return;
    this.#logger.error({ err: cause }, "a signature verification thread died");
    this.#end(new InvariantError(`a signature verification thread died: ${cause.message}`, { cause }));
    for (const worker of this.#workers) void worker.terminate();
  }

  #unfinished(): readonly WaitingBatch[] {
    return [...this.#running.values(), ...this.#waiting];
  }

  #end(reason: Error): void {
    this.#ended ??= reason;
    const unfinished = this.#unfinished();
    this.#running.clear();
    this.#waiting.length = 0;
    for (const { reject } of unfinished) reject(this.#ended);
  }
}
