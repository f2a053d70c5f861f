/**
 * How much of one gossip topic is taken: from one peer, and of what is relayed in total. Apart from misbehaviour: a
 * message over the budget is dropped, and costs its sender nothing, since a peer that relays does not choose its volume.
 */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock } from "../../base/clock.ts";
import type { AcceptanceRates, ByteRate, PeerId } from "../peer-host.ts";
import { LeakyBucket } from "./leaky-bucket.ts";

/** Hashing, queueing and relaying even an empty message costs as much as so many bytes. */
export const messageCostBytes = 2_048;
/** What is accepted earns so many times its cost of trust: a neighbour that is of use has all of it in a moment. */
const trustEarnedTimes = 8;
/** Peers remembered for each topic; the longest unseen is forgotten first. */
const peersMax = 1_024;

interface PeerShare {
  readonly all: LeakyBucket;
  readonly reserved: LeakyBucket;
  readonly onTrust: LeakyBucket | undefined;
}

export class AcceptanceBudget {
  readonly #rates: AcceptanceRates;
  readonly #clock: Clock;
  readonly #total: LeakyBucket;
  readonly #peers = new BoundedMap<PeerId, PeerShare>(peersMax);

  constructor(rates: AcceptanceRates, { clock }: { readonly clock: Clock }) {
    this.#rates = rates;
    this.#clock = clock;
    this.#total = bucketOf(rates.total, clock.monotonicMs());
  }

  /**
   * Charges a message to the peer that it came from. To be asked before the message counts as seen: what is dropped
   * here may still come by another peer.
   *
   * @param ahead what the same frame holds before it, and is not judged yet
   * @returns false if it is to be dropped
   */
  admits(peer: PeerId, bytes: number, ahead: { readonly count: number; readonly bytes: number }): boolean {
    const cost = costOf(bytes);
    const nowMs = this.#clock.monotonicMs();
    const share = this.#shareOf(peer, nowMs);
    const trustedBytes = cost + ahead.bytes + ahead.count * messageCostBytes;
    if (!share.all.hasRoom(cost, nowMs) || share.onTrust?.hasRoom(trustedBytes, nowMs) === false)
      return false;
    if (!share.reserved.add(cost, nowMs) && !this.#total.hasRoom(cost, nowMs)) return false;
    return share.all.add(cost, nowMs);
  }

  /** A message that nobody has brought before is to be judged. Copies of it cost no trust: an honest neighbour brings one, too. */
  judging(peer: PeerId, bytes: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#shareOf(peer, nowMs).onTrust?.fill(costOf(bytes), nowMs);
  }

  /** A message was accepted and is relayed: its peer has been worth the trust. */
  accepted(peer: PeerId, bytes: number): void {
    const cost = costOf(bytes);
    const nowMs = this.#clock.monotonicMs();
    this.#total.fill(cost, nowMs);
    this.#shareOf(peer, nowMs).onTrust?.drain(trustEarnedTimes * cost, nowMs);
  }

  #shareOf(peer: PeerId, nowMs: number): PeerShare {
    const { perPeer, reserved, onTrust } = this.#rates;
    const share = this.#peers.get(peer) ?? {
      all: bucketOf(perPeer, nowMs),
      reserved: bucketOf(reserved, nowMs),
      onTrust: onTrust && bucketOf(onTrust, nowMs),
    };
    this.#peers.set(peer, share);
    return share;
  }
}

function costOf(bytes: number): number {
  return bytes + messageCostBytes;
}

function bucketOf({ bytesPerSecond, burstBytes, atFirstBytes }: ByteRate, nowMs: number): LeakyBucket {
  return new LeakyBucket(burstBytes, bytesPerSecond / 1_000, nowMs, atFirstBytes);
}
