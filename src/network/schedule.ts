/** The timers of one part of the node: after a delay, once for many requests, or again and again. */
import type { Clock, Timer } from "../base/clock.ts";

export class Schedule {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  /** Names of the callbacks that `soon` has scheduled: a second request for one changes nothing. */
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

  /** Cancels everything. What is asked for from now on is not done either. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
  }
}
