/** When blocks came, by the monotonic clock. Bounded; forgotten with a restart: what is not known came long ago. */
import { BoundedMap } from "../base/bounded-map.ts";
import type { Clock } from "../base/clock.ts";
import type { HeaderRecord } from "../protocol/block.ts";

/** The questions are about the last seconds. Each entry takes some 150 bytes. */
const arrivalsMax = 4_096;

export class Arrivals {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #arrivals = new BoundedMap<string, number>(arrivalsMax);

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** A block has come, or has been stored: what took long to execute came no sooner. */
  note({ hashHex }: Pick<HeaderRecord, "hashHex">): void {
    this.#arrivals.set(hashHex, this.#clock.monotonicMs());
  }

  /** How long ago a block came; infinite if that is not known. */
  sinceMs({ hashHex }: Pick<HeaderRecord, "hashHex">): number {
    const atMs = this.#arrivals.get(hashHex);
    return atMs === undefined ? Number.POSITIVE_INFINITY : this.#clock.monotonicMs() - atMs;
  }
}
