/** What one part of the node does later: after a while, once however often it is asked for, or again and again. */
import type { Clock, Timer } from "../base/clock.ts";

export class Schedule {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  /** What is about to be done once, however often it was asked for meanwhile. */
  readonly #due = new Set<string>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  after(delayMs: number, callback: () => void): void {
    if (this.#closed) return;
    const timer = this.#clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }

  soon(what: string, delayMs: number, callback: () => void): void {
    if (this.#due.has(what)) return;
    this.#due.add(what);
    this.after(delayMs, () => {
      this.#due.delete(what);
      callback();
    });
  }

  repeat(everyMs: number, callback: () => void): void {
    this.after(everyMs, () => {
      callback();
      this.repeat(everyMs, callback);
    });
  }

  /** Nothing of it is done any more, nor what is asked for from now on. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
  }
}
