/** Something worth saying, but not each time that it happens. */
import type { Clock } from "./clock.ts";

export class Seldom {
  readonly #everyMs: number;
  readonly #clock: Clock;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(everyMs: number, clock: Clock) {
    this.#everyMs = everyMs;
    this.#clock = clock;
  }

  /** Says it where it has not been said for a while. */
  say(what: () => void): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#saidMs + this.#everyMs) return;
    this.#saidMs = nowMs;
    what();
  }
}
