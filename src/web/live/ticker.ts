/** One clock for all that ticks on the page: ages, countdowns. It stands still while nobody looks. */

/** What ticks, and when it changes next. */
interface Ticking {
  readonly tick: () => void;
  dueMs: number;
}

/** Several changes that lie as close as this come together. */
const togetherMs = 50;

export class Ticker {
  readonly #ticking = new Set<Ticking>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isPaused = false;

  /**
   * Calls `tick` once after `delayMs`, or later if nobody looks.
   *
   * @returns ends that
   */
  after(delayMs: number, tick: () => void): () => void {
    const entry = { tick, dueMs: performance.now() + delayMs };
    this.#ticking.add(entry);
    this.#arm();
    return () => {
      this.#ticking.delete(entry);
    };
  }

  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isPaused || this.#ticking.size === 0) return;
    let dueMs = Number.POSITIVE_INFINITY;
    for (const entry of this.#ticking) dueMs = Math.min(dueMs, entry.dueMs);
    this.#timer = setTimeout(() => this.#run(), Math.max(0, dueMs - performance.now()) + togetherMs);
  }

  #run(): void {
    const nowMs = performance.now();
    // After a sleep each ticks once, however many ticks it has missed.
    const due = [...this.#ticking].filter(({ dueMs }) => dueMs <= nowMs);
    for (const entry of due) this.#ticking.delete(entry);
    for (const { tick } of due) tick();
    this.#arm();
  }
}
