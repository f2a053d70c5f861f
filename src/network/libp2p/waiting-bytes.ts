/**
 * Bounds what gossip keeps waiting for all peers together: what they do not read, and frames that they do not end. Each peer
 * may keep 16 MiB of the one and 4 MiB of the other, and ninety of them would keep more than a gigabyte. Answers wait for a
 * slow peer without an end of its connection: see serving.ts.
 */
import type { Connection } from "@libp2p/interface";
import type { Clock } from "../../base/clock.ts";
import type { PeerId } from "../peer-host.ts";
import { Schedule } from "../schedule.ts";
import { isGossip } from "./gossip-streams.ts";

/** A block of 1 MiB on its way to ten honest peers, and to this node from as many, is less. */
export const waitingBytesMax = 32 * 2 ** 20;
const lookEveryMs = 250;

export interface WaitingBytesModules {
  readonly clock: Clock;
  readonly connections: () => readonly Connection[];
  /** Bytes that have come from a peer and are no whole frame yet. */
  readonly unfinishedOf: (peer: PeerId) => number;
  /** Ends the connections of a peer, whose bytes are free then. A peer with a slow line is not charged for it. */
  readonly disconnect: (peer: PeerId, reason: string) => void;
}

/** Looks four times a second, and hangs up on whoever keeps most waiting until the rest is below the bound. */
export class WaitingBytes {
  readonly #modules: WaitingBytesModules;
  #schedule: Schedule | undefined;

  constructor(modules: WaitingBytesModules) {
    this.#modules = modules;
  }

  start(): void {
    this.#schedule = new Schedule(this.#modules.clock);
    this.#schedule.repeat(lookEveryMs, () => this.#look());
  }

  stop(): void {
    this.#schedule?.close();
  }

  #look(): void {
    const bytesOf = this.#bytesOfPeers();
    let total = 0;
    for (const bytes of bytesOf.values()) total += bytes;
    if (total <= waitingBytesMax) return;
    for (const [peer, bytes] of [...bytesOf].sort(([, a], [, b]) => b - a)) {
      this.#modules.disconnect(peer, "keeps too much waiting");
      total -= bytes;
      if (total <= waitingBytesMax) return;
    }
  }

  #bytesOfPeers(): Map<PeerId, number> {
    const { connections, unfinishedOf } = this.#modules;
    const bytesOf = new Map<PeerId, number>();
    for (const connection of connections()) {
      const peer = connection.remotePeer.toString();
      bytesOf.set(peer, (bytesOf.get(peer) ?? unfinishedOf(peer)) + unreadOf(connection));
    }
    return bytesOf;
  }
}

function unreadOf({ streams }: Connection): number {
  const gossip = streams.filter(isGossip);
  return gossip.reduce((sum, { writeBufferLength }) => sum + writeBufferLength, 0);
}
