/** Proof of Work as numbers: target, difficulty, hash rate, block times. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import {
  Address,
  Amount,
  BigNumber,
  CursorText,
  Hash,
  HeadReference,
  IsoTime,
  Limit,
  orNull,
  pageOf,
  TimestampMs,
  Units,
} from "./shapes.ts";

/** The hash rate of the network is estimated over so many blocks, or as many as there are. */
export const hashRateBlocks = 100;

const MiningAnswer = Type.Object({
  head: HeadReference,
  final: Type.Boolean({ description: "false: Proof of Work makes no block final" }),
  target: Type.Union([Hash], { description: "what the hash of the next block must not exceed" }),
  difficulty: Type.String({
    pattern: "^[0-9]+$",
    description: "hashes that the next block takes on average",
  }),
  cumulativeWork: Type.String({ pattern: "^[0-9]+$", description: "hashes behind the chain, on average" }),
  networkHashesPerSecond: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
    description: "estimated from the newest blocks; null if there are too few",
  }),
  averageBlockTimeMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
    description: "over the same blocks",
  }),
  estimatedOverBlocks: Type.Integer({ minimum: 0 }),
  targetBlockTimeMs: Type.Integer({ minimum: 0 }),
  minimumIntervalMs: Type.Integer({ minimum: 0 }),
  retargetHalfLifeMs: Type.Integer({ minimum: 0 }),
  blockReward: Amount,
  blockRewardUnits: Units,
  self: Type.Object(
    {
      mining: Type.Boolean(),
      hashesPerSecond: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
      hashesTried: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
        description: "for the block that is under way",
      }),
    },
    { description: "this node" },
  ),
});
export type MiningAnswer = Said<typeof MiningAnswer>;

export const getMining = route({
  method: "GET",
  path: "/v1/mining",
  topic: "mining",
  summary: "Difficulty, target, hash rate and block times of a Proof of Work chain",
  description: "Answers 409 `mining/not-proof-of-work` on a Proof of Authority chain.",
  answers: { 200: MiningAnswer },
});

const MinedBlock = Type.Object({
  ...HeadReference.properties,
  timestampMs: TimestampMs,
  time: IsoTime,
  producer: Address,
  producerName: orNull(Type.String()),
  intervalMs: Type.Integer({ description: "between the timestamps of the parent and of the block" }),
  target: Hash,
  difficulty: BigNumber,
  hashesPerSecond: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
    description: "the difficulty over the interval; one block says little",
  }),
});

const MiningHistoryAnswer = pageOf(MinedBlock);
export type MiningHistoryAnswer = Said<typeof MiningHistoryAnswer>;

export const getMiningHistory = route({
  method: "GET",
  path: "/v1/mining/history",
  topic: "mining",
  summary: "Block times and difficulty by block, newest first",
  description: "Answers 409 `mining/not-proof-of-work` on a Proof of Authority chain.",
  query: Type.Object({ limit: Type.Optional(Limit), cursor: Type.Optional(CursorText) }),
  answers: { 200: MiningHistoryAnswer },
});
