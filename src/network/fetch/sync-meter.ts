/** How far catching up has come, and how fast: a line of progress now and then. */
import type { Clock } from "../../base/clock.ts";

export interface SyncProgress {
  readonly height: number;
  readonly targetHeight: number;
  readonly blocksPerSecond: number;
}

const progressEveryMs = 2_000;

/** Measures how fast blocks come in, and says when a line of progress is due. */
export class SyncMeter {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #startHeight: number;
  readonly #targetHeight: number;
  #saidMs: number;

  constructor(clock: Clock, startHeight: number, targetHeight: number) {
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    this.#saidMs = this.#startMs;
    this.#startHeight = startHeight;
    this.#targetHeight = targetHeight;
  }

  imported(height: number): { value: SyncProgress; due: boolean } {
    const now = this.#clock.monotonicMs();
    const seconds = Math.max(0.001, (now - this.#startMs) / 1_000);
    const blocksPerSecond = Math.round((height - this.#startHeight) / seconds);
    const due = now - this.#saidMs >= progressEveryMs;
    if (due) this.#saidMs = now;
    return { value: { height, targetHeight: this.#targetHeight, blocksPerSecond }, due };
  }
}
