/** Runs asynchronous tasks one after the other, and refuses more than a bound. */
import { fail, ok, type Result } from "./result.ts";

export interface QueueFull {
  readonly code: "queue/full";
  readonly pendingMax: number;
}

export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #pending = 0;
  readonly #pendingMax: number;

  constructor(pendingMax: number) {
    this.#pendingMax = pendingMax;
  }

  /** Tasks waiting or running. */
  get pending(): number {
    return this.#pending;
  }

  /** Runs `task` after all that were queued before it; its own throw rejects the returned promise only. */
  async run<Value>(task: () => Promise<Value> | Value): Promise<Result<Value, QueueFull>> {
    if (this.#pending >= this.#pendingMax) return fail({ code: "queue/full", pendingMax: this.#pendingMax });
    this.#pending += 1;
    const result = this.#tail.then(task);
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    try {
      return ok(await result);
    } finally {
      this.#pending -= 1;
    }
  }

  /** Resolves when everything queued so far has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
