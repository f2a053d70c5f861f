/** A leaky bucket for each peer: what each may cost this node of one thing. The peer unseen for the longest time is forgotten first. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock } from "../../base/clock.ts";
import type { PeerId } from "../peer-host.ts";
import { LeakyBucket } from "./leaky-bucket.ts";

export interface PeerBucketRate {
  readonly perSecond: number;
  readonly burst: number;
  /** Of the burst, what a peer has that has cost nothing yet: keys are free. Absent: all of it. */
  readonly atFirst?: number;
}

const peersMax = 1_024;

export class PeerBuckets {
  readonly #rate: PeerBucketRate;
  readonly #clock: Clock;
  readonly #peers = new BoundedMap<PeerId, LeakyBucket>(peersMax);

  constructor(rate: PeerBucketRate, { clock }: { readonly clock: Clock }) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Charges a peer. @returns false if it has not so much left: then it is charged nothing */
  add(peer: PeerId, amount: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    const { perSecond, burst, atFirst } = this.#rate;
    const bucket = this.#peers.get(peer) ?? new LeakyBucket(burst, perSecond / 1_000, nowMs, atFirst);
    this.#peers.set(peer, bucket);
    return bucket.add(amount, nowMs);
  }

  /** Whether a peer has so much left; charges nothing, and remembers nobody. */
  hasRoom(peer: PeerId, amount: number): boolean {
    const { burst, atFirst = burst } = this.#rate;
    return this.#peers.get(peer)?.hasRoom(amount, this.#clock.monotonicMs()) ?? amount <= atFirst;
  }
}
