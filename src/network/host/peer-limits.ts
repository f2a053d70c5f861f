/** What one peer may do to us: points for rejected messages, budgets for gossip and requests, and the ban list. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock } from "../../base/clock.ts";
import type { BannedPeer, PeerId, ProtocolOptions } from "../peer-host.ts";
import { LeakyBucket } from "./leaky-bucket.ts";

export interface PeerLimitOptions {
  /** Points of one rejected message; they halve every `pointsHalfLifeMs`. */
  readonly pointsPerReject: number;
  readonly pointsHalfLifeMs: number;
  readonly disconnectAtPoints: number;
  readonly banAtPoints: number;
  /** How long the host itself bans a peer. */
  readonly banMs: number;
  readonly gossipBytesPerSecond: number;
  readonly gossipBytesBurst: number;
  /** Messages, subscriptions and control entries. */
  readonly gossipItemsPerSecond: number;
  readonly gossipItemsBurst: number;
  /** Peers remembered; the longest unseen is forgotten first. */
  readonly peersMax: number;
  readonly bansMax: number;
}

export const defaultPeerLimits: PeerLimitOptions = {
  pointsPerReject: 10,
  pointsHalfLifeMs: 600_000,
  disconnectAtPoints: 20,
  banAtPoints: 50,
  banMs: 3_600_000,
  gossipBytesPerSecond: 8 * 2 ** 20,
  gossipBytesBurst: 64 * 2 ** 20,
  gossipItemsPerSecond: 2_000,
  gossipItemsBurst: 20_000,
  peersMax: 4_096,
  bansMax: 16_384,
};

/** A peer that is refused for a while. */
interface BanRecord {
  readonly untilMs: number;
  readonly reason: string;
}

/** What is to be done about a peer after its latest rejected message. */
export type Sanction = "keep" | "disconnect" | "ban";

interface PeerRecord {
  points: number;
  pointsAtMs: number;
  readonly bytes: LeakyBucket;
  readonly items: LeakyBucket;
  /** By protocol; as many as this host serves, since only served protocols are asked for. */
  readonly requests: Map<string, LeakyBucket>;
}

export class PeerLimits {
  readonly #options: PeerLimitOptions;
  readonly #clock: Clock;
  readonly #records: BoundedMap<PeerId, PeerRecord>;
  readonly #bans: BoundedMap<PeerId, BanRecord>;

  constructor(options: Partial<PeerLimitOptions>, modules: { readonly clock: Clock }) {
    this.#options = { ...defaultPeerLimits, ...options };
    this.#clock = modules.clock;
    this.#records = new BoundedMap(this.#options.peersMax);
    this.#bans = new BoundedMap(this.#options.bansMax);
  }

  get banMs(): number {
    return this.#options.banMs;
  }

  /** Counts one rejected message against a peer. */
  rejected(peer: PeerId): Sanction {
    const record = this.#recordOf(peer);
    const nowMs = this.#clock.monotonicMs();
    const halvings = (nowMs - record.pointsAtMs) / this.#options.pointsHalfLifeMs;
    record.points = record.points * 0.5 ** halvings + this.#options.pointsPerReject;
    record.pointsAtMs = nowMs;
    // Half a point of slack: five rejects in five seconds have already lost a little to the half-life.
    if (record.points + 0.5 >= this.#options.banAtPoints) return "ban";
    if (record.points + 0.5 >= this.#options.disconnectAtPoints) return "disconnect";
    return "keep";
  }

  /** Charges received gossip bytes; false where the peer's budget is used up. */
  spendBytes(peer: PeerId, bytes: number): boolean {
    return this.#recordOf(peer).bytes.add(bytes, this.#clock.monotonicMs());
  }

  /** Charges received messages, subscriptions and control entries; false where the budget is used up. */
  spendItems(peer: PeerId, items: number): boolean {
    return this.#recordOf(peer).items.add(items, this.#clock.monotonicMs());
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

  /** Refuses a peer from now on for `durationMs`; its points start anew, since it has served for them. */
  ban(peer: PeerId, durationMs: number, reason: string): void {
    this.#bans.set(peer, { untilMs: this.#clock.monotonicMs() + durationMs, reason });
    this.#records.delete(peer);
  }

  /** Ends a ban; false if there was none. */
  unban(peer: PeerId): boolean {
    const wasBanned = this.isBanned(peer);
    this.#bans.delete(peer);
    return wasBanned;
  }

  isBanned(peer: PeerId): boolean {
    const ban = this.#bans.get(peer);
    if (ban === undefined) return false;
    if (ban.untilMs > this.#clock.monotonicMs()) return true;
    this.#bans.delete(peer);
    return false;
  }

  /** Who is refused now, newest first; at most `countMax` of them. */
  bans(countMax: number): BannedPeer[] {
    const nowMs = this.#clock.monotonicMs();
    const lasting = [...this.#bans.entries()].filter(([, { untilMs }]) => untilMs > nowMs);
    return lasting
      .slice(-countMax)
      .reverse()
      .map(([peerId, { untilMs, reason }]) => ({ peerId, reason, remainingMs: Math.ceil(untilMs - nowMs) }));
  }

  #recordOf(peer: PeerId): PeerRecord {
    const nowMs = this.#clock.monotonicMs();
    const { gossipBytesBurst, gossipBytesPerSecond, gossipItemsBurst, gossipItemsPerSecond } = this.#options;
    const record = this.#records.get(peer) ?? {
      points: 0,
      pointsAtMs: nowMs,
      bytes: new LeakyBucket(gossipBytesBurst, gossipBytesPerSecond / 1000, nowMs),
      items: new LeakyBucket(gossipItemsBurst, gossipItemsPerSecond / 1000, nowMs),
      requests: new Map(),
    };
    this.#records.set(peer, record);
    return record;
  }
}
