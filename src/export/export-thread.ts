/** Keeps a ledger in step with a chain from a thread of its own, so that the thread of the chain is never held up by SQL. */
import { extname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { GenesisType } from "../protocol/genesis.ts";
import type { NodeRecord } from "../protocol/node-record.ts";
import type { Cursor } from "./chain-meta.ts";
import { ExportError } from "./export-error.ts";
import type { ExportJobOptions } from "./export-job.ts";
import { type FeedOptions, FeedReader } from "./ledger-feed.ts";
import type { CatchUpReport, ExportProgress, LedgerJob } from "./ledger-job.ts";
import type { LedgerSource } from "./ledger-source.ts";
import type { PoolRow } from "./pool-rows.ts";
import type { PostgresPlace } from "./postgres/postgres-url.ts";
import { answerFeedCall } from "./remote-feed.ts";
import {
  type ExportThreadData,
  type FromThread,
  type JobCall,
  type JobCalls,
  receiveError,
  sendError,
  type ToThread,
} from "./thread-messages.ts";

/** `.ts` from source, `.js` once compiled. */
const exportWorkerFile = new URL(`./export-worker${extname(import.meta.url)}`, import.meta.url);

export interface ExportThreadOptions extends ExportJobOptions, FeedOptions {
  /** The database to write to; `file` is then what is shown of it. */
  readonly postgres?: PostgresPlace;
  /** Another thread in place of the writing one: how a test sees one die. */
  readonly workerFile?: URL;
}

export interface ExportThreadModules {
  readonly source: LedgerSource;
  readonly logger: Logger;
}

interface PendingCall {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((progress: ExportProgress) => void) | undefined;
}

/** The thread begins with the first call, and anew with the next call after it has died or was closed. */
export class ExportThread implements LedgerJob {
  readonly file: string;
  readonly #options: ExportThreadOptions;
  readonly #reader: FeedReader;
  readonly #logger: Logger;
  readonly #calls = new Map<number, PendingCall>();
  #worker: Worker | undefined;
  #called = 0;
  #cursor: Cursor | undefined;
  #logBytes = 0;

  constructor(options: ExportThreadOptions, { source, logger }: ExportThreadModules) {
    this.file = options.file;
    this.#options = options;
    this.#reader = new FeedReader(source, options);
    this.#logger = logger;
  }

  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  get logBytes(): number {
    return this.#logBytes;
  }

  /** @throws ExportError if the file cannot be a ledger of this chain */
  async open(): Promise<void> {
    await this.#call("open", undefined);
  }

  async catchUp(
    onProgress?: (progress: ExportProgress) => void,
    signal?: AbortSignal,
  ): Promise<CatchUpReport> {
    const stop = () => this.#send({ kind: "stop" });
    const done = this.#call("catchUp", undefined, onProgress);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
    return done.finally(() => signal?.removeEventListener("abort", stop));
  }

  async recordNodes(records: readonly NodeRecord[]): Promise<void> {
    if (records.length > 0) await this.#call("recordNodes", records);
  }

  async recordPool(rows: readonly PoolRow[]): Promise<void> {
    if (rows.length > 0) await this.#call("recordPool", rows);
  }

  tidy(): Promise<boolean> {
    return this.#call("tidy", undefined);
  }

  /** Ends the thread, too. */
  async close(): Promise<boolean> {
    if (!this.#worker) return true;
    try {
      return await this.#call("close", undefined);
    } catch {
      // It died: the file is as good as one that a kill left.
      return true;
    } finally {
      const worker = this.#worker;
      this.#worker = undefined;
      await worker?.terminate();
    }
  }

  #call<Call extends JobCall>(
    call: Call,
    input: JobCalls[Call]["input"],
    onProgress?: (progress: ExportProgress) => void,
  ): Promise<JobCalls[Call]["output"]> {
    this.#worker ??= this.#start();
    const id = this.#called;
    this.#called += 1;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve: resolve as PendingCall["resolve"], reject, onProgress });
      // The process stays alive for an answer that somebody waits for, never for an idle thread.
      this.#worker?.ref();
      this.#send({ kind: "call", id, call, input });
    });
  }

  #send(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  #start(): Worker {
    const { workerFile, finalizedOnly: _f, lastHeight: _l, postgres, ...job } = this.#options;
    const data: ExportThreadData = {
      job,
      postgres,
      genesis: GenesisType.serialize(this.#reader.source.spec.genesis),
    };
    // Flags of the parent such as --input-type would keep a worker from starting; it needs none.
    const worker = new Worker(workerFile ?? exportWorkerFile, {
      name: "aurex-export",
      execArgv: [],
      workerData: data,
    });
    let cause: Error | undefined;
    worker.on("message", (message: FromThread) => this.#receive(message));
    worker.on("error", (thrown) => {
      cause = toError(thrown);
    });
    worker.on("exit", (code) => this.#ended(worker, cause ?? new Error(`it ended with code ${code}`)));
    return worker;
  }

  #receive(message: FromThread): void {
    if (message.kind === "answer" || message.kind === "failed") this.#settle(message);
    else if (message.kind === "ask") void this.#answer(message);
    else if (message.kind === "damaged") this.#reader.blockIsDamaged(message.hash);
    else if (message.kind === "log") this.#logger[message.level](message.fields, message.message);
    else {
      this.#take(message.state);
      for (const { onProgress } of this.#calls.values()) onProgress?.(message.progress);
    }
  }

  async #answer({ id, call, input }: FromThread & { kind: "ask" }): Promise<void> {
    const worker = this.#worker;
    const send = (message: ToThread, moved: readonly ArrayBuffer[] = []) =>
      worker?.postMessage(message, moved);
    try {
      await answerFeedCall(
        this.#reader,
        call,
        input,
        (output, isLast, moved) => send({ kind: "fed", id, output, isLast }, moved),
        () => nextTurn(),
      );
    } catch (thrown) {
      send({ kind: "unread", id, error: sendError(thrown) });
    }
  }

  #take(state: { readonly cursor: Cursor | undefined; readonly logBytes: number }): void {
    this.#cursor = state.cursor;
    this.#logBytes = state.logBytes;
  }

  #settle(message: FromThread & { kind: "answer" | "failed" }): void {
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    this.#take(message.state);
    if (this.#calls.size === 0) this.#worker?.unref();
    if (message.kind === "answer") call?.resolve(message.output);
    else call?.reject(receiveError(message.error));
  }

  #ended(worker: Worker, cause: Error): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    const error = new ExportError(
      "export/thread-ended",
      `the export to ${this.file} was interrupted`,
      `the thread that writes it ended: ${cause.message}`,
      "nothing: it is started again by itself; if it ends again and again, look into blockchain.log of the data directory",
      { cause },
    );
    this.#logger.error({ error, file: this.file }, "the thread that writes the SQL ledger ended");
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const { reject } of calls) reject(error);
  }
}
