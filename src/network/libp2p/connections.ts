/** The open connections of the host: which peers they are with, and why one has ended. */
import type { Connection, ConnectionGater, Libp2p } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Clock } from "../../base/clock.ts";
import type { ConnectedPeer, PeerId } from "../peer-host.ts";
import type { PeerScore } from "../peers/score.ts";

export interface ConnectionsOptions {
  readonly maxConnections: number;
}

export interface ConnectionsModules {
  readonly clock: Clock;
  readonly score: Pick<PeerScore, "isBanned">;
  /** Whether a peer that has just proven its id is not the peer that our dial wants. */
  readonly refusesDialled: (peer: PeerId, address: Multiaddr) => boolean;
  /** A first connection to this peer is open. */
  readonly connected: (peer: ConnectedPeer) => void;
  /** Its last one has ended. */
  readonly disconnected: (peer: PeerId, reason: string | undefined) => void;
}

/** Connections reserved for our own dials: inbound connections of strangers cannot crowd out the peers that we choose. */
const outboundSlotsMax = 8;
/** Characters kept of what a peer calls its program. */
const softwareNameMax = 64;
const hangUpMaxMs = 1_000;

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #modules: ConnectionsModules;
  readonly #peers = new Map<PeerId, ConnectedPeer>();
  /** Why this node hung up on a peer, until the connection has ended. */
  readonly #hungUpBecause = new Map<PeerId, string>();
  #node: Libp2p | undefined;

  constructor(options: ConnectionsOptions, modules: ConnectionsModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** To be called once with the node, which takes its gater from here. */
  watch(node: Libp2p): void {
    this.#node = node;
    node.addEventListener("peer:connect", ({ detail }) => this.#onConnect(detail.toString()));
    node.addEventListener("peer:disconnect", ({ detail }) => this.ended(detail.toString()));
    node.addEventListener("peer:identify", ({ detail }) => {
      const peer = detail.peerId.toString();
      const connected = this.#peers.get(peer);
      if (connected === undefined || !detail.agentVersion) return;
      this.#peers.set(peer, { ...connected, software: detail.agentVersion.slice(0, softwareNameMax) });
    });
  }

  /** What libp2p asks before it goes on with a connection. */
  gater(): ConnectionGater {
    const refused = (peer: { toString(): string }) => this.#modules.score.isBanned(peer.toString());
    const outboundSlots = Math.min(outboundSlotsMax, Math.floor(this.#options.maxConnections / 4));
    const inboundMax = this.#options.maxConnections - outboundSlots;
    return {
      denyDialPeer: refused,
      denyOutboundConnection: refused,
      denyOutboundEncryptedConnection: (peer, { remoteAddr }) =>
        this.#modules.refusesDialled(peer.toString(), remoteAddr),
      denyInboundEncryptedConnection: (peer) =>
        refused(peer) || this.#all().filter(isInbound).length >= inboundMax,
    };
  }

  /** The open connections with a peer. */
  of(peer: PeerId): readonly Connection[] {
    const connections = this.#node?.getConnections(peerIdFromString(peer)) ?? [];
    return connections.filter(({ status }) => status === "open");
  }

  isConnected(peer: PeerId): boolean {
    return this.of(peer).length > 0;
  }

  isFull(): boolean {
    return this.#all().length >= this.#options.maxConnections;
  }

  get size(): number {
    return this.#peers.size;
  }

  /** The connected peers. */
  peers(): ConnectedPeer[] {
    return [...this.#peers.values()];
  }

  /** Ends every connection with a peer at once. */
  cut(peer: PeerId, reason: string): void {
    if (this.#peers.has(peer)) this.#hungUpBecause.set(peer, reason);
    for (const connection of this.of(peer)) connection.abort(new Error(reason));
  }

  /** Ends them in good order. */
  async hangUp(peer: PeerId): Promise<void> {
    if (this.#peers.has(peer)) this.#hungUpBecause.set(peer, "hung up");
    await this.#node?.hangUp(peerIdFromString(peer), { signal: AbortSignal.timeout(hangUpMaxMs) });
  }

  /** The last connection with a peer has ended. */
  ended(peer: PeerId): void {
    if (!this.#peers.delete(peer)) return;
    const reason = this.#hungUpBecause.get(peer);
    this.#hungUpBecause.delete(peer);
    this.#modules.disconnected(peer, reason);
  }

  #onConnect(peer: PeerId): void {
    const [connection] = this.of(peer);
    if (connection === undefined || this.#peers.has(peer)) return;
    if (this.#modules.score.isBanned(peer)) {
      connection.abort(new Error("banned"));
      return;
    }
    const { direction, remoteAddr } = connection;
    const connectedAtMs = this.#modules.clock.nowMs();
    const connected = { peerId: peer, address: remoteAddr.toString(), direction, connectedAtMs };
    this.#peers.set(peer, connected);
    this.#hungUpBecause.delete(peer);
    this.#modules.connected(connected);
  }

  #all(): readonly Connection[] {
    return this.#node?.getConnections() ?? [];
  }
}

function isInbound({ direction }: Connection): boolean {
  return direction === "inbound";
}
