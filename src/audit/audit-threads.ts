/** The threads of an audit: each has the file open, and takes the next piece of work when it has done one. */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { invariant, toError } from "../base/invariant.ts";
import { AuditError } from "./audit-error.ts";
import type { ThreadAnswers, ThreadFailure, ThreadReply, ThreadTask } from "./audit-worker.ts";
import type { HugeRows } from "./ledger-reader.ts";

/** `.ts` from source, `.js` once compiled. */
const workerFile = new URL(`./audit-worker${extname(import.meta.url)}`, import.meta.url);

/** SQLite could not read on in another thread. */
export class ThreadSqliteError extends Error {
  override name = "ThreadSqliteError";
  readonly errcode: number;

  constructor(message: string, errcode: number) {
    super(message);
    this.errcode = errcode;
  }
}

/** V8 would let each thread's heap grow to hundreds of MB before it looks for what is no longer needed. */
const resourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 };

class AuditThread {
  readonly #worker: Worker;
  #waiting: { resolve: (answer: never) => void; reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;

  constructor(index: number) {
    // Flags of the parent such as --input-type would keep a worker from starting; it needs none.
    this.#worker = new Worker(workerFile, { name: `aurex-audit-${index}`, execArgv: [], resourceLimits });
    this.#worker.on("message", (reply: ThreadReply) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if ("failure" in reply) waiting?.reject(errorOf(reply.failure));
      else waiting?.resolve(reply.answer as never);
    });
    this.#worker.on("error", (thrown) => this.#end(toError(thrown)));
    this.#worker.on("exit", () => this.#end(new Error("a thread of the audit has ended")));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#waiting?.reject(this.#ended);
    this.#waiting = undefined;
  }

  run<Task extends ThreadTask>(task: Task): Promise<ThreadAnswers[Task["kind"]]> {
    invariant(!this.#waiting, "a thread does one thing at a time");
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve: resolve as (answer: never) => void, reject };
      this.#worker.postMessage(task);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

function errorOf({ message, stack, sqliteCode }: ThreadFailure): Error {
  if (sqliteCode !== undefined) return new ThreadSqliteError(message, sqliteCode);
  const error = new Error(`a thread of the audit failed: ${message}`);
  if (stack !== undefined) error.stack = stack;
  return error;
}

export class AuditThreads {
  readonly #threads: readonly AuditThread[];
  readonly #idle: AuditThread[];
  readonly #waiting: ((thread: AuditThread) => void)[] = [];

  constructor(count: number) {
    this.#threads = Array.from({ length: count }, (_, index) => new AuditThread(index));
    this.#idle = [...this.#threads];
  }

  /** Opens the file in every thread; the marks of their snapshots, which are equal if nobody has written in between. */
  async open(file: string, huge: HugeRows): Promise<string[]> {
    return Promise.all(this.#threads.map((thread) => thread.run({ kind: "open", file, huge })));
  }

  /** Runs a task on the next thread that is free. */
  async run<Task extends ThreadTask>(task: Task): Promise<ThreadAnswers[Task["kind"]]> {
    const thread =
      this.#idle.pop() ?? (await new Promise<AuditThread>((resolve) => this.#waiting.push(resolve)));
    try {
      return await thread.run(task);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(thread);
      else this.#idle.push(thread);
    }
  }

  /** Runs all tasks, as many at a time as there are threads; `done` gets each answer as it is ready. */
  async runAll<Task extends ThreadTask>(
    tasks: Iterable<Task>,
    done: (task: Task, answer: ThreadAnswers[Task["kind"]]) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const waiting = tasks[Symbol.iterator]();
    const workOff = async () => {
      for (let next = waiting.next(); !next.done; next = waiting.next()) {
        if (signal?.aborted) return;
        done(next.value, await this.run(next.value));
      }
    };
    await Promise.all(this.#threads.map(workOff));
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

export function stoppedAudit(): AuditError {
  return new AuditError(
    "audit/stopped",
    "the audit was stopped",
    "this process was asked to end; nothing was judged",
    "run the command again",
  );
}
