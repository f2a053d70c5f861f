/** Hash rate from accepted work: what came in the last ten minutes, by the minute. */

const windowMs = 600_000;
const sliceMs = 60_000;

export class WorkRate {
  /** Work by slice of time; slices older than the window go when a new one comes. */
  readonly #slices = new Map<number, number>();
  readonly #sinceMs: number;

  /** @param nowMs monotonic milliseconds at which counting begins */
  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  add(work: bigint, nowMs: number): void {
    const slice = Math.floor(nowMs / sliceMs);
    this.#slices.set(slice, (this.#slices.get(slice) ?? 0) + Number(work));
    for (const old of this.#slices.keys()) {
      if (old <= slice - windowMs / sliceMs) this.#slices.delete(old);
    }
  }

  /** Hashes a second; 0 if no share came for ten minutes. Measured over a minute at least: one early share says little. */
  perSecond(nowMs: number): number {
    const oldest = Math.floor(nowMs / sliceMs) - windowMs / sliceMs;
    let work = 0;
    for (const [slice, done] of this.#slices) if (slice > oldest) work += done;
    const windowStartMs = (oldest + 1) * sliceMs;
    const durationMs = Math.max(sliceMs, nowMs - Math.max(this.#sinceMs, windowStartMs));
    return (work * 1000) / durationMs;
  }
}
