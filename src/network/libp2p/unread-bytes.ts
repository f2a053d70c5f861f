/** Bounds what all peers together leave unread: each may keep 16 MiB of gossip, and ninety that do not read would keep more than a gigabyte. */
import type { Connection } from "@libp2p/interface";
import type { Clock, Timer } from "../../base/clock.ts";
import type { PeerId } from "../peer-host.ts";

/** What is sent to six honest peers at once and leaves within the second is less: a block of 1 MiB each. */
export const unreadBytesMax = 32 * 2 ** 20;
const lookEveryMs = 250;

export interface UnreadBytesModules {
  readonly clock: Clock;
  readonly connections: () => readonly Connection[];
  /** Ends the connections of a peer, whose bytes are free then. A peer with a slow line is not charged for it. */
  readonly disconnect: (peer: PeerId, reason: string) => void;
}

/** Where bytes wait that were sent and have not left this process. */
interface Waiting {
  readonly writeBufferLength: number;
}

/** What libp2p's class has and its published type lacks: the connection below the muxer. */
interface ConnectionInternals extends Connection {
  readonly maConn?: Waiting;
}

/** Looks four times a second, and hangs up on whoever leaves most unread until the rest is below the bound. */
export class UnreadBytes {
  readonly #modules: UnreadBytesModules;
  #timer: Timer | undefined;

  constructor(modules: UnreadBytesModules) {
    this.#modules = modules;
  }

  start(): void {
    this.#timer = this.#modules.clock.schedule(lookEveryMs, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { connections, disconnect } = this.#modules;
    const bytesOf = new Map<PeerId, number>();
    let total = 0;
    for (const connection of connections()) {
      const bytes = unreadOf(connection);
      if (bytes === 0) continue;
      const peer = connection.remotePeer.toString();
      bytesOf.set(peer, (bytesOf.get(peer) ?? 0) + bytes);
      total += bytes;
    }
    if (total <= unreadBytesMax) return;
    for (const [peer, bytes] of [...bytesOf].sort(([, a], [, b]) => b - a)) {
      disconnect(peer, "does not read what it is sent");
      total -= bytes;
      if (total <= unreadBytesMax) return;
    }
  }
}

function unreadOf(connection: ConnectionInternals): number {
  const inStreams = connection.streams.reduce((sum, stream) => sum + stream.writeBufferLength, 0);
  return inStreams + (connection.maConn?.writeBufferLength ?? 0);
}
