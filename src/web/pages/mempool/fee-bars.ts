/** The histogram of waiting fees: one bar for each range, as long as its share of the bytes. */
import type { MempoolStats } from "../../../api/mempool.ts";

export interface FeeBar {
  /** "from 4 to 8 units a byte". */
  readonly range: string;
  readonly count: number;
  readonly bytes: number;
  /** Of the fullest range, from 0 to 1. */
  readonly share: number;
}

/** The highest fees first, as blocks take them. */
export function feeBars(fees: MempoolStats["fees"]): readonly FeeBar[] {
  const bytesMax = Math.max(1, ...fees.map(({ bytes }) => bytes));
  return fees.map(({ fromUnitsPerByte, belowUnitsPerByte, count, bytes }) => ({
    range: `${rateText(fromUnitsPerByte)} to ${rateText(belowUnitsPerByte)}`,
    count,
    bytes,
    share: bytes / bytesMax,
  }));
}

/** Small rates keep two digits, large ones lose what nobody reads. */
export function rateText(unitsPerByte: number): string {
  if (unitsPerByte >= 1_000) return Math.round(unitsPerByte).toLocaleString("en-GB");
  return String(Number(unitsPerByte.toPrecision(2)));
}

/** "12 s", "3 min", "2 h": how long the oldest one has waited. */
export function waitedText(ageMs: number): string {
  const seconds = Math.max(0, Math.round(ageMs / 1_000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
