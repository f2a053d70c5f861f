/** Transactions as the API shows them, wherever they stand: alone, in a block, in a history. */
import { Type } from "typebox";
import type { Said } from "./route.ts";
import {
  Address,
  Amount,
  AssetId,
  Count,
  Hash,
  HeadReference,
  Height,
  Hex,
  IsoTime,
  orNull,
  TimestampMs,
  Units,
} from "./shapes.ts";

const Text = Type.String({ description: "as it is if it is UTF-8, else 0x and hex" });
const Name = orNull(Type.String({ description: "a registered name" }));
const Number8 = Type.Integer({ minimum: 0, maximum: 255 });

/** What a transaction does, by `kind`. */
export const Payload = Type.Union([
  Type.Object({
    kind: Type.Literal("transfer"),
    to: Address,
    toName: Name,
    assetId: AssetId,
    /** Null, as `amount`, where the head's ledger does not know the asset. */
    symbol: orNull(Type.String()),
    amount: orNull(Amount),
    amountUnits: Units,
    memo: Text,
  }),
  Type.Object({ kind: Type.Literal("record"), data: Text }),
  Type.Object({ kind: Type.Literal("registerUser"), name: Text }),
  Type.Object({
    kind: Type.Literal("issueAsset"),
    assetId: AssetId,
    symbol: Text,
    name: Text,
    decimals: Number8,
    supply: Amount,
    supplyUnits: Units,
    metadata: Text,
  }),
  Type.Object({
    kind: Type.Literal("authorityVote"),
    action: Type.String({ description: "add, remove, or the number of another action" }),
    authority: Address,
    authorityName: Name,
    nodeId: Type.String({ description: "the same key as a libp2p peer id" }),
    expiresAtHeight: Height,
  }),
]);
export type PayloadAnswer = Said<typeof Payload>;

/** A transaction's own fields, readable. */
export const TransactionFields = Type.Object({
  sender: Address,
  senderName: Name,
  sequence: Count,
  fee: Amount,
  feeUnits: Units,
  validUntil: Type.Integer({
    minimum: 0,
    description: "the last height of a block that may hold it; 0 for no limit",
  }),
  timestampMs: TimestampMs,
  /** Null after the year 9999: the sender may write any number. */
  time: orNull(IsoTime),
  payload: Payload,
  signature: Hex,
});
export type TransactionFields = Said<typeof TransactionFields>;

/** Why a transaction was dropped, or why another one waits. */
export const Reason = Type.Object({ code: Type.String(), message: Type.String() });
export type Reason = Said<typeof Reason>;

/** The block that a transaction stands in. */
export const BlockPlace = Type.Object({
  height: Height,
  hash: Hash,
  timestampMs: TimestampMs,
  time: orNull(IsoTime),
});
export type BlockPlace = Said<typeof BlockPlace>;

/** What a waiting transaction waits for. */
export const Waits = Type.Object({
  ready: Type.Boolean({
    description: "the next block can take it; else one with a lower sequence is missing",
  }),
  waitingFor: Type.String({ description: "in words: what has to happen before it can be committed" }),
  missingSequence: orNull(Count),
  /** What had that sequence and was dropped, if this node remembers it. */
  missingBecause: orNull(Type.Object({ id: Hash, reason: Reason })),
});
export type Waits = Said<typeof Waits>;

/** What blocks take before a transaction, at most. */
export const Queue = Type.Object({
  transactionsAhead: Count,
  bytesAhead: Count,
  /** 0: the next block has room for it, if it is ready. */
  blocksAhead: Count,
});
export type Queue = Said<typeof Queue>;

/** A transaction that waits for a block. */
export const PendingTransaction = Type.Object({
  id: Hash,
  status: Type.Literal("pending"),
  ...Waits.properties,
  /** Null if it waits outside of the mempool: for a chain on which it can be executed. */
  queue: orNull(Queue),
  /** When this node had it first, or had it back from a block that left the chain; null as `queue` is. */
  firstSeenMs: orNull(TimestampMs),
  firstSeen: orNull(IsoTime),
  bytes: Count,
  /** Another transaction with its sequence has to pay so much to take its place. */
  replacementFee: Amount,
  replacementFeeUnits: Units,
  ...TransactionFields.properties,
});
export type PendingTransaction = Said<typeof PendingTransaction>;

/** How sure a transaction is: in every answer about one. */
export const Certainty = Type.Object({
  /** Blocks from the one that holds it to the head, both counted; 0 for one that stands in none. */
  confirmations: Count,
  /** Nothing can undo it. Always false on a Proof of Work chain, where blocks only become ever less likely to go. */
  final: Type.Boolean(),
  head: HeadReference,
});
export type Certainty = Said<typeof Certainty>;

export const TransactionAnswer = Type.Union([
  Type.Object({
    id: Hash,
    status: Type.Literal("committed"),
    block: BlockPlace,
    position: Type.Integer({ minimum: 0, description: "its place in the block, from 0" }),
    bytes: Count,
    ...TransactionFields.properties,
    ...Certainty.properties,
  }),
  Type.Object({ ...PendingTransaction.properties, ...Certainty.properties }),
  /** Of a dropped transaction only the reason is remembered. */
  Type.Object({
    id: Hash,
    status: Type.Literal("dropped"),
    reason: Reason,
    /** The one that took its sequence, if that is the reason. */
    replacedBy: orNull(Hash),
    ...Certainty.properties,
  }),
]);
export type TransactionAnswer = Said<typeof TransactionAnswer>;
