/**
 * A stream of which a reader gets what is newest when it reads: what a slow one misses waits in no queue. An iterator of
 * its own rather than a generator, since a generator that waits cannot be ended from outside.
 */
import { Notify } from "../base/notify.ts";

export class NewestStream<Value> implements AsyncIterableIterator<Value, undefined> {
  readonly #newest: () => Value;
  readonly #onEnd: () => void;
  readonly #notify = new Notify();
  #isDue = true;
  #ended = false;

  /** @param newest is asked when the reader is ready; @param onEnd is called once, whoever ends the stream */
  constructor(newest: () => Value, onEnd: () => void) {
    this.#newest = newest;
    this.#onEnd = onEnd;
  }

  /** There is something that the reader has not got, or should get again. */
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
