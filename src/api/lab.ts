/** The API of the demo's lab: what its nodes and the lines between them are doing, and how trouble is made for them. */
import { Type } from "typebox";
import { Advice, NodeStatus } from "./node-status.ts";
import { route, type Said } from "./route.ts";
import { BlockReference, Count, Hash, Height, orNull, TimestampMs } from "./shapes.ts";

/** What one can do to a node of the lab. */
export const labActions = [
  "start",
  "stop",
  "kill",
  "restart",
  "cut",
  "heal",
  "delay",
  "withhold",
  "release",
  "clock",
  "tamper",
  "send",
] as const;
export type LabAction = (typeof labActions)[number];

/** Chunks are held for this long at most, each way. */
export const labDelayMsMax = 3_000;
/** A day: no clock is set further off. */
export const labClockOffsetMsMax = 24 * 60 * 60_000;
/** Blocks that the state names of each node. */
export const labBlocksShown = 12;
/** Notices that the lab keeps. */
export const labNoticesMax = 100;

/** The node's name below `/nodes/`, e.g. `PoW_1`. */
const LabNodeName = Type.String({
  pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
  description: "the name of one of the lab's nodes",
});

const LabBlock = Type.Object({
  height: Height,
  hash: Hash,
  parentHash: Hash,
  timestampMs: TimestampMs,
  transactionCount: Count,
  producer: orNull(Type.String({ description: "the name of the node that made it, else its address" })),
});
export type LabBlock = Said<typeof LabBlock>;

/** What the lab did to a node's store, and what became of it. */
const LabTampering = Type.Object({
  what: Type.String({ description: "what was changed, for people" }),
  atMs: TimestampMs,
  height: orNull(Height),
  noticed: orNull(Type.String({ description: "how the node noticed, in its own words; null: not yet" })),
  repaired: Type.Boolean({ description: "the node has again what was changed" }),
});
export type LabTampering = Said<typeof LabTampering>;

const LabWithholding = Type.Object({
  sinceHeight: Type.Integer({ description: "the last block that the miner has in common with the others" }),
  ahead: Type.Integer({
    description:
      "by how many blocks its private chain is longer than that of the others; negative: it is shorter",
  }),
});

const { authority, mining, notSealingBecause, peers, mempool, sealing } = NodeStatus.properties;

export const LabNode = Type.Object({
  name: Type.String(),
  consensus: Type.Enum(["pow", "poa"]),
  process: Type.Enum(["starting", "running", "stopping", "stopped", "ended"], {
    description: "stopped: by the lab, or killed by it; ended: by itself, see endedBecause",
  }),
  pid: orNull(Type.Integer()),
  endedBecause: orNull(Type.String({ description: "what the process said when it ended by itself" })),
  apiUrl: Type.String({ description: "the node's own API, on this machine" }),
  listens: Type.String({ description: "multiaddr for nodes from outside of the lab; no line of the lab" }),
  nodeId: orNull(Type.String()),
  address: orNull(Type.String({ description: "the account of the node's own key" })),
  authority,
  mining,
  sealing,
  notSealingBecause,
  head: orNull(Type.Object({ height: Height, hash: Hash, timestampMs: TimestampMs })),
  final: orNull(BlockReference),
  peers,
  mempool,
  advice: Type.Array(Advice, { description: "what the node itself says is to be done" }),
  blocks: Type.Array(LabBlock, {
    description: `the newest ${labBlocksShown} blocks of its chain, highest first`,
  }),
  answeredAtMs: orNull(
    Type.Integer({ description: "when the node answered last; what is told of it is from then" }),
  ),
  cut: Type.Boolean({ description: "all its lines are cut" }),
  delayMs: Type.Integer({ description: "that every chunk on its lines is held, each way" }),
  withholding: orNull(LabWithholding),
  clockOffsetMs: Type.Integer({ description: "by how much its clock is ahead of this machine's" }),
  tampered: orNull(LabTampering),
  can: Type.Array(Type.Enum(labActions), { description: "what can be done to it right now" }),
});
export type LabNode = Said<typeof LabNode>;

/** One line between two nodes: the lab's relay, over which `from` dials `to`. */
const LabLine = Type.Object({
  from: Type.String(),
  to: Type.String(),
  open: Type.Boolean({ description: "false: it is cut" }),
  delayMs: Type.Integer(),
  connections: Type.Integer({ minimum: 0, description: "that run over it now" }),
});
export type LabLine = Said<typeof LabLine>;

/** One kind of trouble, in words. */
const LabTrouble = Type.Object({
  action: Type.Enum(labActions),
  title: Type.String({ description: "for a button" }),
  does: Type.String({ description: "one sentence: what the lab does" }),
  lookFor: Type.String({ description: "one sentence: what there is to be seen then" }),
});
export type LabTrouble = Said<typeof LabTrouble>;

const LabNotice = Type.Object({
  id: Count,
  atMs: TimestampMs,
  node: orNull(Type.String()),
  kind: Type.Enum(["done", "noticed"], {
    description: "done: by whoever uses the lab; noticed: what a node told of itself, or what became of it",
  }),
  text: Type.String(),
});
export type LabNotice = Said<typeof LabNotice>;

export const LabState = Type.Object({
  atMs: TimestampMs,
  nodes: Type.Array(LabNode),
  lines: Type.Array(LabLine),
  troubles: Type.Array(LabTrouble),
  notices: Type.Array(LabNotice, {
    description: `what has happened, newest first; ${labNoticesMax} at most`,
  }),
  busyWith: orNull(
    Type.String({ description: "why nothing can be done to any node for now, in words; null: it can" }),
  ),
  mayAct: Type.Boolean({ description: "whether whoever asked may make trouble, or only look" }),
});
export type LabState = Said<typeof LabState>;

export const getLabState = route({
  method: "GET",
  path: "/lab/state",
  topic: "lab",
  summary: "The lab's nodes, the lines between them, and what can be done to them",
  answers: { 200: LabState },
});

/** The events of `GET /lab/events` by name. */
export const labEventShapes = { state: LabState } as const;

export const getLabEvents = route({
  method: "GET",
  path: "/lab/events",
  topic: "lab",
  summary: "The state of the whole lab, as server-sent events",
  description:
    "The event state holds the whole state, first at once, then whenever something has changed, at most four times a second. A comment comes every 15 s if nothing happens.",
  answers: {
    200: Type.Unsafe<string>({
      type: "string",
      contentMediaType: "text/event-stream",
      "x-events": labEventShapes,
    }),
  },
  media: "text/event-stream",
  stream: true,
});

const LabActed = Type.Object({
  node: LabNode,
  did: Type.String({ description: "what was done, in words" }),
  lookFor: Type.String({ description: "what there is to be seen now" }),
});
export type LabActed = Said<typeof LabActed>;

export const postLabAction = route({
  method: "POST",
  path: "/lab/nodes/{name}/{action}",
  topic: "lab",
  summary: "Makes trouble for one node, or ends it",
  description:
    "Only for programs and pages of this machine; a page must be the lab's own. Answered once it is done; what a node makes of it comes with the events.",
  params: Type.Object({ name: LabNodeName, action: Type.Enum(labActions) }),
  body: Type.Object({
    ms: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: labDelayMsMax,
        description: `for delay: milliseconds from 0 to ${labDelayMsMax}`,
      }),
    ),
    offsetMs: Type.Optional(
      Type.Integer({
        minimum: -labClockOffsetMsMax,
        maximum: labClockOffsetMsMax,
        description: "for clock: by how many milliseconds it is to be ahead, a day at most",
      }),
    ),
    what: Type.Optional(
      Type.Enum(["block", "balance"], {
        description:
          "for tamper: block (an amount in a transaction of a block, the default) or balance (an account's entry)",
      }),
    ),
  }),
  answers: { 200: LabActed },
  example: { params: { name: "PoW_1", action: "cut" }, body: {} },
});
