/** What happened on the chain over time, for charts. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import { Amount, Count, HeadReference, IsoTime, orNull, TimestampMs, Units } from "./shapes.ts";

const minuteMs = 60_000;

/** The windows of `GET /v1/stats`: buckets of how long, and how many. */
export const statsWindows = {
  "1h": { bucketMs: minuteMs, buckets: 60 },
  "3h": { bucketMs: minuteMs, buckets: 180 },
  "24h": { bucketMs: 60 * minuteMs, buckets: 24 },
  "7d": { bucketMs: 60 * minuteMs, buckets: 168 },
} as const;
export type StatsWindow = keyof typeof statsWindows;
export const statsWindowDefault: StatsWindow = "1h";

const Sums = {
  blocks: Count,
  transactions: Count,
  transactionsPerSecond: Type.Number({ minimum: 0 }),
  bytes: Count,
  fees: Amount,
  feesUnits: Units,
};

const StatsBucket = Type.Object({
  timestampMs: TimestampMs,
  time: IsoTime,
  ...Sums,
  activeAccounts: Type.Union([Count, Type.Null()], {
    description: "accounts that sent a transaction; null if this is not known, with very many senders",
  }),
});

const StatsAnswer = Type.Object({
  window: Type.Enum(Object.keys(statsWindows) as StatsWindow[]),
  bucketMs: Type.Integer({ description: "a minute or an hour" }),
  fromMs: TimestampMs,
  from: IsoTime,
  untilMs: Type.Integer({ description: "milliseconds since 1970: now; the last bucket is not over" }),
  until: IsoTime,
  head: HeadReference,
  final: orNull(HeadReference),
  complete: Type.Boolean({
    description:
      "every block of the window is counted; false for a while after the node's start, while it reads blocks back",
  }),
  totals: Type.Object(Sums),
  buckets: Type.Array(StatsBucket, { description: "oldest first, without gaps" }),
});
export type StatsAnswer = Said<typeof StatsAnswer>;

export const getStats = route({
  method: "GET",
  path: "/v1/stats",
  topic: "stats",
  summary: "Blocks, transactions, fees and active accounts by minute or by hour",
  description: "By the timestamps of the blocks. The genesis block is not counted.",
  query: Type.Object({ window: Type.Optional(Type.Enum(Object.keys(statsWindows) as StatsWindow[])) }),
  answers: { 200: StatsAnswer },
  example: { query: { window: "24h" } },
});
