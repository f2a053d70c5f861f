/** The open connections of the host: which peers they are with, who may keep one, and why one has ended. */
import type { Connection, ConnectionGater, Libp2p, MultiaddrConnection } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Registry } from "prom-client";
import type { Clock } from "../../base/clock.ts";
import { addressGroup } from "../host/address-group.ts";
import { type InboundPlace, leastUseful, reasonToGo } from "../host/inbound-places.ts";
import type { ConnectedPeer, PeerId, PeerWorth } from "../peer-host.ts";
import type { PeerScore } from "../peers/score.ts";
import { EvictionCount } from "./eviction-count.ts";
import { boundStreams } from "./stream-rate.ts";

export interface ConnectionsOptions {
  readonly maxConnections: number;
  /** Where evictions are counted. */
  readonly metrics?: Registry;
}

export interface ConnectionsModules {
  readonly clock: Clock;
  readonly score: Pick<PeerScore, "isBanned" | "standing">;
  /** Whether a peer that has just proven its id is not the peer that our dial wants. */
  readonly refusesDialled: (peer: PeerId, address: Multiaddr) => boolean;
  /** The peer behind an inbound connection has proven its id. */
  readonly authenticated: (connection: MultiaddrConnection) => void;
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
/** Two: if both nodes dial at once, each has one of its own. A third one takes the place of the oldest inbound one. */
const connectionsPerPeerMax = 2;
/**
 * With this part of all connections the dial loop is content. If it went on to the limit, the nodes of a network with more
 * nodes than the limit would take each other's places for ever.
 */
const contentPart = 3 / 4;
/** Why a connection had to end for a newcomer. */
export const placeGiven = "its place was given to another peer";

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #modules: ConnectionsModules;
  readonly #peers = new Map<PeerId, ConnectedPeer>();
  /** Why this node hung up on a peer, until the connection has ended. */
  readonly #hungUpBecause = new Map<PeerId, string>();
  /** Blocks and votes that connected peers were the first to bring. */
  readonly #delivered = new Map<PeerId, number>();
  readonly #outboundSlots: number;
  #worth: ((peer: PeerId) => PeerWorth) | undefined;
  #node: Libp2p | undefined;
  #evictions: EvictionCount | undefined;

  constructor(options: ConnectionsOptions, modules: ConnectionsModules) {
    this.#options = options;
    this.#modules = modules;
    this.#outboundSlots = Math.min(outboundSlotsMax, Math.floor(options.maxConnections / 4));
  }

  /** To be called once with the node, which takes its gater from here. */
  watch(node: Libp2p): void {
    this.#node = node;
    this.#evictions = new EvictionCount(this.#options.metrics);
    node.addEventListener("connection:open", ({ detail }) => boundStreams(detail, this.#modules.clock));
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
    return {
      denyDialPeer: refused,
      denyOutboundConnection: refused,
      denyOutboundEncryptedConnection: (peer, { remoteAddr }) =>
        this.#modules.refusesDialled(peer.toString(), remoteAddr),
      denyInboundEncryptedConnection: refused,
      denyInboundUpgradedConnection: (peer, connection) => {
        this.#modules.authenticated(connection);
        return !this.#makePlace(peer.toString());
      },
    };
  }

  /** From now on a newcomer gets the place of the least useful peer, if all are taken. */
  valueBy(worth: (peer: PeerId) => PeerWorth): void {
    this.#worth = worth;
  }

  /** A peer was the first to bring something that every node needs. */
  delivered(peer: PeerId): void {
    if (this.#peers.has(peer)) this.#delivered.set(peer, (this.#delivered.get(peer) ?? 0) + 1);
  }

  /** The open connections with a peer. */
  of(peer: PeerId): readonly Connection[] {
    const connections = this.#node?.getConnections(peerIdFromString(peer)) ?? [];
    return connections.filter(({ status }) => status === "open");
  }

  isConnected(peer: PeerId): boolean {
    return this.of(peer).length > 0;
  }

  /** No place for a bootstrap address: our own dials have taken all places. */
  isFull(): boolean {
    return this.#outbound().length >= this.#options.maxConnections;
  }

  /** Enough for the dial loop: inbound connections alone are never enough, since strangers choose them. */
  isContent(): boolean {
    const { maxConnections } = this.#options;
    return (
      this.isFull() ||
      (this.#outbound().length >= this.#outboundSlots && this.#all().length >= maxConnections * contentPart)
    );
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
    this.#delivered.delete(peer);
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

  /** Whether an inbound connection of this peer may stay; ends the least useful one if all places are taken. */
  #makePlace(newcomer: PeerId): boolean {
    if (!this.#makePlaceBesideItself(newcomer)) return false;
    const { maxConnections } = this.#options;
    const places = maxConnections - Math.max(this.#outboundSlots, this.#outbound().length);
    for (let surplus = this.#inbound().length - places; surplus >= 0; surplus -= 1) {
      if (places <= 0 || !this.#endLeastUseful()) return false;
    }
    return true;
  }

  /**
   * The newest connections of a peer stay: a second process with the same key has to be heard at once, since nobody else
   * can tell the first one that its key is at work elsewhere.
   */
  #makePlaceBesideItself(newcomer: PeerId): boolean {
    const own = this.of(newcomer);
    if (own.length < connectionsPerPeerMax) return true;
    const [oldest] = own
      .filter(({ direction }) => direction === "inbound")
      .toSorted((a, b) => a.timeline.open - b.timeline.open);
    if (!oldest) return false;
    this.#evictions?.add("spare");
    oldest.abort(new Error(placeGiven));
    return true;
  }

  #endLeastUseful(): boolean {
    const worth = this.#worth;
    if (!worth) return false;
    const all = Map.groupBy(this.#open(), ({ remotePeer }) => remotePeer.toString());
    const isSpare = (peer: PeerId) => (all.get(peer)?.length ?? 0) > 1;
    const places = this.#inbound().map((connection) => this.#placeOf(connection, isSpare, worth));
    const nowMs = this.#modules.clock.nowMs();
    const leaving = leastUseful(places, nowMs);
    if (!leaving) return false;
    this.#evictions?.add(reasonToGo(leaving, nowMs));
    const peer = leaving.connection.remotePeer.toString();
    if (!leaving.isSpare && this.#peers.has(peer)) this.#hungUpBecause.set(peer, placeGiven);
    leaving.connection.abort(new Error(placeGiven));
    return true;
  }

  #placeOf(connection: Connection, isSpare: (peer: PeerId) => boolean, worth: (peer: PeerId) => PeerWorth) {
    const peer = connection.remotePeer.toString();
    return {
      connection,
      group: addressGroup(connection.remoteAddr.getComponents()[0]?.value ?? ""),
      // Wall clock, as libp2p keeps it: a clock that jumps makes places older or younger than they are.
      openedMs: connection.timeline.open,
      isSpare: isSpare(peer),
      delivered: this.#delivered.get(peer) ?? 0,
      points: this.#modules.score.standing(peer).points,
      ...worth(peer),
    } satisfies InboundPlace & { readonly connection: Connection };
  }

  #all(): readonly Connection[] {
    return this.#node?.getConnections() ?? [];
  }

  #open(): readonly Connection[] {
    return this.#all().filter(({ status }) => status === "open");
  }

  #inbound(): readonly Connection[] {
    return this.#open().filter(({ direction }) => direction === "inbound");
  }

  #outbound(): readonly Connection[] {
    return this.#open().filter(({ direction }) => direction === "outbound");
  }
}
