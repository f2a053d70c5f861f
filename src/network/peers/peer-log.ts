/** What the log says of peers: who has come, by name, and who has gone and why. */
import { toUtf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";
import { refusalText } from "../host/refusal-text.ts";
import type { ConnectedPeer, PeerHost, PeerId } from "../peer-host.ts";
import { Schedule } from "../schedule.ts";

export interface PeerLogModules {
  readonly host: PeerHost;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The name of a connected peer, once the peer has said it. */
  readonly nameOf: (peer: PeerId) => Uint8Array | undefined;
}

/** A peer that has said nothing by then is logged without its name. */
const nameWaitMs = 2_000;
/** A stranger that comes and goes must not fill the disk: this many lines at once, then so many a second. */
const linesBurst = 200;
const linesPerSecond = 1;

export class PeerLog {
  readonly #modules: PeerLogModules;
  readonly #schedule: Schedule;
  readonly #lines: LeakyBucket;
  /** Connected peers; undefined until the log has named them. Bounded by the host's connections. */
  readonly #names = new Map<PeerId, string | undefined>();

  constructor(modules: PeerLogModules) {
    const { clock } = modules;
    this.#modules = modules;
    this.#schedule = new Schedule(clock);
    this.#lines = new LeakyBucket(linesBurst, linesPerSecond / 1_000, clock.monotonicMs());
  }

  /** Before the host is started. */
  start(): void {
    const { host } = this.#modules;
    host.events.on("peerConnected", (peer) => {
      this.#names.set(peer.peerId, undefined);
      this.#schedule.after(nameWaitMs, () => this.#sayConnected(peer.peerId));
    });
    host.events.on("peerDisconnected", (peer, reason) => this.#sayDisconnected(peer, reason));
  }

  close(): void {
    this.#schedule.close();
  }

  /** A peer has said its name. */
  heard(peer: ConnectedPeer): void {
    this.#sayConnected(peer.peerId);
  }

  #sayConnected(peerId: PeerId): void {
    if (!this.#names.has(peerId) || this.#names.get(peerId) !== undefined) return;
    const { host, nameOf } = this.#modules;
    const peers = host.peers();
    const connected = peers.find((peer) => peer.peerId === peerId);
    if (!connected) return;
    const said = nameOf(peerId);
    const name = (said && toUtf8(said)) ?? "";
    this.#names.set(peerId, name);
    const { address, direction } = connected;
    this.#say(
      { node: name, peer: shortId(peerId), address, direction, peers: peers.length },
      "peer connected",
    );
  }

  #sayDisconnected(peerId: PeerId, reason: string | undefined): void {
    const name = this.#names.get(peerId);
    this.#names.delete(peerId);
    // Gone before the log has named it: there is no line to which this one would belong.
    if (name === undefined) return;
    const why = reason === undefined ? "it left, or the connection was lost" : refusalText(reason);
    const peers = this.#modules.host.peers().length;
    this.#say({ node: name, peer: shortId(peerId), reason: why, peers }, "peer disconnected");
  }

  #say(fields: object, text: string): void {
    const isDue = this.#lines.add(1, this.#modules.clock.monotonicMs());
    this.#modules.logger[isDue ? "info" : "debug"](fields, text);
  }
}

/** The end of a peer id, which is what tells two of them apart. */
function shortId(peer: PeerId): string {
  return peer.slice(-8);
}
