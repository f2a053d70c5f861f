/** Blocks: one by its height or hash, and lists. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import {
  Address,
  BigNumber,
  Count,
  Hash,
  Height,
  HeightText,
  Hex,
  Limit,
  orNull,
  TimestampMs,
} from "./shapes.ts";
import { TransactionFields } from "./transactions.ts";

export const BlockSummary = Type.Object({
  height: Height,
  hash: Hash,
  parentHash: Hash,
  timestampMs: TimestampMs,
  producer: Type.Union([Address, Type.Null()], { description: "null for the genesis block" }),
  producerName: orNull(Type.String()),
  transactionCount: Count,
  bytes: Count,
  canonical: Type.Boolean({ description: "false for a block that another branch has outweighed" }),
  final: Type.Boolean({ description: "true once nothing can replace it" }),
});
export type BlockSummary = Said<typeof BlockSummary>;

/** A transaction as it stands in a block. */
export const BlockTransaction = Type.Object({ id: Hash, position: Count, ...TransactionFields.properties });

export const BlockAnswer = Type.Object({
  ...BlockSummary.properties,
  chainId: Hash,
  transactionsRoot: Hash,
  stateRoot: Hash,
  consensusRoot: Hash,
  target: Hash,
  extraData: Type.String(),
  nonce: Hex,
  signature: orNull(
    Type.String({ description: "SIG_{node_id}_{hash}_{signature}; null if the seal is work" }),
  ),
  cumulativeWeight: BigNumber,
  transactions: Type.Array(BlockTransaction),
});
export type BlockAnswer = Said<typeof BlockAnswer>;

export const BlocksAnswer = Type.Object({
  headHeight: Height,
  blocks: Type.Array(BlockSummary, { description: "canonical, lowest first" }),
});
export type BlocksAnswer = Said<typeof BlocksAnswer>;

/** The path parameter of every route about one block. */
export const BlockName = Type.String({
  pattern: "^(head|[0-9]{1,15}|[0-9a-fA-F]{64})$",
  description: 'the word "head", a height or a hash of 64 hex digits',
});

export const getBlocks = route({
  method: "GET",
  path: "/v1/blocks",
  topic: "blocks",
  summary: "Canonical blocks from a height upward; by default the newest 20",
  query: Type.Object({ from: Type.Optional(HeightText), limit: Type.Optional(Limit) }),
  answers: { 200: BlocksAnswer },
});

export const getBlock = route({
  method: "GET",
  path: "/v1/blocks/{reference}",
  topic: "blocks",
  summary: "One block with all that it holds",
  params: Type.Object({ reference: BlockName }),
  answers: { 200: BlockAnswer },
  example: { params: { reference: "head" } },
});
