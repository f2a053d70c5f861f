/** How far catching up has come, and how fast. Range sync writes it; the log, the API and the producer read it. */
import type { Clock } from "../../base/clock.ts";

export interface SyncProgress {
  readonly height: number;
  readonly targetHeight: number;
  readonly blocksPerSecond: number;
}

interface SyncRun {
  readonly startMs: number;
  readonly startHeight: number;
  readonly targetHeight: number;
  /** Only a run over many blocks is shown as progress. */
  readonly isLong: boolean;
}

const lineEveryMs = 2_000;

export class SyncMeter {
  readonly #clock: Clock;
  readonly #changed: () => void;
  #run: SyncRun | undefined;
  #lineMs = 0;
  #progress: SyncProgress | undefined;

  /** @param changed is called if `progress` was set or is undefined again */
  constructor(clock: Clock, changed: () => void = () => undefined) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Set while the node fetches a long run of blocks. */
  get progress(): SyncProgress | undefined {
    return this.#progress;
  }

  begin(startHeight: number, targetHeight: number, isLong: boolean): void {
    const startMs = this.#clock.monotonicMs();
    this.#run = { startMs, startHeight, targetHeight, isLong };
    this.#lineMs = startMs;
    if (!isLong) return;
    this.#progress = { height: startHeight, targetHeight, blocksPerSecond: 0 };
    this.#changed();
  }

  /** Notes the block that was imported last. @returns the progress if a line of it is due in the log */
  imported(height: number): SyncProgress | undefined {
    if (!this.#run) return undefined;
    const { startMs, startHeight, targetHeight, isLong } = this.#run;
    const nowMs = this.#clock.monotonicMs();
    const seconds = Math.max(0.001, (nowMs - startMs) / 1_000);
    const progress = {
      height,
      targetHeight,
      blocksPerSecond: Math.round((height - startHeight) / seconds),
    };
    if (isLong) this.#progress = progress;
    if (nowMs - this.#lineMs < lineEveryMs) return undefined;
    this.#lineMs = nowMs;
    return progress;
  }

  /** The node has stopped catching up. */
  end(): void {
    this.#run = undefined;
    if (!this.#progress) return;
    this.#progress = undefined;
    this.#changed();
  }
}
