/** What peers have done against the rules, and what becomes of them: every offence, weight, threshold and ban in one table. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock } from "../../base/clock.ts";

/** What one offence costs: points, which fade, or a ban at once, or the connection alone. */
export type OffenceWeight =
  | { readonly points: number }
  | { readonly banMs: number }
  | { readonly hangUp: true };

export interface ScoreTable<Offence extends string> {
  readonly offences: Readonly<Record<Offence, OffenceWeight>>;
  /** What is left of points after a time. */
  readonly left: (points: number, elapsedMs: number) => number;
  readonly disconnectAbovePoints: number;
  readonly banAbovePoints: number;
  /** For the points. */
  readonly banMs: number;
  /** Peers remembered; the peer that did nothing for the longest time is forgotten first. */
  readonly peersMax: number;
  readonly bansMax: number;
}

const hourMs = 3_600_000;
const rejectedHalfLifeMs = 600_000;

/** The one table for peers of the network; the pool has another one for its members. */
export const peerScoreTable = {
  offences: {
    /** A gossip message that no node which follows the rules relays. */
    "rejected message": { points: 10 },
    /** An answer that no node which follows the rules gives. */
    "bad answer": { banMs: 600_000 },
    /** It said in its status how high its chain is, and answered that it has no block there. A reorganization may excuse that once. */
    "head not served": { points: 4 },
    /** It sent a block, and then not the block's parent, which it must have. */
    "parent not served": { points: 2 },
    /** One of more than ten blocks a second with which nothing can be done yet. */
    "untimely block": { points: 0.02 },
    "other-network": { banMs: 300_000 },
    "other-chain": { banMs: 300_000 },
    "wrong genesis": { banMs: 300_000 },
    /** Volume, which a peer that relays does not choose: never a ban. */
    "gossip item budget": { hangUp: true },
    "gossip byte budget": { hangUp: true },
    /** More control entries, subscriptions or messages of foreign topics than any honest node sends. */
    "gossip control budget": { points: 20 },
    /** Bytes on a gossip stream that are no gossip. */
    "malformed gossip": { points: 10 },
    /** One of more votes of keys that are no authorities, or for what is final, than an honest node sends that is on another branch or behind. */
    "useless vote": { points: 1 },
    /** A request that is no request of its protocol. */
    "malformed request": { points: 4 },
    /** A request that did not come whole within the time, or an answer that was not read within it. A slow link does both. */
    "slow request": { points: 0.5 },
    "unread answer": { points: 4 },
    /** What gossipsub itself holds against a peer: GRAFT within the backoff, an IHAVE that it did not keep. A busy node does both. */
    "gossip misbehaviour": { points: 0.1 },
  },
  left: (points, elapsedMs) => points * 0.5 ** (elapsedMs / rejectedHalfLifeMs),
  // Half a point of slack: five rejected messages in five seconds have already lost a little to the half-life.
  disconnectAbovePoints: 19.5,
  banAbovePoints: 49.5,
  banMs: hourMs,
  peersMax: 4_096,
  bansMax: 16_384,
} as const satisfies ScoreTable<string>;

/** A point weighs so much in gossipsub's own score, by which it chooses among peers: nobody is judged there a second time. */
export const gossipScorePerPoint = 6;

export type PeerOffence = keyof typeof peerScoreTable.offences;

/** What is to be done about a peer after its latest offence. */
export type Sanction = "keep" | "disconnect" | "ban";

export interface PeerStanding {
  /** Points now; 0 for a peer without offences. */
  readonly points: number;
  /** Undefined if none is remembered. */
  readonly lastOffence: { readonly offence: string; readonly atMs: number } | undefined;
}

/** A peer that is refused in both directions for a while. */
export interface BannedPeer {
  readonly peerId: string;
  /** As the ban names it: a fault's code, or a few words. */
  readonly reason: string;
  readonly remainingMs: number;
}

interface ScoreRecord {
  readonly points: number;
  readonly pointsAtMs: number;
  readonly offence: string;
  /** Wall clock. */
  readonly atMs: number;
}

interface BanRecord {
  readonly untilMs: number;
  readonly reason: string;
}

export class PeerScore<Offence extends string = PeerOffence> {
  readonly #table: ScoreTable<Offence>;
  readonly #clock: Clock;
  readonly #records: BoundedMap<string, ScoreRecord>;
  readonly #bans: BoundedMap<string, BanRecord>;

  constructor(table: ScoreTable<Offence>, { clock }: { readonly clock: Clock }) {
    this.#table = table;
    this.#clock = clock;
    this.#records = new BoundedMap(table.peersMax);
    this.#bans = new BoundedMap(table.bansMax);
  }

  /**
   * Counts one offence. "ban": the peer is on the list of bans now. A peer that is on it already can do nothing worse.
   *
   * @param reason as the list of bans names it; by default the offence
   */
  report(peer: string, offence: Offence, reason: string = offence): Sanction {
    if (this.isBanned(peer)) return "keep";
    const weight: OffenceWeight = this.#table.offences[offence];
    const nowMs = this.#clock.monotonicMs();
    const points = this.#pointsAt(peer, nowMs) + ("points" in weight ? weight.points : 0);
    this.#note(peer, { points, pointsAtMs: nowMs, offence, atMs: this.#clock.nowMs() });
    if ("banMs" in weight) this.ban(peer, weight.banMs, reason);
    else if (points > this.#table.banAbovePoints) this.ban(peer, this.#table.banMs, reason);
    else return "hangUp" in weight || points > this.#table.disconnectAbovePoints ? "disconnect" : "keep";
    return "ban";
  }

  /** Refuses a peer from now on for `durationMs`; its points start anew, since it has served for them. */
  ban(peer: string, durationMs: number, reason: string): void {
    this.#bans.set(peer, { untilMs: this.#clock.monotonicMs() + durationMs, reason });
    const record = this.#records.get(peer);
    if (record) this.#note(peer, { ...record, points: 0 });
  }

  /** Ends a ban; false if there was none. */
  unban(peer: string): boolean {
    const wasBanned = this.isBanned(peer);
    this.#bans.delete(peer);
    return wasBanned;
  }

  isBanned(peer: string): boolean {
    return this.remainingMs(peer) > 0;
  }

  /** How long a peer is still refused; 0 if it is not. */
  remainingMs(peer: string): number {
    return Math.max(0, (this.#bans.get(peer)?.untilMs ?? 0) - this.#clock.monotonicMs());
  }

  standing(peer: string): PeerStanding {
    const record = this.#records.get(peer);
    return {
      points: this.#pointsAt(peer, this.#clock.monotonicMs()),
      lastOffence: record && { offence: record.offence, atMs: record.atMs },
    };
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

  #pointsAt(peer: string, nowMs: number): number {
    const record = this.#records.get(peer);
    return record ? this.#table.left(record.points, nowMs - record.pointsAtMs) : 0;
  }

  /** As the newest of the records. */
  #note(peer: string, record: ScoreRecord): void {
    this.#records.delete(peer);
    this.#records.set(peer, record);
  }
}
