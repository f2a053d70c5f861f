/** What waits for a block. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import {
  Amount,
  Count,
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
import { PendingTransaction } from "./transaction-shapes.ts";

const MempoolPage = pageOf(PendingTransaction);
export type MempoolPage = Said<typeof MempoolPage>;

export const getMempool = route({
  method: "GET",
  path: "/v1/mempool",
  topic: "mempool",
  summary: "The waiting transactions",
  description:
    "By the time they came; the newest first, unless order is oldest. With account: those of one account, by sequence.",
  query: Type.Object({
    limit: Type.Optional(Limit),
    cursor: Type.Optional(CursorText),
    order: Type.Optional(Type.Enum(["newest", "oldest"])),
    account: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 192,
        description: "an address, a public key or a registered name",
      }),
    ),
  }),
  answers: { 200: MempoolPage },
  example: { query: { limit: "10" } },
});

const Rate = Type.Number({ minimum: 0, description: "base units of AUR a byte" });

const FeeRange = Type.Object({
  /** Fees a byte from this one on, */
  fromUnitsPerByte: Rate,
  /** and below this one. */
  belowUnitsPerByte: Rate,
  count: Count,
  bytes: Count,
});

const SuggestedFee = Type.Object({
  /** With this fee a transaction should be in one of the next so many blocks. */
  blocks: Count,
  unitsPerByte: Rate,
  /** For a transaction of 256 bytes, such as a transfer; never below the chain's minimum. */
  fee: Amount,
  feeUnits: Units,
});
export type SuggestedFee = Said<typeof SuggestedFee>;

const MempoolStats = Type.Object({
  count: Count,
  /** Of the transactions' own encoding. */
  bytes: Count,
  countMax: Count,
  bytesMax: Count,
  ready: Type.Boolean({ description: "the next block can take some of what waits" }),
  /** The one that waits longest; null if none waits. */
  oldest: orNull(
    Type.Object({ id: Hash, firstSeenMs: TimestampMs, firstSeen: orNull(IsoTime), ageMs: Count }),
  ),
  /** How much waits at which fee, the highest first; ranges in which nothing waits are left out. */
  fees: Type.Array(FeeRange),
  minimumFee: Amount,
  minimumFeeUnits: Units,
  suggestedFees: Type.Array(SuggestedFee),
  head: HeadReference,
});
export type MempoolStats = Said<typeof MempoolStats>;

export const getMempoolStats = route({
  method: "GET",
  path: "/v1/mempool/stats",
  topic: "mempool",
  summary: "How much waits, since when, at which fees, and which fee to pay",
  answers: { 200: MempoolStats },
});
