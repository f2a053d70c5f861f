/** Blocks: one by its height or hash, its parts, and lists. */
import { Type } from "typebox";
import { Octets, route, type Said } from "./route.ts";
import {
  Address,
  BigNumber,
  BlockReference,
  Count,
  CursorText,
  Hash,
  HeadReference,
  Height,
  HeightText,
  Hex,
  IsoTime,
  Limit,
  orNull,
  pageOf,
  Switch,
  TimestampMs,
  Units,
} from "./shapes.ts";
import { TransactionFields } from "./transaction-shapes.ts";

export const BlockSummary = Type.Object({
  height: Height,
  hash: Hash,
  parentHash: Hash,
  timestampMs: TimestampMs,
  time: IsoTime,
  producer: Type.Union([Address, Type.Null()], { description: "null for the genesis block" }),
  producerName: orNull(Type.String()),
  transactionCount: Count,
  bytes: Count,
  canonical: Type.Boolean({ description: "false for a block that another branch has outweighed" }),
  final: Type.Boolean({ description: "true once nothing can replace it" }),
  confirmations: Type.Integer({
    minimum: 0,
    description: "1 for the head, one more with each block on it; 0 for a block that is not canonical",
  }),
});
export type BlockSummary = Said<typeof BlockSummary>;

/** A transaction as it stands in a block. */
export const BlockTransaction = Type.Object({ id: Hash, position: Count, ...TransactionFields.properties });
export type BlockTransaction = Said<typeof BlockTransaction>;

const BlockCertificate = Type.Object({
  ...BlockReference.properties,
  signers: Type.Array(Address, { description: "authorities whose votes are in it" }),
});

/** What the header and the seal say. */
const HeaderFields = {
  chainId: Hash,
  transactionsRoot: Hash,
  stateRoot: Hash,
  consensusRoot: Hash,
  consensusStateHash: Hash,
  target: Hash,
  extraData: Type.String(),
  nonce: Type.String({ pattern: "^[0-9a-f]{64}$", description: "all 32 bytes as hex digits" }),
  countingNonce: Type.String({
    pattern: "^[0-9]+$",
    description: "the number that the miner counted to: the first 8 bytes of the nonce, little-endian",
  }),
  signature: orNull(
    Type.String({ description: "SIG_{node_id}_{hash}_{signature}; null if the seal is work" }),
  ),
};

export const BlockAnswer = Type.Object({
  ...BlockSummary.properties,
  ...HeaderFields,
  cumulativeWeight: BigNumber,
  fees: Type.String({ pattern: "^[0-9]+(\\.[0-9]+)?$", description: "of all transactions, in AUR" }),
  feesUnits: Units,
  certificate: Type.Union([BlockCertificate, Type.Null()], {
    description: "the block that the certificate in this one certifies; null if there is none",
  }),
  offenders: Type.Array(Address, { description: "authorities that the evidence in this block removes" }),
  transactions: Type.Array(BlockTransaction),
  head: HeadReference,
});
export type BlockAnswer = Said<typeof BlockAnswer>;

const BlockItem = Type.Object({
  ...BlockSummary.properties,
  transactions: Type.Optional(Type.Array(BlockTransaction, { description: "with transactions=true" })),
});

export const BlocksAnswer = Type.Object({
  ...pageOf(BlockItem).properties,
  headHeight: Height,
  blocks: Type.Array(BlockSummary, { description: "the same blocks without transactions, lowest first" }),
});
export type BlocksAnswer = Said<typeof BlocksAnswer>;

/** With `transactions=true` a page ends after the block that brings it to so many transactions. */
export const pageTransactionsMax = 2_000;

/** The path parameter of every route about one block. */
export const BlockName = Type.String({
  pattern: "^(head|final|[0-9]{1,15}|[0-9a-fA-F]{64})$",
  description: 'the word "head" or "final", a height, or a hash of 64 hex digits',
});

export const getBlocks = route({
  method: "GET",
  path: "/v1/blocks",
  topic: "blocks",
  summary: "Canonical blocks, newest first; with `from`, from a height upward",
  description: `\`order\` says which way the list goes, \`from\` where it begins. The cursor carries both to the next page. A page of an upward list ends at the head, and then \`next\` is null: ask with \`from\` for what comes later. With \`transactions=true\` each block of \`items\` has its transactions, and a page may have fewer blocks than \`limit\`: it ends after ${pageTransactionsMax} transactions.`,
  query: Type.Object({
    from: Type.Optional(HeightText),
    order: Type.Optional(Type.Enum(["asc", "desc"])),
    limit: Type.Optional(Limit),
    cursor: Type.Optional(CursorText),
    transactions: Type.Optional(Switch),
  }),
  answers: { 200: BlocksAnswer },
  example: { query: { limit: "5", transactions: "true" } },
});

const oneBlock = {
  params: Type.Object({ reference: BlockName }),
  example: { params: { reference: "head" } },
};

export const getBlock = route({
  method: "GET",
  path: "/v1/blocks/{reference}",
  topic: "blocks",
  summary: "One block with all that it holds",
  description:
    "`final` is the highest final block; a chain of Proof of Work has none. An answer about a final block, asked for by height or hash, may be kept: its `head` and `confirmations` are those of its moment.",
  ...oneBlock,
  answers: { 200: BlockAnswer },
});

const BlockTransactionsAnswer = Type.Object({
  ...pageOf(BlockTransaction).properties,
  block: BlockReference,
  canonical: Type.Boolean(),
  final: Type.Boolean(),
});
export type BlockTransactionsAnswer = Said<typeof BlockTransactionsAnswer>;

export const getBlockTransactions = route({
  method: "GET",
  path: "/v1/blocks/{reference}/transactions",
  topic: "blocks",
  summary: "The transactions of one block, in their order",
  description:
    "The cursor stays with its block: under `head` and `final`, the next page is of the block that the first page was of. Under a height where another block stands by now, it is 410 `api/cursor-undone`.",
  ...oneBlock,
  query: Type.Object({ limit: Type.Optional(Limit), cursor: Type.Optional(CursorText) }),
  answers: { 200: BlockTransactionsAnswer },
});

export const getBlockRaw = route({
  method: "GET",
  path: "/v1/blocks/{reference}/raw",
  topic: "blocks",
  summary: "The bytes of one block, as nodes send them to each other",
  ...oneBlock,
  answers: { 200: Octets },
  media: "application/octet-stream",
});

const BlockHeaderAnswer = Type.Object({
  height: Height,
  hash: Hash,
  parentHash: Hash,
  timestampMs: TimestampMs,
  time: IsoTime,
  version: Count,
  producerKey: Type.String({
    pattern: "^[0-9a-f]{64}$",
    description: "the public key; zeros for the genesis block",
  }),
  transactionCount: Count,
  ...HeaderFields,
  bytes: Type.String({
    pattern: "^([0-9a-f]{2})+$",
    description: "the header's own bytes as hex digits: the hash is SHA256(SHA256(bytes) ‖ nonce)",
  }),
  sealSignature: Hex,
  canonical: Type.Boolean(),
  final: Type.Boolean(),
  head: HeadReference,
});
export type BlockHeaderAnswer = Said<typeof BlockHeaderAnswer>;

export const getBlockHeader = route({
  method: "GET",
  path: "/v1/blocks/{reference}/header",
  topic: "blocks",
  summary: "The header and the seal of one block: their fields, and the bytes that are hashed",
  ...oneBlock,
  answers: { 200: BlockHeaderAnswer },
});
