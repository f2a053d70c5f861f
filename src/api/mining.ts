/** Mining: work for programs outside of the node, and the pool. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import { Amount, Count, Hash, Height, orNull } from "./shapes.ts";

/** All bytes are lower-case hex. */
export const WorkAnswer = Type.Object({
  jobId: Count,
  height: Height,
  parentHash: Hash,
  headerBytes: Type.String({ pattern: "^([0-9a-f]{2})+$", description: "SSZ of the header" }),
  headerRoot: Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 of those" }),
  target: Type.String({
    pattern: "^[0-9a-f]{64}$",
    description: "32 bytes, big-endian: a hash at or below it seals the block",
  }),
  noncePrefix: Type.String({
    pattern: "^[0-9a-f]{16}$",
    description: "8 bytes of the nonce that are of this answer alone",
  }),
  nonceLayout: Type.String(),
  clean: Type.Boolean({
    description: "what the caller was given before is worthless; without `after` it is taken to have nothing",
  }),
  transactionCount: Count,
});
export type WorkAnswer = Said<typeof WorkAnswer>;

export const WorkAccepted = Type.Object({ accepted: Type.Literal(true), hash: Hash, height: Height });
export type WorkAccepted = Said<typeof WorkAccepted>;

export const getWork = route({
  method: "GET",
  path: "/v1/work",
  topic: "mining",
  summary: "The block that is to be sealed, for miners outside of the node",
  description:
    "With `after`, a job's id or 0, it waits up to 30 s for other work. 404 while nothing is to be mined.",
  query: Type.Object({
    after: Type.Optional(Type.String({ pattern: "^[0-9]{1,16}$", description: "the id of a job" })),
  }),
  answers: { 200: WorkAnswer },
});

export const postWork = route({
  method: "POST",
  path: "/v1/work",
  topic: "mining",
  summary: "Brings the nonce of a job",
  description: "202: the block is on its way into the chain.",
  body: Type.Object({
    jobId: Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: "the id of a job, a whole number",
    }),
    nonce: Type.String({ pattern: "^[0-9a-fA-F]{64}$", description: "32 bytes as 64 hex digits" }),
  }),
  answers: { 202: WorkAccepted },
});

export const PoolMemberAnswer = Type.Object({
  address: Type.String(),
  sharesAccepted: Count,
  sharesRejected: Count,
  hashesPerSecond: Type.Number(),
  blocksFound: Count,
  earned: Type.String({
    description: "AUR: its parts of all blocks of the pool that stand in the chain, mature or not",
  }),
  immature: Type.String({ description: "the part of it that is in blocks that have not matured" }),
  paid: Type.String({ description: "in payments that stand in the chain, their fees included" }),
  owed: Type.String({
    description:
      "earned less paid; negative if a block left the chain after it was paid for: the next earnings make up for it",
  }),
  due: Type.String({ description: "the same as earned, under its old name" }),
  payoutTransaction: orNull(Type.String({ description: "id of the last payment; null: none yet" })),
});
export type PoolMemberAnswer = Said<typeof PoolMemberAnswer>;

export const PoolAnswer = Type.Object({
  address: Type.String({ description: "the account that earns the blocks and pays the members" }),
  addresses: Type.Array(Type.String(), { description: "multiaddrs for aurex-node pool join" }),
  feePercent: Type.Number(),
  payoutMinimum: Amount,
  payoutEveryBlocks: Count,
  sessions: Type.Integer({ description: "connections of members, of which one may have several" }),
  dropped: Type.Integer({ description: "liars that were dropped since the start" }),
  hashesPerSecond: Type.Number(),
  sharesAccepted: Count,
  sharesRejected: Count,
  blocksFound: Count,
  blocksOrphaned: Count,
  earned: Amount,
  owed: Amount,
  due: Amount,
  immature: Amount,
  paid: Amount,
  memberCount: Count,
  members: Type.Array(PoolMemberAnswer, { description: "those that have earned most, at most 1,000" }),
});
export type PoolAnswer = Said<typeof PoolAnswer>;

export const getPool = route({
  method: "GET",
  path: "/v1/pool",
  topic: "mining",
  summary: "The node's mining pool: members, shares, earnings, payments",
  description: "409 if the node serves none.",
  answers: { 200: PoolAnswer },
});
