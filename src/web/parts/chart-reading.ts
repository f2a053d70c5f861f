/** What a chart says in words: each of its points, and all of it in one sentence. */

export interface ChartSeries {
  readonly name: string;
  /** One for each place on the x axis; null where nothing is known. */
  readonly values: readonly (number | null)[];
  /** A value with its unit, e.g. "4.2 s". */
  readonly format: (value: number) => string;
  readonly kind?: "line" | "steps" | "bars";
  /** Which of the colours of marks, 1 to 6. */
  readonly mark?: 1 | 2 | 3 | 4 | 5 | 6;
}

/** A value that the series are held against, e.g. the block time that the chain aims at. */
export interface ChartGuide {
  readonly name: string;
  readonly value: number;
}

/** Where the reader of a chart is, by its place on the x axis; undefined: nowhere. */
export type ChartPlace = number | undefined;

const pageSteps = 10;

/** Where a key leads; "elsewhere" for keys that are none of the chart's. */
export function placeAfterKey(key: string, place: ChartPlace, count: number): ChartPlace | "elsewhere" {
  const last = count - 1;
  const bounded = (wanted: number) => Math.max(0, Math.min(last, wanted));
  if (count === 0) return "elsewhere";
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return bounded((place ?? count) - 1);
    case "ArrowRight":
    case "ArrowUp":
      return bounded((place ?? last - 1) + 1);
    case "PageDown":
      return bounded((place ?? count) - pageSteps);
    case "PageUp":
      return bounded((place ?? last - pageSteps) + pageSteps);
    case "Home":
      return 0;
    case "End":
      return last;
    case "Escape":
      return undefined;
    default:
      return "elsewhere";
  }
}

/** E.g. "block 12: block time 4.2 s, target 5 s". */
export function pointText(xText: string, series: readonly ChartSeries[], place: number): string {
  const parts = series.flatMap(({ name, values, format }) => {
    const value = values[place];
    return value === null || value === undefined ? [] : [`${name} ${format(value)}`];
  });
  return `${xText}: ${parts.length === 0 ? "not known" : parts.join(", ")}`;
}

/** The newest, lowest and highest value of each series: what one sees at a glance. */
export function summaryText(series: readonly ChartSeries[], guides: readonly ChartGuide[] = []): string {
  const sentences = series.map((each) => {
    const known = each.values.filter((value) => value !== null && value !== undefined);
    const newest = known.at(-1);
    if (newest === undefined) return `${each.name}: nothing so far.`;
    const [lowest, highest] = [smallest(known), largest(known)];
    const range =
      lowest === highest ? "always the same" : `between ${each.format(lowest)} and ${each.format(highest)}`;
    return `${each.name}: ${each.format(newest)} now, ${range}.`;
  });
  const [first] = series;
  const lines = first ? guides.map(({ name, value }) => `${name}: ${first.format(value)}.`) : [];
  return [...sentences, ...lines].join(" ");
}

/** By a loop: a spread of many values is too many arguments. */
function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}
