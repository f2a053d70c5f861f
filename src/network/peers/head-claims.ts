/**
 * Better heads that peers claim and this node does not have yet. Sealing on the old head meanwhile would make a short
 * fork, so a producer waits for a moment; and as a claim costs nothing, no peer can make it wait for longer.
 */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock } from "../../base/clock.ts";
import type { PeerId } from "../peer-host.ts";

/** From the first claim that a peer has not made good: a later one does not begin a new wait. */
export const claimBelievedMs = 3_000;
/** A peer that did not make its claim good is not waited for again so soon, whatever it claims. */
const disbeliefMs = 60_000;
/** After waiting for one claim or several in a row, however many peers take turns in claiming. */
const pauseMs = 10_000;
const peersMax = 256;

interface Claim {
  readonly head: Uint8Array;
  /** Monotonic, of the first claim that is still open. */
  readonly sinceMs: number;
}

export interface HeadClaimsModules {
  readonly clock: Clock;
  readonly isKnown: (hash: Uint8Array) => boolean;
}

export class HeadClaims {
  readonly #modules: HeadClaimsModules;
  /** Kept when a peer goes, or it would be believed anew by coming back. */
  readonly #claims = new BoundedMap<PeerId, Claim>(peersMax);
  /** When the present wait began, or the last one. */
  #waitingSinceMs = -Infinity;

  constructor(modules: HeadClaimsModules) {
    this.#modules = modules;
  }

  /** A peer of our chain claims a head that would be better than ours. */
  claimed(peer: PeerId, head: Uint8Array): void {
    const { clock, isKnown } = this.#modules;
    if (isKnown(head)) return;
    this.#settle();
    const nowMs = clock.monotonicMs();
    const open = this.#claims.get(peer);
    if (open && nowMs - open.sinceMs < disbeliefMs) {
      this.#claims.set(peer, { ...open, head });
      return;
    }
    this.#claims.set(peer, { head, sinceMs: nowMs });
    if (nowMs - this.#waitingSinceMs >= claimBelievedMs + pauseMs) this.#waitingSinceMs = nowMs;
  }

  /** Whether a claimed head is worth waiting for just now. */
  get isOpen(): boolean {
    this.#settle();
    const isTimeLeft = this.#modules.clock.monotonicMs() - this.#waitingSinceMs < claimBelievedMs;
    return isTimeLeft && this.#isAnyBelieved();
  }

  /** Claims that were made good are no claims any more; where none is left to wait for, the next gets its whole time. */
  #settle(): void {
    let madeGood = 0;
    for (const [peer, { head }] of [...this.#claims.entries()]) {
      if (this.#modules.isKnown(head) && this.#claims.delete(peer)) madeGood += 1;
    }
    if (madeGood > 0 && !this.#isAnyBelieved()) this.#waitingSinceMs = -Infinity;
  }

  #isAnyBelieved(): boolean {
    const nowMs = this.#modules.clock.monotonicMs();
    return [...this.#claims.values()].some(({ sinceMs }) => nowMs - sinceMs < claimBelievedMs);
  }
}
