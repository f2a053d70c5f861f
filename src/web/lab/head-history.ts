/** How high each node was, over time, as the chart of all heads draws it; bounded. */
import type { LabState } from "../../api/lab.ts";

export interface HeadHistory {
  /** Milliseconds since 1970, rising. */
  readonly times: readonly number[];
  /** For each node a height at each time; null while it did not run. */
  readonly heights: ReadonlyMap<string, readonly (number | null)[]>;
}

export const emptyHistory: HeadHistory = { times: [], heights: new Map() };

/** Between two points; states may come several times a second. */
const stepMs = 1_000;
const pointsMax = 300;

/** The history with one state more. What came less than a second after the last point takes that point's place. */
export function withState(
  history: HeadHistory,
  { atMs, nodes }: Pick<LabState, "atMs" | "nodes">,
): HeadHistory {
  const last = history.times.at(-1);
  // A clock that was set back: what came before would not rise any more.
  const old = last !== undefined && atMs < last ? emptyHistory : history;
  const beforeLast = old.times.at(-2);
  const replaces = beforeLast !== undefined && atMs - beforeLast < stepMs;
  const kept = replaces ? old.times.length - 1 : old.times.length;
  const from = Math.max(0, kept + 1 - pointsMax);
  const times = [...old.times.slice(from, kept), atMs];
  const heights = new Map(
    nodes.map(({ name, process, head }) => {
      const values = old.heights.get(name) ?? [];
      const before = Array.from({ length: kept - from }, (_, index) => values[from + index] ?? null);
      return [name, [...before, process === "running" ? (head?.height ?? null) : null]] as const;
    }),
  );
  return { times, heights };
}
