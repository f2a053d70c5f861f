/** How many blocks a peer may send with which nothing can be done yet: orphans, and blocks from the future. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock } from "../../base/clock.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";
import type { PeerId } from "../peer-host.ts";

/** Far above what a chain makes, and below what would keep a node busy. */
export const untimelyPerSecond = 10;
/** A node that has waited for one block announces at once those that waited behind it. */
export const untimelyBurst = 64;
/** Of those, what a peer has of which nobody has seen such a block before: keys are free. */
export const untimelyAtFirst = 24;
const peersMax = 1_024;

export class UntimelyBlocks {
  readonly #clock: Clock;
  readonly #budgets = new BoundedMap<PeerId, LeakyBucket>(peersMax);

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Counts one block. @returns false if the peer has sent too many */
  spend(from: PeerId): boolean {
    const nowMs = this.#clock.monotonicMs();
    const budget =
      this.#budgets.get(from) ??
      new LeakyBucket(untimelyBurst, untimelyPerSecond / 1_000, nowMs, untimelyAtFirst);
    this.#budgets.set(from, budget);
    return budget.add(1, nowMs);
  }
}
