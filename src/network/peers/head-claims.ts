/**
 * Better heads that peers claim and this node does not have yet. A block sealed on the old head would make a short fork,
 * so a producer waits for a moment. A claim costs its peer nothing, so no number of claims makes the producer wait longer.
 */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock } from "../../base/clock.ts";
import type { PeerId } from "../peer-host.ts";

/** How long a peer's claim is believed, from the first one that the peer has not made good. A later claim does not extend it. */
export const claimBelievedMs = 3_000;
/** After a claim that was not made good, the peer's next claims are ignored for this long. */
const disbeliefMs = 60_000;
/** The pause after a wait, so that peers that take turns in claiming cannot extend it. */
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
  /** Called if `isOpen` may have become true. */
  readonly changed?: () => void;
}

export class HeadClaims {
  readonly #modules: HeadClaimsModules;
  /** Kept when a peer disconnects: otherwise a liar would be believed anew after each reconnection. */
  readonly #claims = new BoundedMap<PeerId, Claim>(peersMax);
  /** Monotonic: when the present wait began, or the last one. */
  #waitingSinceMs = -Infinity;

  constructor(modules: HeadClaimsModules) {
    this.#modules = modules;
  }

  /** A peer of our chain claims a head that would be better than ours. */
  claimed(peer: PeerId, head: Uint8Array): void {
    const { clock, isKnown, changed } = this.#modules;
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
    changed?.();
  }

  /** Whether a claimed head is worth waiting for just now. */
  get isOpen(): boolean {
    return this.#nowMs - this.#waitingSinceMs < claimBelievedMs && this.#isAnyBelieved();
  }

  /** To be called after a block has arrived and was stored. */
  blockStored(): void {
    // After the pause the next wait may begin anyhow, so the look-ups are saved.
    if (this.#nowMs - this.#waitingSinceMs < claimBelievedMs + pauseMs) this.#settle();
  }

  /** Forgets the claims whose heads have arrived. If no other is left to wait for, the next one gets its whole time. */
  #settle(): void {
    let madeGood = 0;
    for (const [peer, { head }] of [...this.#claims.entries()]) {
      if (this.#modules.isKnown(head) && this.#claims.delete(peer)) madeGood += 1;
    }
    if (madeGood > 0 && !this.#isAnyBelieved()) this.#waitingSinceMs = -Infinity;
  }

  #isAnyBelieved(): boolean {
    const { isKnown } = this.#modules;
    const nowMs = this.#nowMs;
    return [...this.#claims.values()].some(
      ({ sinceMs, head }) => nowMs - sinceMs < claimBelievedMs && !isKnown(head),
    );
  }

  get #nowMs(): number {
    return this.#modules.clock.monotonicMs();
  }
}
