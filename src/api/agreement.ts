/** How the chain agrees: engine, authorities, turns, votes, finality, and who missed their turns. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import {
  Address,
  BigNumber,
  Count,
  Hash,
  HeadReference,
  Height,
  IsoTime,
  orNull,
  TimestampMs,
} from "./shapes.ts";

const Named = {
  address: Address,
  name: orNull(Type.String({ description: "the name that the account has registered" })),
};
const NodeName = orNull(
  Type.String({ description: "as the authority's node calls itself; null if it was not heard" }),
);
const Action = Type.String({ description: "add or remove" });

const Turn = Type.Object({
  ...Named,
  nodeName: NodeName,
  rank: Type.Integer({
    minimum: 0,
    description: "0: it is this authority's turn; 1: it is next if that one is silent",
  }),
  earliestMs: TimestampMs,
  earliest: IsoTime,
});

const ConsensusAuthority = Type.Object({
  ...Named,
  nodeName: NodeName,
  sealedHeight: Type.Integer({
    minimum: 0,
    description:
      "the last block that it sealed on this chain; before the first one, the height of its admission",
  }),
  votedForHead: Type.Boolean({ description: "this node has its vote for the head" }),
});

const FinalityAnswer = Type.Object({
  justified: HeadReference,
  lagBlocks: Type.Integer({ minimum: 0, description: "blocks above the final one" }),
  lagMs: Type.Integer({
    minimum: 0,
    description: "between the timestamps of the final block and of the head",
  }),
  unsettledHeight: Type.Integer({
    minimum: 0,
    description: "the highest block with a transaction: up to here finality is worth an empty block",
  }),
  quorum: Type.Integer({ minimum: 1, description: "votes that certify a block" }),
  votesForHead: Type.Array(Address, { description: "authorities whose votes for the head this node has" }),
  votes: Type.Array(Type.Object({ ...HeadReference.properties, voters: Count }), {
    description: "votes above the final block by the block that they are for, highest first",
  }),
});

const EvidenceAnswer = Type.Object({
  kind: Type.Enum(["double-seal", "vote-pair"]),
  ...Named,
});

const ConsensusAnswer = Type.Object({
  engine: Type.Enum(["pow", "poa"]),
  head: HeadReference,
  final: orNull(HeadReference),
  /** Empty in Proof of Work. */
  authorities: Type.Array(ConsensusAuthority),
  next: Type.Array(Turn, {
    description:
      "who may seal on the head, in the order of their turns, and from when on; empty in Proof of Work",
  }),
  finality: Type.Union([FinalityAnswer, Type.Null()], { description: "null in Proof of Work" }),
  changeInFlight: Type.Union([Type.Object({ action: Action, ...Named }), Type.Null()], {
    description: "a change of the authorities that has passed; it is in force once its block is final",
  }),
  ballots: Type.Array(Type.Object({ voter: Address, action: Action, ...Named, expiresAtHeight: Height }), {
    description: "votes for changes that have not passed",
  }),
  majority: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
    description: "votes that a change needs",
  }),
  evidence: Type.Array(EvidenceAnswer, {
    description: "that authorities contradicted themselves; it goes into one of the next blocks",
  }),
  banned: Type.Array(Type.Object(Named), { description: "removed by evidence, for good" }),
  work: Type.Union(
    [
      Type.Object({
        target: Hash,
        difficulty: BigNumber,
        cumulativeWork: BigNumber,
      }),
      Type.Null(),
    ],
    { description: "what the next block has to meet; null in Proof of Authority. GET /v1/mining has more" },
  ),
});
export type ConsensusAnswer = Said<typeof ConsensusAnswer>;

export const getConsensus = route({
  method: "GET",
  path: "/v1/consensus",
  topic: "consensus",
  summary: "Engine, authorities, who is next and when, votes for the head, finality, changes and evidence",
  answers: { 200: ConsensusAnswer },
});

export const uptimeBlocksMax = 500;
export const uptimeBlocksDefault = 100;

const UptimeAuthority = Type.Object({
  ...Named,
  current: Type.Boolean({ description: "it is an authority at the head" }),
  sealed: Type.Integer({ minimum: 0, description: "blocks that it sealed" }),
  sealedInTurn: Type.Integer({ minimum: 0, description: "of these, blocks that were its turn" }),
  missed: Type.Integer({
    minimum: 0,
    description: "blocks that another one sealed after its turn had passed",
  }),
});

const UptimeBlock = Type.Object({
  ...HeadReference.properties,
  timestampMs: TimestampMs,
  time: IsoTime,
  producer: Type.Integer({ minimum: 0, description: "its place in `authorities`" }),
  rank: Type.Integer({ minimum: 0, description: "0: it was the producer's turn" }),
  missed: Type.Array(Type.Integer({ minimum: 0 }), {
    description: "who was before the producer in the order of turns, by their places in `authorities`",
  }),
});

const UptimeAnswer = Type.Object({
  head: HeadReference,
  final: orNull(HeadReference),
  fromHeight: Height,
  authorities: Type.Array(UptimeAuthority),
  blocks: Type.Array(UptimeBlock, { description: "newest first" }),
});
export type UptimeAnswer = Said<typeof UptimeAnswer>;

export const getAuthorityUptime = route({
  method: "GET",
  path: "/v1/authorities/uptime",
  topic: "consensus",
  summary: "Which authority sealed each of the newest blocks, and who missed a turn",
  description: "Answers 409 `authority/not-proof-of-authority` on a Proof of Work chain.",
  query: Type.Object({
    blocks: Type.Optional(
      Type.String({
        pattern: "^(500|[1-4][0-9]{2}|[1-9][0-9]?)$",
        description: `a whole number from 1 to ${uptimeBlocksMax}`,
      }),
    ),
  }),
  answers: { 200: UptimeAnswer },
});
