/** Gossip with a peer goes on as long as one connection with it is open: gossipsub by itself takes the end of a stream for the end of the peer. */
import type { Connection, PeerId as Libp2pPeerId, Stream } from "@libp2p/interface";
import type { PeerId } from "../peer-host.ts";

/** One frame as it comes from the stream. */
export interface GossipFrame {
  subarray(): Uint8Array;
}

/** What of the implementation concerns its streams, and is not in its published type. */
export interface GossipStreams {
  readonly peers: ReadonlyMap<PeerId, unknown>;
  readonly streamsOutbound: Map<PeerId, { readonly rawStream: Stream }>;
  readonly streamsInbound: ReadonlyMap<PeerId, { readonly rawStream: Stream }>;
  createOutboundStream(peer: Libp2pPeerId, connection: Connection): Promise<void>;
  pipePeerReadStream(from: Libp2pPeerId, frames: AsyncIterable<GossipFrame>): Promise<void>;
}

/** Tells the open connections with a peer. */
export type ConnectionsOf = (peer: PeerId) => readonly Connection[];

export function isGossip({ protocol }: Pick<Stream, "protocol">): boolean {
  return protocol.startsWith("/meshsub/");
}

/**
 * Opens the stream on which this node speaks to a peer, if there is none on an open connection.
 *
 * @returns false if gossipsub does not know the peer, since libp2p could not identify it
 */
export function openGossipStream(
  gossip: GossipStreams,
  connection: Connection,
  connectionsOf: ConnectionsOf,
): boolean {
  const peer = connection.remotePeer.toString();
  if (!gossip.peers.has(peer)) return false;
  const kept = gossip.streamsOutbound.get(peer)?.rawStream;
  // A stream that ended while it was being opened, or with its connection: gossipsub did not hear of it, and would keep it.
  const isCarried =
    kept?.status === "open" && connectionsOf(peer).some(({ streams }) => streams.includes(kept));
  if (!isCarried) gossip.streamsOutbound.delete(peer);
  void gossip.createOutboundStream(connection.remotePeer, connection);
  return true;
}

/**
 * Gossipsub opens one outbound stream after the other: a peer that does not answer would keep those of all others waiting for
 * the ten seconds of the negotiation, and each further connection of it for ten more.
 */
export function openSideBySide(gossip: GossipStreams): void {
  const open = gossip.createOutboundStream.bind(gossip);
  const opening = new Set<PeerId>();
  gossip.createOutboundStream = async (peerId, connection) => {
    const peer = peerId.toString();
    if (opening.has(peer)) return;
    opening.add(peer);
    void open(peerId, connection).finally(() => opening.delete(peer));
  };
}

/**
 * If a stream breaks off, gossipsub forgets the peer with its topics and its place in the mesh, also where only one of two
 * connections has ended: a crowd that took the places of the spare ones left two honest nodes without gossip for five
 * seconds. Here such a stream ends without a fault, and the peer opens the next one on the connection that is left.
 */
export function outliveConnections(gossip: GossipStreams, connectionsOf: ConnectionsOf): void {
  const read = gossip.pipePeerReadStream.bind(gossip);
  gossip.pipePeerReadStream = (peerId, frames) => {
    const peer = peerId.toString();
    // Gossipsub notes a stream just before it reads it.
    const stream = gossip.streamsInbound.get(peer)?.rawStream;
    const carrying = connectionsOf(peer).find(
      ({ streams }) => stream !== undefined && streams.includes(stream),
    );
    const tolerated = async function* () {
      try {
        yield* frames;
      } catch (thrown) {
        if (!connectionsOf(peer).some((each) => each !== carrying)) throw thrown;
      }
    };
    return read(peerId, tolerated());
  };
}
