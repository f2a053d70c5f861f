/**
 * A stream without a queue: a reader gets the newest value at the time when it reads, and a slow reader misses values.
 * It is an iterator of its own, since a generator that waits cannot be ended from outside.
 */
import { Notify } from "../base/notify.ts";

export class NewestStream<Value> implements AsyncIterableIterator<Value, undefined> {
  readonly #newest: () => Value;
  readonly #onEnd: () => void;
  readonly #notify = new Notify();
  #isDue = true;
  #ended = false;

  /** @param newest is asked when the reader is ready; @param onEnd is called once, when either side ends the stream */
  constructor(newest: () => Value, onEnd: () => void) {
    this.#newest = newest;
    this.#onEnd = onEnd;
  }

  /** The value has changed, or the reader should get it again. */
  due(): void {
    this.#isDue = true;
    this.#notify.tell();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#notify.tell();
    this.#onEnd();
  }

  async next(): Promise<IteratorResult<Value, undefined>> {
    while (!this.#isDue && !this.#ended) await this.#notify.told();
    if (this.#ended) return { done: true, value: undefined };
    this.#isDue = false;
    return { done: false, value: this.#newest() };
  }

  async return(): Promise<IteratorResult<Value, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
