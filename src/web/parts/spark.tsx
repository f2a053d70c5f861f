/** A sparkline: how a number went, without axes; in words for those who do not see it. */
import { sparklineOf } from "./sparkline-points.ts";

const widthPx = 240;
const heightPx = 48;

interface SparkProps {
  /** What it shows, e.g. "Transactions a second, by minute". */
  readonly label: string;
  /** Oldest first; null where nothing is known. */
  readonly values: readonly (number | null)[];
  readonly format: (value: number) => string;
  /** The bottom is 0, for counts; else the lowest value. */
  readonly fromZero?: boolean;
}

export function Spark({ label, values, format, fromZero = true }: SparkProps) {
  const { line, low, high, end } = sparklineOf(values, widthPx, heightPx, fromZero);
  // One value alone is no line.
  if (values.length < 2) return null;
  const text =
    end === undefined ? `${label}: nothing so far` : `${label}: from ${format(low)} to ${format(high)}`;
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${widthPx} ${heightPx}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={text}
    >
      <path d={line} />
    </svg>
  );
}
