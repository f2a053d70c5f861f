/** Transactions: how they are shown, submitted and followed. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import {
  Address,
  Amount,
  AssetId,
  BlockReference,
  Count,
  Hash,
  Hex,
  orNull,
  TimestampMs,
  Units,
} from "./shapes.ts";

/** Texts of people stand as they are if they are UTF-8, else as 0x and hex. */
export const PayloadAnswer = Type.Union([
  Type.Object({
    kind: Type.Literal("transfer"),
    to: Address,
    toName: orNull(Type.String()),
    assetId: AssetId,
    symbol: orNull(Type.String({ description: "null: the head's ledger does not know the asset" })),
    amount: orNull(Amount),
    amountUnits: Units,
    memo: Type.String(),
  }),
  Type.Object({ kind: Type.Literal("record"), data: Type.String() }),
  Type.Object({ kind: Type.Literal("registerUser"), name: Type.String() }),
  Type.Object({
    kind: Type.Literal("issueAsset"),
    assetId: AssetId,
    symbol: Type.String(),
    name: Type.String(),
    decimals: Type.Integer(),
    supply: Amount,
    supplyUnits: Units,
    metadata: Type.String(),
  }),
  Type.Object({
    kind: Type.Literal("authorityVote"),
    action: Type.String({ description: "add or remove" }),
    authority: Type.String({ description: "address of the node that the vote is about" }),
    authorityName: orNull(Type.String()),
    nodeId: Type.String({ description: "the same key as a libp2p peer id" }),
    expiresAtHeight: Count,
  }),
]);
export type PayloadAnswer = Said<typeof PayloadAnswer>;

/** A transaction's own fields, readable. */
export const TransactionFields = Type.Object({
  sender: Address,
  senderName: orNull(Type.String()),
  sequence: Count,
  fee: Amount,
  feeUnits: Units,
  validUntil: Type.Integer({ description: "the last height it may stand in; 0: any" }),
  timestampMs: TimestampMs,
  payload: PayloadAnswer,
  signature: Hex,
});
export type TransactionFields = Said<typeof TransactionFields>;

export const Reason = Type.Object({ code: Type.String(), message: Type.String() });
export type Reason = Said<typeof Reason>;

export const CommittedTransaction = Type.Object({
  id: Hash,
  status: Type.Literal("committed"),
  block: BlockReference,
  position: Count,
  ...TransactionFields.properties,
});

export const PendingTransaction = Type.Object({
  id: Hash,
  status: Type.Literal("pending"),
  ready: Type.Boolean({
    description: "the next block can take it; else one with a lower sequence is missing",
  }),
  waitingFor: Type.String({ description: "in words: what has to happen before it can be committed" }),
  missingSequence: Type.Union([Count, Type.Null()], { description: "null if it is ready" }),
  missingBecause: Type.Union([Type.Object({ id: Hash, reason: Reason }), Type.Null()], {
    description: "what had that sequence and was dropped, if this node remembers it",
  }),
  replacementFee: Amount,
  replacementFeeUnits: Type.String({
    pattern: "^[0-9]+$",
    description: "what another transaction with its sequence has to pay to take its place",
  }),
  ...TransactionFields.properties,
});

/** Of a dropped transaction only the reason is remembered. */
export const DroppedTransaction = Type.Object({
  id: Hash,
  status: Type.Literal("dropped"),
  reason: Reason,
});

export const TransactionAnswer = Type.Union([CommittedTransaction, PendingTransaction, DroppedTransaction]);
export type TransactionAnswer = Said<typeof TransactionAnswer>;

export const SubmitAnswer = Type.Object({ id: Hash, status: Type.Enum(["pending", "committed"]) });
export type SubmitAnswer = Said<typeof SubmitAnswer>;

export const getTransaction = route({
  method: "GET",
  path: "/v1/transactions/{id}",
  topic: "transactions",
  summary: "One transaction: pending, committed, or dropped with the reason",
  params: Type.Object({ id: Hash }),
  answers: { 200: TransactionAnswer },
});

export const postTransactions = route({
  method: "POST",
  path: "/v1/transactions",
  topic: "transactions",
  summary: "Submits a signed transaction",
  description:
    "202 once it is on this node's disk; 200 if it is committed already; sending the same bytes again is no error. With `replace: false` it is refused with `mempool/sequence-taken` if another one waits with its sequence.",
  body: Type.Object({
    bytes: Type.String({
      pattern: "^([0-9a-fA-F]{2})+$",
      description: "the signed transaction as an even number of hex digits",
    }),
    replace: Type.Optional(
      Type.Boolean({
        description: "true or false: whether it may take the place of one that waits with the same sequence",
      }),
    ),
  }),
  answers: { 200: SubmitAnswer, 202: SubmitAnswer },
});
