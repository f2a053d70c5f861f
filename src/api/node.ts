/** What a node says of itself and of its peers. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import { Hash, Height, orNull, TimestampMs } from "./shapes.ts";

const HelloAnswer = Type.Object({
  name: Type.String(),
  network: Type.String(),
  consensus: orNull(Type.Enum(["pow", "poa"])),
  /** Null: it has no chain yet. */
  chainId: orNull(Hash),
  height: Height,
  finalHeight: Height,
});
export type HelloAnswer = Said<typeof HelloAnswer>;

const PeerAnswer = Type.Object({
  nodeId: Type.String({ description: "the libp2p peer id" }),
  address: Type.String({ description: "the multiaddr of the connection" }),
  direction: Type.Enum(["inbound", "outbound"]),
  sameChain: Type.Boolean({ description: "it is on this node's chain" }),
  /** What it says of itself; null until it has said hello. */
  hello: orNull(HelloAnswer),
});
export type PeerAnswer = Said<typeof PeerAnswer>;

const RefusedPeer = Type.Object({ nodeId: Type.String(), atMs: TimestampMs, hello: HelloAnswer });

const PeersAnswer = Type.Object({
  peers: Type.Array(PeerAnswer),
  refused: Type.Array(RefusedPeer, {
    description:
      "nodes of this network and engine that were refused since the start, as their chain and this one never merge",
  }),
  clockNote: orNull(Type.String({ description: "whose clock is off and by how much, for people" })),
});
export type PeersAnswer = Said<typeof PeersAnswer>;

export const getPeers = route({
  method: "GET",
  path: "/v1/peers",
  topic: "node",
  summary: "Who is connected and on which chain, who was refused, and whose clock is off",
  answers: { 200: PeersAnswer },
});
