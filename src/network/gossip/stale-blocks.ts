/**
 * Blocks that a peer sends though it has sent a better one: an honest node relays a block only as its new head, so each of
 * its blocks is better than the one before. A few come out of order; many are a flood of siblings.
 */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock } from "../../base/clock.ts";
import { compareHeads } from "../../consensus/engine.ts";
import type { HeaderRecord } from "../../protocol/block.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";
import type { PeerId } from "../peer-host.ts";

/** Gossip that was lost comes late, and a producer sends its own block though it lost. Some 0.05 a second, at one block a second. */
const staleBurst = 16;
const stalePerSecond = 0.5;
/** The same in bytes: what a block costs before it is known to lose goes with its size. One of 1 MiB in 20 seconds is 51 KiB a second. */
const staleBytesBurst = 4 * 2 ** 20;
const staleBytesPerSecond = 128 * 2 ** 10;
/** Of the burst, what a peer has whose first block has only just come: keys are free. */
const staleBytesAtFirst = 2 ** 20;
/** The peer that sent no block for the longest time is forgotten first. */
const peersMax = 1_024;

interface PeerRecord {
  readonly count: LeakyBucket;
  readonly bytes: LeakyBucket;
  best: HeaderRecord;
}

export class StaleBlocks {
  readonly #clock: Clock;
  readonly #peers = new BoundedMap<PeerId, PeerRecord>(peersMax);

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Counts a block that a peer has sent by gossip. @returns false if the peer has sent more stale ones than an honest peer does */
  add(record: HeaderRecord, bytes: number, from: PeerId): boolean {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#peers.get(from);
    const peer = known ?? {
      count: new LeakyBucket(staleBurst, stalePerSecond / 1_000, nowMs),
      bytes: new LeakyBucket(staleBytesBurst, staleBytesPerSecond / 1_000, nowMs, staleBytesAtFirst),
      best: record,
    };
    this.#peers.set(from, peer);
    if (!known) return true;
    if (compareHeads(record, peer.best) >= 0) {
      return peer.bytes.hasRoom(bytes, nowMs) && peer.count.add(1, nowMs) && peer.bytes.add(bytes, nowMs);
    }
    peer.best = record;
    return true;
  }
}
