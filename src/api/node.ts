/** What a node says of itself and of its peers. */
import { Type } from "typebox";
import { ClockStatus, NodeAnswer } from "./node-status.ts";
import { route, type Said } from "./route.ts";
import { Hash, Height, IsoTime, orNull, TimestampMs } from "./shapes.ts";

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
  software: orNull(
    Type.String({ description: "name and version of its program, as it says; null until it has said so" }),
  ),
  connectedAtMs: TimestampMs,
  latencyMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
    description:
      "how long its answer to the last greeting took, there and back; null until it has answered one. Peers are greeted every 8 s",
  }),
  clockOffsetMs: Type.Union([Type.Integer(), Type.Null()], {
    description:
      "by how much its clock is ahead of this machine's, give or take half of `latencyMs`; null if it was not measured",
  }),
  score: Type.Number({
    minimum: 0,
    description:
      "points for offences, which halve every ten minutes: above 19.5 this node hangs up, above 49.5 it refuses the peer for an hour",
  }),
  lastOffence: Type.Union(
    [Type.Object({ offence: Type.String({ description: "in words" }), atMs: TimestampMs }), Type.Null()],
    { description: "what it did last against the rules; null if this node remembers nothing" },
  ),
});
export type PeerAnswer = Said<typeof PeerAnswer>;

const RefusedPeer = Type.Object({ nodeId: Type.String(), atMs: TimestampMs, hello: HelloAnswer });

const BannedPeer = Type.Object({
  nodeId: Type.String(),
  reason: Type.String({ description: "as the ban names it: the code of a fault, or a few words" }),
  why: Type.String({ description: "the same for people" }),
  untilMs: TimestampMs,
});

const PeersAnswer = Type.Object({
  peers: Type.Array(PeerAnswer),
  refused: Type.Array(RefusedPeer, {
    description:
      "nodes of this network and engine that were refused since the start, as their chain and this one never merge",
  }),
  banned: Type.Array(BannedPeer, {
    description: "who is refused for a while, for any reason, newest first; at most 100",
  }),
  clockNote: orNull(Type.String({ description: "whose clock is off and by how much, for people" })),
});
export type PeersAnswer = Said<typeof PeersAnswer>;

export const getNode = route({
  method: "GET",
  path: "/v1/node",
  topic: "node",
  summary: "What the node says of itself: chain, head, final block, peers, advice, software",
  answers: { 200: NodeAnswer },
});

export const ClockAnswer = Type.Object({
  timestampMs: TimestampMs,
  time: IsoTime,
  ...ClockStatus.properties,
  off: Type.Boolean({ description: "by so much that the node seals and votes nothing" }),
  toleranceMs: Type.Integer({ description: "by how much a clock may be off" }),
  note: orNull(Type.String({ description: "whose clock is off and by how much, for people" })),
});
export type ClockAnswer = Said<typeof ClockAnswer>;

export const getClock = route({
  method: "GET",
  path: "/v1/clock",
  topic: "node",
  summary: "This machine's time, and by how much it differs from the other nodes'",
  answers: { 200: ClockAnswer },
});

export const postFoundAnew = route({
  method: "POST",
  path: "/v1/chain/anew",
  token: true,
  topic: "node",
  summary: "Has the node leave its chain and begin anew; nothing is deleted",
  description:
    "Only a provisional chain that the node founded or joined, or a Proof of Work chain that is ahead of this clock. The API ends for a moment.",
  body: Type.Object({}),
  answers: { 202: Type.Object({ status: Type.Literal("leaving") }) },
});

export const getPeers = route({
  method: "GET",
  path: "/v1/peers",
  topic: "node",
  summary: "Who is connected and on which chain, who was refused, and whose clock is off",
  answers: { 200: PeersAnswer },
});
