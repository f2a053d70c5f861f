/** Runs a function of a module in a thread: node:test follows every promise of a test's own thread, a quarter of a simulation's time. */
import { Worker } from "node:worker_threads";

interface Answer {
  readonly value?: unknown;
  readonly error?: Error;
}

/** Of one module; one call after the other. It holds the process up only while it answers. */
export class OwnThread {
  readonly #worker: Worker;
  #last: Promise<unknown> = Promise.resolve();

  /** @param module whose functions are called; what they take and return is cloned */
  constructor(module: URL) {
    this.#worker = new Worker(new URL("./own-thread-worker.ts", import.meta.url), {
      workerData: module.href,
    });
    this.#worker.unref();
  }

  /**
   * @param name of an exported function
   * @throws what the function throws
   */
  call<Returned>(name: string, ...args: readonly unknown[]): Promise<Returned> {
    const called = this.#last.then(() => this.#call(name, args));
    this.#last = called.catch(() => {});
    return called as Promise<Returned>;
  }

  async #call(name: string, args: readonly unknown[]): Promise<unknown> {
    this.#worker.ref();
    try {
      const { value, error } = await new Promise<Answer>((resolve, reject) => {
        this.#worker.once("message", resolve);
        this.#worker.once("error", reject);
        this.#worker.once("exit", (code) => reject(new Error(`the thread ended with ${code}`)));
        this.#worker.postMessage({ name, args });
      });
      if (error) throw error;
      return value;
    } finally {
      for (const event of ["message", "error", "exit"]) this.#worker.removeAllListeners(event);
      this.#worker.unref();
    }
  }
}
