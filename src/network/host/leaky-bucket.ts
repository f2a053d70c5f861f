/** A budget that refills with time: what a peer may cost this node. */

export class LeakyBucket {
  readonly #capacity: number;
  readonly #leakPerMs: number;
  #level = 0;
  #measuredMs: number;

  /** @param nowMs monotonic milliseconds, as in {@link add} */
  constructor(capacity: number, leakPerMs: number, nowMs: number) {
    this.#capacity = capacity;
    this.#leakPerMs = leakPerMs;
    this.#measuredMs = nowMs;
  }

  /** Pours `amount` in. @returns false if the bucket would run over: then nothing is poured in */
  add(amount: number, nowMs: number): boolean {
    this.#level = Math.max(0, this.#level - (nowMs - this.#measuredMs) * this.#leakPerMs);
    this.#measuredMs = nowMs;
    if (this.#level + amount > this.#capacity) return false;
    this.#level += amount;
    return true;
  }
}
