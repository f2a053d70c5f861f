/** Votes with which nothing can be done: a few may come of a fork or late, and a flood is charged to the peer that sends it. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock } from "../../base/clock.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";

/**
 * An honest node sends on what it has counted itself. On another branch, where the set is another one, those are votes of
 * keys that are no authorities here, and if it is behind, votes for blocks that are final here.
 */
const freeVotesBurst = 64;
const freeVotesPerSecond = 16;
/** So many at once make a peer a suspect. Copies of what another peer has brought count from then on, too. */
const suspectVotes = freeVotesBurst / 2;
const peersMax = 1_024;

export interface UselessVotesModules {
  readonly host: Pick<PeerHost, "report">;
  readonly clock: Clock;
}

export class UselessVotes {
  readonly #modules: UselessVotesModules;
  readonly #peers = new BoundedMap<PeerId, LeakyBucket>(peersMax);

  constructor(modules: UselessVotesModules) {
    this.#modules = modules;
  }

  /** Whether this peer has sent many a moment ago: what it sends is worth a look before it is taken for seen. */
  isSuspect(from: PeerId): boolean {
    const bucket = this.#peers.get(from);
    return (
      bucket !== undefined &&
      !bucket.hasRoom(freeVotesBurst - suspectVotes, this.#modules.clock.monotonicMs())
    );
  }

  /** This peer has sent one. */
  came(from: PeerId): void {
    const { host, clock } = this.#modules;
    const nowMs = clock.monotonicMs();
    const bucket =
      this.#peers.get(from) ?? new LeakyBucket(freeVotesBurst, freeVotesPerSecond / 1_000, nowMs);
    this.#peers.set(from, bucket);
    if (!bucket.add(1, nowMs)) host.report(from, "useless vote");
  }
}
