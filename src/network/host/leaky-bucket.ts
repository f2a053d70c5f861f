/** A budget that refills with time: what a peer may cost this node. */

export class LeakyBucket {
  readonly #capacity: number;
  readonly #leakPerMs: number;
  #level: number;
  #measuredMs: number;

  /**
   * @param nowMs monotonic milliseconds, as in {@link add}
   * @param roomAtFirst less than the capacity for whoever has only just come
   */
  constructor(capacity: number, leakPerMs: number, nowMs: number, roomAtFirst = capacity) {
    this.#level = capacity - roomAtFirst;
    this.#capacity = capacity;
    this.#leakPerMs = leakPerMs;
    this.#measuredMs = nowMs;
  }

  /** Pours `amount` in. @returns false if the bucket would run over: then nothing is poured in */
  add(amount: number, nowMs: number): boolean {
    if (this.#levelAt(nowMs) + amount > this.#capacity) return false;
    this.#pour(amount, nowMs);
    return true;
  }

  /** Whether `amount` would find room; nothing is poured in. */
  hasRoom(amount: number, nowMs: number): boolean {
    return this.#levelAt(nowMs) + amount <= this.#capacity;
  }

  /** Takes out what was poured in and turned out to cost nothing. */
  drain(amount: number, nowMs: number): void {
    this.#pour(-Math.min(amount, this.#levelAt(nowMs)), nowMs);
  }

  /** Pours in what has been let through already, up to the brim. */
  fill(amount: number, nowMs: number): void {
    this.#pour(Math.min(amount, this.#capacity - this.#levelAt(nowMs)), nowMs);
  }

  #levelAt(nowMs: number): number {
    return Math.max(0, this.#level - (nowMs - this.#measuredMs) * this.#leakPerMs);
  }

  #pour(amount: number, nowMs: number): void {
    this.#level = this.#levelAt(nowMs) + amount;
    this.#measuredMs = nowMs;
  }
}
