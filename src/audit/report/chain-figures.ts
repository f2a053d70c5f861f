/** The figures of a report: what one chain of a ledger adds up to, by this program's own SQL over the file's plain tables. */
import { formatAmount } from "../../protocol/amount.ts";
import { shownText } from "../finding.ts";
import type { Row, SqlValue } from "../ledger-block.ts";
import type { LedgerReader } from "../ledger-reader.ts";
import type { Bar } from "./bar-chart.ts";

export interface Holder {
  readonly account: string;
  /** The registered name; undefined if it has none. */
  readonly name: string | undefined;
  /** Exact decimal text. */
  readonly amount: string;
  /** Of the supply, from 0 to 1. */
  readonly share: number;
}

export interface AssetFigures {
  readonly assetId: string;
  readonly symbol: string;
  /** All balances and what waits to be mature, as exact decimal text. */
  readonly supply: string;
  readonly holders: number;
  /** The largest first, at most ten. */
  readonly largest: readonly Holder[];
}

export interface Sealer {
  readonly account: string;
  readonly name: string | undefined;
  readonly blocks: number;
  readonly transactions: number;
  /** Of all blocks, from 0 to 1. */
  readonly share: number;
}

export interface Reorganization {
  readonly seenAt: string;
  readonly forkHeight: number;
  readonly left: number;
  readonly joined: number;
}

export interface ChainFigures {
  /** E.g. "day": the time that each bar stands for. */
  readonly bucket: string;
  readonly blocks: readonly Bar[];
  readonly transactions: readonly Bar[];
  /** AUR that transfers moved. */
  readonly volume: readonly Bar[];
  readonly sealers: readonly Sealer[];
  readonly sealersTotal: number;
  /** AUR first, then by holders; at most ten. */
  readonly assets: readonly AssetFigures[];
  readonly assetsTotal: number;
  readonly reorganizations: readonly Reorganization[];
  readonly reorganizationsTotal: number;
  /** Blocks above the last final one. */
  readonly notFinal: number;
}

/** Spans of time for bars, in ascending order: the first that needs at most {@link barsMax} is taken. */
const buckets = [
  ["second", 1_000],
  ["minute", 60_000],
  ["10 minutes", 600_000],
  ["hour", 3_600_000],
  ["6 hours", 21_600_000],
  ["day", 86_400_000],
  ["week", 604_800_000],
  ["30 days", 2_592_000_000],
  ["365 days", 31_536_000_000],
] as const;
const barsMax = 60;
const listedMax = 10;
const reorganizationsMax = 20;
/** A hostile file can hold any number of assets; no report shows more. */
const assetsKeptMax = 10_000;
/** Sums are kept in two words of this base: SQLite's SUM fails once it passes 2^63. */
const wordBase = 1_000_000_000;

/** @param finalHeight -1 if no block is known to be final */
export function chainFigures(
  reader: LedgerReader,
  chainId: string,
  headHeight: number,
  finalHeight: number,
): ChainFigures {
  const nameOf = (account: string) => namedAs(reader, chainId, account);
  const bars = barsOf(reader, chainId, headHeight);
  const sealers = sealersOf(reader, chainId, headHeight, nameOf);
  const assets = assetsOf(reader, chainId, nameOf);
  const reorganizations = [
    ...reader.query(
      "SELECT seen_at_ms, fork_index, old_index, new_index FROM main.reorgs WHERE chain_id = ? ORDER BY reorg_id DESC LIMIT ?",
      [chainId, reorganizationsMax],
    ),
  ];
  return {
    ...bars,
    ...sealers,
    ...assets,
    reorganizations: reorganizations.map((row) => ({
      seenAt: timeText(numberOf(row.seen_at_ms)),
      forkHeight: numberOf(row.fork_index),
      left: numberOf(row.old_index) - numberOf(row.fork_index),
      joined: numberOf(row.new_index) - numberOf(row.fork_index),
    })),
    reorganizationsTotal: reader.count("reorgs", "chain_id = ?", [chainId]),
    notFinal: Math.max(0, headHeight - finalHeight),
  };
}

function barsOf(reader: LedgerReader, chainId: string, headHeight: number) {
  // Block 0 bears the time of the genesis, which may be years before anybody began.
  const of =
    'FROM main.blocks WHERE chain_id = ? AND "index" > 0 AND "index" <= ? AND typeof(timestamp_ms) = \'integer\'';
  const span = reader
    .query(`SELECT MIN(timestamp_ms) AS first, MAX(timestamp_ms) AS last ${of}`, [chainId, headHeight])
    .next().value;
  const [firstMs, lastMs] = [numberOf(span?.first), numberOf(span?.last)];
  const [bucket, bucketMs] =
    buckets.find(([, ms]) => Math.floor(lastMs / ms) - Math.floor(firstMs / ms) < barsMax) ?? buckets.at(-1)!;
  const first = Math.floor(firstMs / bucketMs);
  const count = Math.min(barsMax, Math.floor(lastMs / bucketMs) - first + 1);
  const places = Array.from({ length: count }, () => ({ blocks: 0n, transactions: 0n, volume: 0n }));
  const place = (row: Row) => places[numberOf(row.bucket) - first];
  const byBlock = reader.query(
    `SELECT timestamp_ms / ${bucketMs} AS bucket, COUNT(*) AS blocks, SUM(transaction_count) AS transactions ${of} GROUP BY 1`,
    [chainId, headHeight],
  );
  for (const row of byBlock) {
    const found = place(row);
    if (!found) continue;
    found.blocks = integerOf(row.blocks);
    found.transactions = integerOf(row.transactions);
  }
  const byTransfer = reader.query(
    `SELECT b.timestamp_ms / ${bucketMs} AS bucket, ${wordsOf("t.amount")} FROM main.blocks AS b JOIN main.transactions AS t ` +
      `ON t.chain_id = b.chain_id AND t.block_id = b."index" WHERE b.chain_id = ? AND b."index" <= ? ` +
      "AND t.kind = 'transfer' AND t.asset_id = 'AUR' GROUP BY 1",
    [chainId, headHeight],
  );
  for (const row of byTransfer) {
    const found = place(row);
    if (found) found.volume = ofWords(row.high, row.low);
  }
  const barAt = (index: number, value: bigint, text: string): Bar => ({
    label: bucketText((first + index) * bucketMs, bucketMs),
    value: Number(value),
    text,
  });
  return {
    bucket,
    blocks: places.map(({ blocks }, index) => barAt(index, blocks, String(blocks))),
    transactions: places.map(({ transactions }, index) => barAt(index, transactions, String(transactions))),
    volume: places.map(({ volume }, index) => barAt(index, volume, `${formatAmount(volume)} AUR`)),
  };
}

function sealersOf(
  reader: LedgerReader,
  chainId: string,
  headHeight: number,
  nameOf: (account: string) => string | undefined,
) {
  const of = 'FROM main.blocks WHERE chain_id = ? AND "index" > 0 AND "index" <= ?';
  const rows = [
    ...reader.query(
      `SELECT producer, COUNT(*) AS blocks, SUM(transaction_count) AS transactions ${of} GROUP BY producer ORDER BY 2 DESC, 1 LIMIT ?`,
      [chainId, headHeight, listedMax],
    ),
  ];
  const total = reader
    .query(`SELECT COUNT(DISTINCT producer) AS sealers, COUNT(*) AS blocks ${of}`, [chainId, headHeight])
    .next().value;
  const blocksTotal = Math.max(1, numberOf(total?.blocks));
  return {
    sealers: rows.map((row) => ({
      account: shownText(String(row.producer)),
      name: nameOf(String(row.producer)),
      blocks: numberOf(row.blocks),
      transactions: numberOf(row.transactions),
      share: numberOf(row.blocks) / blocksTotal,
    })),
    sealersTotal: numberOf(total?.sealers),
  };
}

interface AssetSum {
  readonly symbol: string;
  readonly decimals: number;
  total: bigint;
  holders: number;
  readonly largest: { readonly account: string; readonly units: bigint }[];
}

function assetsOf(
  reader: LedgerReader,
  chainId: string,
  nameOf: (account: string) => string | undefined,
): Pick<ChainFigures, "assets" | "assetsTotal"> {
  const sums = new Map<string, AssetSum>();
  const rows = reader.query(
    "SELECT account, asset_id, symbol, decimals, balance_units, balance_units_large, immature_units, immature_units_large " +
      "FROM balances WHERE chain_id = ?",
    [chainId],
  );
  for (const row of rows) {
    const assetId = String(row.asset_id);
    const units =
      unitsOf(row.balance_units, row.balance_units_large) +
      unitsOf(row.immature_units, row.immature_units_large);
    if (units === 0n) continue;
    let sum = sums.get(assetId);
    if (!sum) {
      if (sums.size >= assetsKeptMax) continue;
      const decimals = Math.min(18, Math.max(0, numberOf(row.decimals)));
      sum = { symbol: shownText(String(row.symbol)), decimals, total: 0n, holders: 0, largest: [] };
      sums.set(assetId, sum);
    }
    sum.total += units;
    sum.holders += 1;
    const { largest } = sum;
    if (largest.length === listedMax && units <= (largest.at(-1)?.units ?? 0n)) continue;
    const place = largest.findIndex((holder) => holder.units < units);
    largest.splice(place < 0 ? largest.length : place, 0, { account: String(row.account), units });
    largest.length = Math.min(largest.length, listedMax);
  }
  const rank = ([assetId, { holders }]: [string, AssetSum]) =>
    assetId === "AUR" ? Number.POSITIVE_INFINITY : holders;
  const ranked = [...sums].sort((a, b) => rank(b) - rank(a) || (a[0] < b[0] ? -1 : 1)).slice(0, listedMax);
  return {
    assetsTotal: sums.size,
    assets: ranked.map(([assetId, { symbol, decimals, total, holders, largest }]) => ({
      assetId: shownText(assetId),
      symbol,
      supply: formatAmount(total, decimals),
      holders,
      largest: largest.map(({ account, units }) => ({
        account: shownText(account),
        name: nameOf(account),
        amount: formatAmount(units, decimals),
        share: total > 0n ? Number((units * 1_000_000n) / total) / 1_000_000 : 0,
      })),
    })),
  };
}

function namedAs(reader: LedgerReader, chainId: string, account: string): string | undefined {
  if (!reader.has("users", ["chain_id", "account", "name"])) return undefined;
  const row = reader.lookUp("SELECT name FROM main.users WHERE chain_id = ? AND account = ?", [
    chainId,
    account,
  ]);
  return row ? shownText(String(row.name)) : undefined;
}

/** SQL for the sum of an amount in two words, exact and over 2^63. */
function wordsOf(column: string): string {
  const [units, large] = [`${column}_units`, `${column}_units_large`];
  const high = `CAST(substr(${large}, 1, length(${large}) - 9) AS INTEGER)`;
  return (
    `SUM(COALESCE(${units} / ${wordBase}, ${high})) AS high, ` +
    `SUM(COALESCE(${units} % ${wordBase}, CAST(substr(${large}, -9) AS INTEGER))) AS low`
  );
}

function ofWords(high: SqlValue | undefined, low: SqlValue | undefined): bigint {
  return integerOf(high) * BigInt(wordBase) + integerOf(low);
}

function unitsOf(units: SqlValue | undefined, large: SqlValue | undefined): bigint {
  if (typeof large === "string" && /^-?\d{1,80}$/.test(large)) return BigInt(large);
  return integerOf(units);
}

function integerOf(value: SqlValue | undefined): bigint {
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : 0n;
}

function numberOf(value: SqlValue | undefined): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : 0;
}

/** ISO 8601 to the second in UTC; the number if no calendar has it. */
export function timeText(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? `${new Date(ms).toISOString().slice(0, 19)}Z` : `${ms} ms`;
}

function bucketText(ms: number, bucketMs: number): string {
  const text = timeText(ms);
  return bucketMs >= 86_400_000
    ? text.slice(0, 10)
    : text.slice(5, bucketMs >= 60_000 ? 16 : 19).replace("T", " ");
}
