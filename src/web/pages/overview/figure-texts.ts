/** Numbers of the overview: times between blocks, rates, and how they are written. */
import type { StripBlock } from "./strip-layout.ts";

/** Between each block and the one before, oldest first; the genesis block's time was chosen by people, so it is left out. */
export function intervalsMs(blocks: readonly StripBlock[]): readonly number[] {
  const oldestFirst = blocks.filter(({ height }) => height > 0).toReversed();
  return oldestFirst.slice(1).map((block, index) => {
    const before = oldestFirst[index] as StripBlock;
    return Math.max(0, block.timestampMs - before.timestampMs);
  });
}

/** The middle one: a pause of an hour says nothing about the block time. */
export function medianOf(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

/** "0.8 s", "12 s", "3.5 min". */
export function secondsText(durationMs: number): string {
  const seconds = durationMs / 1_000;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 100 ? `${Number(minutes.toFixed(1))} min` : `${Math.round(minutes / 60)} h`;
}

/** "0", "0.05", "1.2", "340". */
export function rateText(perSecond: number): string {
  if (perSecond >= 100) return Math.round(perSecond).toLocaleString("en-GB");
  return String(Number(perSecond.toPrecision(2)));
}
