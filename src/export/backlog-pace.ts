/** How fast a backlog shrinks, and so how long the rest of it will take. */

interface Sample {
  readonly atMs: number;
  readonly height: number;
}

/** What lies further back says little about the pace of now. */
const windowMs = 30_000;
const samplesMax = 64;
/** A pace from less time than this would jump about. */
const shortestMs = 1_000;

export class BacklogPace {
  #samples: readonly Sample[] = [];

  /** Takes note of how far the work has come. */
  add(atMs: number, height: number): void {
    const last = this.#samples.at(-1);
    // Gone back, or begun anew: the pace of before is another work's.
    const before = last && height < last.height ? [] : this.#samples;
    const kept = before.filter((sample) => atMs - sample.atMs <= windowMs);
    // The oldest stays, so that many quick steps still make a long window.
    const thinned = kept.length < samplesMax ? kept : kept.filter((_, index) => index % 2 === 0);
    this.#samples = [...thinned, { atMs, height }];
  }

  /** Milliseconds that the blocks up to `headHeight` will take; undefined while there is no pace to tell it from. */
  leftMs(headHeight: number): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last) return undefined;
    const tookMs = last.atMs - first.atMs;
    const blocks = last.height - first.height;
    if (tookMs < shortestMs || blocks <= 0) return undefined;
    return (Math.max(0, headHeight - last.height) * tookMs) / blocks;
  }

  clear(): void {
    this.#samples = [];
  }
}
