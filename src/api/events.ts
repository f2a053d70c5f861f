/** The event stream: its topics, what each event holds, and the route. */
import { type TSchema, Type } from "typebox";
import { Advice, NodeStatus } from "./node-status.ts";
import { route, type Said } from "./route.ts";
import {
  Address,
  Amount,
  AssetId,
  BlockReference,
  Count,
  Hash,
  Height,
  IsoTime,
  orNull,
  TimestampMs,
  Units,
} from "./shapes.ts";

/** What one can listen to. Each topic's events have the topic's name. */
export const eventTopics = [
  "head",
  "block",
  "reorg",
  "final",
  "transaction",
  "mempool",
  "peer",
  "authority",
  "status",
  "warning",
] as const;
export type EventTopic = (typeof eventTopics)[number];

/** The topics' events, and those that every reader gets. */
export const eventNames = [...eventTopics, "snapshot", "gap", "dropped", "stopping"] as const;
export type EventName = (typeof eventNames)[number];

/** What a reader gets who names no topics. */
export const eventTopicsDefault: readonly EventTopic[] = ["head", "final"];

/** Blocks that one event names; a deeper reorganization says how many there are. */
export const reorganizationBlocksMax = 256;
/** Accounts in one filter. */
export const eventAccountsMax = 64;

const Reorganization = Type.Object({
  ancestor: Type.Object(
    { ...BlockReference.properties },
    { description: "the last block that both branches have" },
  ),
  reverted: Type.Array(BlockReference, {
    description: `the blocks that left the chain, highest first; the first ${reorganizationBlocksMax} of them`,
  }),
  revertedCount: Count,
  applied: Type.Array(BlockReference, {
    description: `the blocks that joined the chain, lowest first; the first ${reorganizationBlocksMax} of them`,
  }),
  appliedCount: Count,
});
export type Reorganization = Said<typeof Reorganization>;

const HeadEvent = Type.Object({
  height: Height,
  hash: Hash,
  parentHash: Hash,
  timestampMs: TimestampMs,
  time: IsoTime,
  producer: orNull(Address),
  transactionCount: Count,
  final: orNull(BlockReference),
  /** Null: the new head stands on the one before, or above it by blocks that all joined. */
  reorganization: orNull(Reorganization),
});

const BlockEvent = Type.Object({
  height: Height,
  hash: Hash,
  parentHash: Hash,
  timestampMs: TimestampMs,
  time: IsoTime,
  producer: orNull(Address),
  transactionCount: Count,
  bytes: Count,
  canonical: Type.Boolean({
    description: "it is on the chain of the head; false: it is stored beside that chain",
  }),
});

const ReorgEvent = Type.Object({
  head: BlockReference,
  previous: BlockReference,
  ...Reorganization.properties,
});

const FinalEvent = Type.Object({ height: Height, hash: Hash, head: BlockReference });

/** What a reader needs to tell whether a transaction is its own; the rest is in GET /v1/transactions/{id}. */
const gist = {
  id: Hash,
  kind: Type.String(),
  sender: Address,
  sequence: Count,
  feeUnits: Units,
  to: orNull(Address),
  assetId: orNull(AssetId),
  amountUnits: orNull(Units),
  amount: orNull({ ...Amount, description: "of AUR; null for another asset" }),
  memo: orNull(Type.String()),
};

const TransactionEvent = Type.Object({
  status: Type.Enum(["committed", "reverted"], {
    description:
      "committed: a block that holds it has joined the chain; reverted: that block has left the chain",
  }),
  ...gist,
  block: BlockReference,
  position: Count,
});

const MempoolEvent = Type.Object({
  status: Type.Enum(["pending", "dropped"], {
    description: "pending: it waits for a block; dropped: it does not wait any more, and is in no block",
  }),
  ...gist,
  reason: orNull(Type.Object({ code: Type.String(), message: Type.String() })),
  count: Type.Integer({ minimum: 0, description: "transactions that wait" }),
  bytes: Type.Integer({ minimum: 0, description: "bytes of all that wait" }),
});

const PeerEvent = Type.Object({
  change: Type.Enum(["connected", "disconnected"]),
  nodeId: Type.String(),
  address: orNull(Type.String()),
  direction: orNull(Type.Enum(["inbound", "outbound"])),
  name: orNull(Type.String()),
  reason: orNull(Type.String({ description: "why it is gone, as far as this node knows" })),
  peers: Type.Integer({ minimum: 0, description: "how many are connected now" }),
});

const AuthorityEvent = Type.Union([
  Type.Object({
    change: Type.Literal("set"),
    authorities: Type.Array(Address),
    added: Type.Array(Address),
    removed: Type.Array(Address),
    head: BlockReference,
  }),
  Type.Object({
    change: Type.Literal("candidate"),
    authority: Address,
    nodeId: Type.String(),
    name: Type.String(),
    expiresAtHeight: Height,
  }),
  Type.Object({
    change: Type.Literal("evidence"),
    authority: Address,
    kind: Type.Enum(["double-seal", "vote-pair"]),
  }),
]);

const { sealing, notSealingBecause, established, quorum, peers, syncing } = NodeStatus.properties;
const nodeState = { sealing, notSealingBecause, established, quorum, peers, syncing };

const StatusEvent = Type.Object({ ...nodeState });

const WarningEvent = Type.Object({
  state: Type.Enum(["raised", "cleared"]),
  ...Advice.properties,
});

const SnapshotEvent = Type.Object({
  epoch: Type.String({ description: "of this process of the node: the first part of every id" }),
  name: Type.String(),
  nodeId: Type.String(),
  chainId: Hash,
  consensus: Type.Enum(["pow", "poa"]),
  head: Type.Object({ height: Height, hash: Hash, timestampMs: TimestampMs, time: IsoTime }),
  final: orNull(BlockReference),
  mempool: Type.Object({ count: Count, bytes: Count }),
  authorities: Type.Array(Address),
  ...nodeState,
  advice: Type.Array(Advice),
  topics: Type.Array(Type.Enum(eventTopics)),
});

const GapEvent = Type.Object({
  reason: Type.Enum(["other-process", "not-kept", "node-busy"], {
    description:
      "other-process: the id is from before the node's start; not-kept: it is too long ago; node-busy: too much happened at once",
  }),
  after: orNull(Type.String({ description: "the id that was asked for" })),
  next: Type.String(),
});

const DroppedEvent = Type.Object({ reason: Type.Literal("slow"), next: Type.String() });
const StoppingEvent = Type.Object({ next: Type.String() });

/** The data of every event by its name: of the topics first, then of the events that every reader gets. */
export const eventShapes = {
  head: HeadEvent,
  block: BlockEvent,
  reorg: ReorgEvent,
  final: FinalEvent,
  transaction: TransactionEvent,
  mempool: MempoolEvent,
  peer: PeerEvent,
  authority: AuthorityEvent,
  status: StatusEvent,
  warning: WarningEvent,
  snapshot: SnapshotEvent,
  gap: GapEvent,
  dropped: DroppedEvent,
  stopping: StoppingEvent,
} as const satisfies Record<EventName, TSchema>;

export type EventData<Name extends EventName = EventName> = Said<(typeof eventShapes)[Name]>;

/** Made by `Type.Unsafe`, as a stream is no JSON: the schemas of the data stand beside it for those who read the document. */
const EventStream = Type.Unsafe<string>({
  type: "string",
  contentMediaType: "text/event-stream",
  "x-events": eventShapes,
});

const topicsPattern = `^(${eventTopics.join("|")})(,(${eventTopics.join("|")}))*$`;

export const getEvents = route({
  method: "GET",
  path: "/v1/events",
  topic: "events",
  summary: "What happens in the node, as server-sent events",
  description:
    "The first event is snapshot: the state of the node. Ids are EPOCH-NUMBER, where the epoch is that of the node's process. " +
    "A reader that comes back sends the id of its last event as the header Last-Event-ID or as lastEventId; it gets what it has missed, and then a snapshot. " +
    "If that is not kept any more, or the node was started again, the event gap says so. " +
    "A reader that is too slow gets the event dropped and is disconnected. When the node stops, the last event is stopping. " +
    "A comment comes every 15 s if nothing happens.",
  query: Type.Object({
    topics: Type.Optional(
      Type.String({
        pattern: topicsPattern,
        maxLength: 200,
        description: `topics with commas between them: ${eventTopics.join(", ")}`,
      }),
    ),
    account: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 8_192,
        description: `up to ${eventAccountsMax} addresses or names with commas between them: only their transactions`,
      }),
    ),
    lastEventId: Type.Optional(
      Type.String({ pattern: "^[0-9a-f]{1,32}-[0-9]{1,15}$", description: "the id of an event" }),
    ),
  }),
  answers: { 200: EventStream },
  media: "text/event-stream",
  stream: true,
  example: { query: { topics: "head,final" } },
});
