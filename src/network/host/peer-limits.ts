/** The lines at which a peer costs too much to stay connected: raw gossip, its control entries, and the rate of its requests. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock } from "../../base/clock.ts";
import type { PeerId, ProtocolOptions } from "../peer-host.ts";
import { LeakyBucket } from "./leaky-bucket.ts";

export interface PeerLimitOptions {
  readonly gossipBytesPerSecond: number;
  readonly gossipBytesBurst: number;
  /** Messages. */
  readonly gossipItemsPerSecond: number;
  readonly gossipItemsBurst: number;
  /** Message ids in IHAVE, IWANT and IDONTWANT, and peers in PRUNE. */
  readonly gossipIdsPerSecond: number;
  readonly gossipIdsBurst: number;
  /** Of the burst, what a peer has that has only just come. */
  readonly gossipIdsAtFirst: number;
  /** Control entries, subscriptions, and messages of topics that nobody here takes. */
  readonly gossipControlPerSecond: number;
  readonly gossipControlBurst: number;
  /** Peers remembered; the longest unseen is forgotten first. */
  readonly peersMax: number;
}

/**
 * Bytes and items: far above what a node accepts of all topics together and so can relay to one neighbour. Control: an
 * honest neighbour sends some 30 entries a second under load, and a flood of 1,500 a second is over in two seconds. Ids: an
 * honest neighbour that has accepted all that it may (1,500 messages a second) names each of them five times, 7,500 a
 * second; a flood of 256 IHAVE with 256 ids each is over in 0.6 seconds. The burst is for what has piled up while this node
 * stood still. A peer that has only just come has less of it: eight that came back under new keys after each cut had 170,000
 * ids a second.
 */
export const defaultPeerLimits: PeerLimitOptions = {
  gossipBytesPerSecond: 24 * 2 ** 20,
  gossipBytesBurst: 96 * 2 ** 20,
  gossipItemsPerSecond: 4_000,
  gossipItemsBurst: 20_000,
  gossipIdsPerSecond: 10_000,
  gossipIdsBurst: 32_000,
  gossipIdsAtFirst: 12_000,
  gossipControlPerSecond: 500,
  gossipControlBurst: 2_000,
  peersMax: 4_096,
};

interface PeerRecord {
  readonly bytes: LeakyBucket;
  readonly items: LeakyBucket;
  readonly ids: LeakyBucket;
  readonly control: LeakyBucket;
  /** By protocol; as many as this host serves, since only served protocols are asked for. */
  readonly requests: Map<string, LeakyBucket>;
}

export class PeerLimits {
  readonly #options: PeerLimitOptions;
  readonly #clock: Clock;
  readonly #records: BoundedMap<PeerId, PeerRecord>;

  constructor(options: Partial<PeerLimitOptions>, modules: { readonly clock: Clock }) {
    this.#options = { ...defaultPeerLimits, ...options };
    this.#clock = modules.clock;
    this.#records = new BoundedMap(this.#options.peersMax);
  }

  /** Charges received gossip bytes; false where the peer's budget is used up. */
  spendBytes(peer: PeerId, bytes: number): boolean {
    return this.#recordOf(peer).bytes.add(bytes, this.#clock.monotonicMs());
  }

  /** Charges received messages; false where the budget is used up. */
  spendItems(peer: PeerId, items: number): boolean {
    return this.#recordOf(peer).items.add(items, this.#clock.monotonicMs());
  }

  /** Charges ids that a peer names; false where the budget is used up. */
  spendIds(peer: PeerId, ids: number): boolean {
    return this.#recordOf(peer).ids.add(ids, this.#clock.monotonicMs());
  }

  /** Charges control entries, subscriptions and messages of foreign topics; false where the budget is used up. */
  spendControl(peer: PeerId, entries: number): boolean {
    return this.#recordOf(peer).control.add(entries, this.#clock.monotonicMs());
  }

  /** Charges one request of a protocol; false where the peer asks faster than that protocol's rate. */
  mayRequest(peer: PeerId, protocol: string, rate: ProtocolOptions["rateLimit"]): boolean {
    const { requests } = this.#recordOf(peer);
    const nowMs = this.#clock.monotonicMs();
    let bucket = requests.get(protocol);
    if (bucket === undefined) {
      bucket = new LeakyBucket(rate.requests, rate.requests / rate.perMs, nowMs);
      requests.set(protocol, bucket);
    }
    return bucket.add(1, nowMs);
  }

  #recordOf(peer: PeerId): PeerRecord {
    const nowMs = this.#clock.monotonicMs();
    const { gossipBytesBurst, gossipBytesPerSecond, gossipItemsBurst, gossipItemsPerSecond } = this.#options;
    const { gossipControlBurst, gossipControlPerSecond, gossipIdsBurst, gossipIdsPerSecond } = this.#options;
    const { gossipIdsAtFirst } = this.#options;
    const record = this.#records.get(peer) ?? {
      bytes: new LeakyBucket(gossipBytesBurst, gossipBytesPerSecond / 1000, nowMs),
      items: new LeakyBucket(gossipItemsBurst, gossipItemsPerSecond / 1000, nowMs),
      ids: new LeakyBucket(gossipIdsBurst, gossipIdsPerSecond / 1000, nowMs, gossipIdsAtFirst),
      control: new LeakyBucket(gossipControlBurst, gossipControlPerSecond / 1000, nowMs),
      requests: new Map(),
    };
    this.#records.set(peer, record);
    return record;
  }
}
