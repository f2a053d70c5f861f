/**
 * Answers the requests of peers: at the rate of each protocol, a bounded number of one peer at once, and of its large
 * chunks a few at once, so that a peer that asks and does not read keeps a few MiB and no more.
 */
import type { Stream } from "@libp2p/interface";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { PeerLimits } from "../host/peer-limits.ts";
import { Slots } from "../host/slots.ts";
import { Turns } from "../host/turns.ts";
import type { PeerId, ProtocolOptions } from "../peer-host.ts";
import type { PeerOffence } from "../peers/score.ts";
import { answerOverStream } from "./streams.ts";

export interface ServingModules {
  readonly limits: PeerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isBanned: (peer: PeerId) => boolean;
  readonly report: (peer: PeerId, offence: PeerOffence) => void;
}

/** Requests of one peer that are read or answered at once; a node that catches up has about ten. */
export const answersPerPeerMax = 64;
/** Large chunks of one peer that are made or not read yet: a chunk has up to 1 MiB. */
export const largeChunksPerPeerMax = 4;
/** A protocol whose chunks are no longer than this does not wait for the large ones. */
const smallChunkBytesMax = 128 * 2 ** 10;

interface PeerAnswers {
  count: number;
  readonly large: Slots;
}

export class Serving {
  readonly #modules: ServingModules;
  /** Of peers with a request under way. */
  readonly #peers = new Map<PeerId, PeerAnswers>();
  /** Of all peers together: eight that ask for ranges without end would otherwise keep the node busy for a tenth of a second. */
  readonly #turns = new Turns();

  constructor(modules: ServingModules) {
    this.#modules = modules;
  }

  /** Answers one request, or resets the stream. */
  async answer(protocol: string, options: ProtocolOptions, stream: Stream, from: PeerId): Promise<void> {
    const { limits, isBanned, report } = this.#modules;
    const answers = this.#peers.get(from) ?? { count: 0, large: new Slots(largeChunksPerPeerMax) };
    const isOver = answers.count >= answersPerPeerMax;
    if (isBanned(from) || isOver || !limits.mayRequest(from, protocol, options.rateLimit)) {
      stream.abort(new Error("request rate"));
      return;
    }
    this.#peers.set(from, answers);
    answers.count += 1;
    try {
      const large = options.chunkBytesMax > smallChunkBytesMax ? answers.large : undefined;
      await answerOverStream(stream, from, options, {
        ...this.#modules,
        large,
        turns: this.#turns,
        charge: (offence) => report(from, offence),
      });
    } finally {
      answers.count -= 1;
      if (answers.count === 0) this.#peers.delete(from);
    }
  }
}
