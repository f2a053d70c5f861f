/** Looks at every connection once a second: whether it carries gossip, and whether the other end still answers. */
import type { Connection, Libp2p } from "@libp2p/interface";
import type { Clock } from "../../base/clock.ts";
import { invariant, toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { PeerId } from "../peer-host.ts";
import { Schedule } from "../schedule.ts";
import { isGossip } from "./gossip-streams.ts";

const checkEveryMs = 1_000;
/**
 * Looks, and not milliseconds: while this process stands still, as on a machine that gives it no time, nobody's silence
 * proves anything. Between two looks its own loop ran and took in what had come.
 */
const silentLooksMax = 20;
/** Identify and the first gossip stream take milliseconds. Gossipsub tries once. */
const reopenEveryLooks = 5;
const pingEveryLooks = 5;
/** If the peer has answered on another connection meanwhile, as a laptop does that has moved to another address. */
const silentBesideLooksMax = 5;
const trimEveryMs = 60_000;
/** Peers on disk; the addresses in them are claims of strangers. */
const storedPeersMax = 1_000;

export interface WatchdogModules {
  readonly node: Libp2p;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gossipsub takes up an open connection again that has never carried its stream. */
  readonly reopen: (connection: Connection) => void;
  readonly disconnect: (peer: PeerId, reason: string) => void;
}

/** What libp2p's classes have and their published types lack. */
interface ConnectionInternals extends Connection {
  readonly muxer?: { ping(): Promise<number> };
}

/** One connection: the looks at which it was asked, if it has not answered, and at which it last answered or was opened. */
interface Answers {
  askedAt: number | undefined;
  answeredAt: number;
}

export class Watchdog {
  readonly #modules: WatchdogModules;
  /** Looks since a peer had a gossip stream. */
  readonly #silentLooks = new Map<PeerId, number>();
  readonly #answers = new WeakMap<Connection, Answers>();
  /** A stream that was there and is gone has ended for a reason, such as a peer that does not read. */
  readonly #hadGossip = new WeakSet<Connection>();
  #looks = 0;
  #schedule: Schedule | undefined;
  #trimmedMs = 0;
  #running = false;

  constructor(modules: WatchdogModules) {
    this.#modules = modules;
  }

  start(): void {
    this.#running = true;
    this.#trimmedMs = this.#modules.clock.monotonicMs();
    this.#schedule = new Schedule(this.#modules.clock);
    this.#schedule.repeat(checkEveryMs, () => this.#check());
  }

  stop(): void {
    this.#running = false;
    this.#schedule?.close();
  }

  #check(): void {
    const { node, clock } = this.#modules;
    const connected = new Set<PeerId>();
    this.#looks += 1;
    for (const peerId of node.getPeers()) {
      const peer = peerId.toString();
      connected.add(peer);
      const connections = node.getConnections(peerId).filter(({ status }) => status === "open");
      for (const connection of connections) this.#askForLife(connection, connections);
      this.#checkGossip(peer, connections);
    }
    for (const peer of this.#silentLooks.keys()) {
      if (!connected.has(peer)) this.#silentLooks.delete(peer);
    }
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#trimmedMs >= trimEveryMs) {
      this.#trimmedMs = nowMs;
      void this.#trimPeerStore();
    }
  }

  #checkGossip(peer: PeerId, connections: readonly Connection[]): void {
    const carrying = connections.filter(hasGossipStream);
    for (const connection of carrying) this.#hadGossip.add(connection);
    if (carrying.length > 0) {
      this.#silentLooks.delete(peer);
      return;
    }
    const looks = (this.#silentLooks.get(peer) ?? 0) + 1;
    this.#silentLooks.set(peer, looks);
    if (looks > silentLooksMax) {
      this.#silentLooks.delete(peer);
      this.#modules.disconnect(peer, "no gossip stream");
    } else if (looks % reopenEveryLooks === 0) {
      const fresh = connections.find((connection) => !this.#hadGossip.has(connection));
      if (fresh) this.#modules.reopen(fresh);
    }
  }

  /**
   * In place of libp2p's connection monitor, which takes five seconds in which this process stood still for silence of the
   * peer. The muxer asks, which needs no stream.
   */
  #askForLife(connection: Connection, all: readonly Connection[]): void {
    const now = this.#looks;
    const answers = this.#answers.get(connection) ?? { askedAt: undefined, answeredAt: now };
    this.#answers.set(connection, answers);
    const { askedAt, answeredAt } = answers;
    if (askedAt !== undefined) {
      const isAlive = all.some((each) => (this.#answers.get(each)?.answeredAt ?? 0) > askedAt);
      if (now - askedAt > (isAlive ? silentBesideLooksMax : silentLooksMax)) this.#end(connection);
      return;
    }
    if (now - answeredAt < pingEveryLooks) return;
    const { muxer } = connection as ConnectionInternals;
    invariant(muxer, "libp2p's connection has a muxer");
    answers.askedAt = now;
    const answered = () => {
      answers.askedAt = undefined;
      answers.answeredAt = this.#looks;
    };
    // A muxer that cannot ask is one that has ended or will be ended here.
    muxer.ping().then(answered, () => {});
  }

  #end(connection: Connection): void {
    const { node, disconnect } = this.#modules;
    if (node.getConnections(connection.remotePeer).length > 1) connection.abort(new Error("no answer"));
    else disconnect(connection.remotePeer.toString(), "no answer");
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
      isGossip(stream),
  );
}
