/**
 * A vote may overtake the block that it is for. A vote is relayed only after it was validated, and gossip brings no message
 * twice, so the validation waits a moment for the block. Only a few votes wait at once, and one of each voter: votes for
 * blocks that do not exist must not hold up the votes behind them.
 */
import { toHex } from "../../base/bytes.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Vote } from "../../protocol/vote.ts";

/** Longer than a full block takes to arrive and to be executed. */
export const blockWaitMs = 2_000;
/** Below the number of messages of a topic that are validated at once. */
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

  /** Resolves to true when a vote's target is here, to false if the target does not come or if there is no room to wait. */
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

  /** A block was stored. */
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
