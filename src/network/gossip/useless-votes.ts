/** Votes with which nothing can be done: a few may come of a fork or late, and a flood is charged to the peer that sends it. */
import type { Clock } from "../../base/clock.ts";
import { PeerBuckets } from "../host/peer-buckets.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";

/**
 * An honest node sends on what it has counted itself. On another branch, where the set is another one, those are votes of
 * keys that are no authorities here, and if it is behind, votes for blocks that are final here.
 */
const freeVotesBurst = 64;
const freeVotesPerSecond = 16;
/** So many at once make a peer a suspect. Copies of what another peer has brought count from then on, too. */
const suspectVotes = freeVotesBurst / 2;

export interface UselessVotesModules {
  readonly host: Pick<PeerHost, "report">;
  readonly clock: Clock;
}

export class UselessVotes {
  readonly #host: UselessVotesModules["host"];
  readonly #free: PeerBuckets;

  constructor({ host, clock }: UselessVotesModules) {
    this.#host = host;
    this.#free = new PeerBuckets({ perSecond: freeVotesPerSecond, burst: freeVotesBurst }, { clock });
  }

  /** Whether this peer has sent many a moment ago: what it sends is worth a look before it is taken for seen. */
  isSuspect(from: PeerId): boolean {
    return !this.#free.hasRoom(from, freeVotesBurst - suspectVotes);
  }

  /** This peer has sent one. */
  came(from: PeerId): void {
    if (!this.#free.add(from, 1)) this.#host.report(from, "useless vote");
  }
}
