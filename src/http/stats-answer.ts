/** The answer of `GET /v1/stats`: the buckets of one window, and their sums. */
import { isoTime } from "../api/shapes.ts";
import { type StatsAnswer, type StatsWindow, statsWindows } from "../api/stats.ts";
import type { Chain } from "../chain/chain.ts";
import { formatAmount } from "../protocol/amount.ts";
import type { ActivityBucket, ChainActivity } from "./chain-activity.ts";
import { finalReference, headReference } from "./chain-references.ts";

/** @param nowMs by the wall clock; where the head is ahead of it, the window ends with the head */
export function statsAnswer(
  activity: ChainActivity,
  chain: Chain,
  window: StatsWindow,
  nowMs: number,
): StatsAnswer {
  const { bucketMs, buckets: count } = statsWindows[window];
  const untilMs = Math.max(nowMs, chain.head.header.timestampMs);
  const buckets = activity.buckets(bucketMs, count, untilMs);
  const fromMs = (buckets[0] as ActivityBucket).startMs;
  const whole = {
    blocks: sumOf(buckets, ({ blocks }) => blocks),
    transactions: sumOf(buckets, ({ transactions }) => transactions),
    bytes: sumOf(buckets, ({ bytes }) => bytes),
    fees: buckets.reduce((sum, { fees }) => sum + fees, 0n),
  };
  return {
    window,
    bucketMs,
    fromMs,
    from: isoTime(fromMs),
    untilMs,
    until: isoTime(untilMs),
    head: headReference(chain),
    final: finalReference(chain),
    complete: activity.countedAfterMs(bucketMs) < fromMs,
    totals: sums(whole, untilMs - fromMs),
    buckets: buckets.map((bucket) => ({
      timestampMs: bucket.startMs,
      time: isoTime(bucket.startMs),
      ...sums(bucket, Math.min(bucketMs, untilMs - bucket.startMs)),
      activeAccounts: bucket.senders ?? null,
    })),
  };
}

type Counted = Pick<ActivityBucket, "blocks" | "transactions" | "bytes" | "fees">;

function sums({ blocks, transactions, bytes, fees }: Counted, durationMs: number): StatsAnswer["totals"] {
  return {
    blocks,
    transactions,
    transactionsPerSecond: durationMs > 0 ? (transactions / durationMs) * 1_000 : 0,
    bytes,
    fees: formatAmount(fees),
    feesUnits: fees.toString(),
  };
}

function sumOf(buckets: readonly ActivityBucket[], numberOf: (bucket: ActivityBucket) => number): number {
  return buckets.reduce((sum, bucket) => sum + numberOf(bucket), 0);
}
