/** How many blocks a peer may send with which nothing can be done yet: orphans, and blocks from the future. */
import type { Clock } from "../../base/clock.ts";
import { PeerBuckets } from "../host/peer-buckets.ts";
import type { PeerId } from "../peer-host.ts";

/** Far above what a chain makes, and below what would keep a node busy. */
export const untimelyPerSecond = 10;
/** A node that has waited for one block announces at once those that waited behind it. */
export const untimelyBurst = 64;
/** Of those, what a peer has of which nobody has seen such a block before: keys are free. */
export const untimelyAtFirst = 24;

export class UntimelyBlocks {
  readonly #budgets: PeerBuckets;

  constructor(modules: { readonly clock: Clock }) {
    const rate = { perSecond: untimelyPerSecond, burst: untimelyBurst, atFirst: untimelyAtFirst };
    this.#budgets = new PeerBuckets(rate, modules);
  }

  /** Counts one block. @returns false if the peer has sent too many */
  spend(from: PeerId): boolean {
    return this.#budgets.add(from, 1);
  }
}
