/** Votes of keys that are no authorities: a few may come of a fork, and a flood is charged to the peer that sends it. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock } from "../../base/clock.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";

/** An honest node on another branch, where the set is another one, sends the votes of its authorities at each block. */
const freeVotesBurst = 256;
const freeVotesPerSecond = 16;
const peersMax = 1_024;

export interface StrangersVotesModules {
  readonly host: Pick<PeerHost, "report">;
  readonly clock: Clock;
}

export class StrangersVotes {
  readonly #modules: StrangersVotesModules;
  readonly #peers = new BoundedMap<PeerId, LeakyBucket>(peersMax);

  constructor(modules: StrangersVotesModules) {
    this.#modules = modules;
  }

  /** Whether this peer has sent strangers' votes a moment ago: what it sends is worth a look before it is taken for seen. */
  isSuspect(from: PeerId): boolean {
    const bucket = this.#peers.get(from);
    return bucket !== undefined && !bucket.hasRoom(freeVotesBurst, this.#modules.clock.monotonicMs());
  }

  /** This peer has sent one. */
  came(from: PeerId): void {
    const { host, clock } = this.#modules;
    const nowMs = clock.monotonicMs();
    const bucket =
      this.#peers.get(from) ?? new LeakyBucket(freeVotesBurst, freeVotesPerSecond / 1_000, nowMs);
    this.#peers.set(from, bucket);
    if (!bucket.add(1, nowMs)) host.report(from, "strangers' votes");
  }
}
