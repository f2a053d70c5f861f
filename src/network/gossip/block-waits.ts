/**
 * Votes overtake the blocks that they are for. A vote is relayed only once it is judged, and gossip brings nothing
 * twice, so its judgement waits a moment for the block. Few at once and one of each voter: a vote for a block that
 * nobody has must not hold up the votes behind it.
 */
import { toHex } from "../../base/bytes.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Vote } from "../../protocol/vote.ts";

/** Longer than a full block takes to arrive and to be executed. */
export const blockWaitMs = 2_000;
/** Below the number that a topic judges at once. */
export const blockWaitsMax = 6;

interface Wait {
  readonly hash: Uint8Array;
  readonly timer: Timer;
  readonly settle: (isHere: boolean) => void;
}

export interface BlockWaitsModules {
  readonly clock: Clock;
  readonly isKnown: (hash: Uint8Array) => boolean;
}

export class BlockWaits {
  readonly #modules: BlockWaitsModules;
  readonly #waits = new Map<string, Wait>();

  constructor(modules: BlockWaitsModules) {
    this.#modules = modules;
  }

  /** Resolves to true when a vote's target is here, to false where it does not come or there is no room to wait. */
  targetOf({ target, voter }: Vote): Promise<boolean> {
    const key = toHex(voter);
    if (this.#waits.size >= blockWaitsMax || this.#waits.has(key)) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const settle = (isHere: boolean) => {
      this.#waits.delete(key);
      resolve(isHere);
    };
    const timer = this.#modules.clock.schedule(blockWaitMs, () => settle(false));
    this.#waits.set(key, { hash: target.hash, timer, settle });
    return promise;
  }

  /** A block may have been stored. */
  look(): void {
    for (const { hash, timer, settle } of [...this.#waits.values()]) {
      if (!this.#modules.isKnown(hash)) continue;
      timer.cancel();
      settle(true);
    }
  }

  close(): void {
    for (const { timer, settle } of [...this.#waits.values()]) {
      timer.cancel();
      settle(false);
    }
  }
}
