/** Looks at every connection once a second: gossipsub does not reopen a lost stream. */
import type { Connection, Libp2p } from "@libp2p/interface";
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { PeerId } from "../peer-host.ts";

const checkEveryMs = 1_000;
/** Identify and the first stream take milliseconds; a peer without a gossip stream for longer is deaf or frozen. */
const silentMaxMs = 5_000;
const trimEveryMs = 60_000;
/** Peers on disk; the addresses in them are claims of strangers. */
const storedPeersMax = 1_000;

export interface WatchdogModules {
  readonly node: Libp2p;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly disconnect: (peer: PeerId, reason: string) => void;
}

export class Watchdog {
  readonly #modules: WatchdogModules;
  readonly #silentSinceMs = new Map<PeerId, number>();
  #timer: Timer | undefined;
  #trimmedMs = 0;
  #running = false;

  constructor(modules: WatchdogModules) {
    this.#modules = modules;
  }

  start(): void {
    this.#running = true;
    this.#trimmedMs = this.#modules.clock.monotonicMs();
    this.#arm();
  }

  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
  }

  #arm(): void {
    if (!this.#running) return;
    this.#timer = this.#modules.clock.schedule(checkEveryMs, () => {
      this.#check();
      this.#arm();
    });
  }

  #check(): void {
    const { node, clock } = this.#modules;
    const nowMs = clock.monotonicMs();
    const connected = new Set<PeerId>();
    for (const peerId of node.getPeers()) {
      const peer = peerId.toString();
      connected.add(peer);
      if (node.getConnections(peerId).some(hasGossipStream)) this.#silentSinceMs.delete(peer);
      else if (!this.#silentSinceMs.has(peer)) this.#silentSinceMs.set(peer, nowMs);
      else if (nowMs - this.#silentSinceMs.get(peer)! > silentMaxMs) {
        this.#silentSinceMs.delete(peer);
        this.#modules.disconnect(peer, "no gossip stream");
      }
    }
    for (const peer of this.#silentSinceMs.keys()) {
      if (!connected.has(peer)) this.#silentSinceMs.delete(peer);
    }
    if (nowMs - this.#trimmedMs >= trimEveryMs) {
      this.#trimmedMs = nowMs;
      void this.#trimPeerStore();
    }
  }

  async #trimPeerStore(): Promise<void> {
    const { node, logger } = this.#modules;
    try {
      const stored = await node.peerStore.all();
      for (const { id } of stored.slice(0, Math.max(0, stored.length - storedPeersMax))) {
        if (node.getConnections(id).length === 0) await node.peerStore.delete(id);
      }
    } catch (thrown) {
      if (this.#running) logger.warn({ error: toError(thrown) }, "trimming the peer store failed");
    }
  }
}

function hasGossipStream(connection: Connection): boolean {
  return connection.streams.some(
    (stream) =>
      stream.direction === "outbound" &&
      stream.status === "open" &&
      stream.writeStatus === "writable" &&
      stream.protocol.startsWith("/meshsub/"),
  );
}
