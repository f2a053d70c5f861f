/** The line of a sparkline: numbers over time, drawn small and without axes. */

export interface Sparkline {
  /** For the `d` of an SVG path; the line is broken where a value is missing. */
  readonly line: string;
  /** Where the last value is, if there is one. */
  readonly end: { readonly x: number; readonly y: number } | undefined;
  readonly low: number;
  readonly high: number;
}

/** Room above and below for the line's own width. */
const marginPx = 2;

/**
 * @param values oldest first; null where nothing is known
 * @param fromZero the bottom is 0, for counts; else the lowest value
 */
export function sparklineOf(
  values: readonly (number | null)[],
  widthPx: number,
  heightPx: number,
  fromZero: boolean,
): Sparkline {
  const known = values.filter((value) => value !== null);
  const low = fromZero ? Math.min(0, ...known) : Math.min(...known);
  const high = Math.max(...known);
  if (known.length === 0) return { line: "", end: undefined, low: 0, high: 0 };
  const span = high - low;
  const x = (index: number) =>
    rounded(
      values.length === 1 ? widthPx / 2 : (index / (values.length - 1)) * (widthPx - 2 * marginPx) + marginPx,
    );
  // A line without any change lies in the middle, or on the ground if it is all zeros.
  const y = (value: number) => {
    const share = span === 0 ? (fromZero ? 0 : 0.5) : (value - low) / span;
    return rounded(heightPx - marginPx - share * (heightPx - 2 * marginPx));
  };
  const pieces: string[] = [];
  let isOpen = false;
  let end: Sparkline["end"];
  values.forEach((value, index) => {
    if (value === null) {
      isOpen = false;
      return;
    }
    end = { x: x(index), y: y(value) };
    // A line to itself makes a dot of a value that stands alone.
    pieces.push(isOpen ? `L${end.x} ${end.y}` : `M${end.x} ${end.y}L${end.x} ${end.y}`);
    isOpen = true;
  });
  return { line: pieces.join(""), end, low, high };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The values from the first one that is not 0: a young chain does not look like one that stood still for an hour. */
export function sinceFirst(values: readonly number[]): readonly number[] {
  const first = values.findIndex((value) => value !== 0);
  return first < 0 ? values.slice(-1) : values.slice(first);
}
