/** The uptime grid as values: which authority did what at which block, and how one moves about in it. */
import type { UptimeAnswer } from "../../../api/agreement.ts";

/**
 * What an authority had to do with a block: it sealed it in its turn, or in the place of another one; it was silent in its
 * turn; or it was not its turn.
 */
export type Deed = "sealed" | "stood-in" | "missed" | "none";

export interface GridColumn {
  readonly height: number;
  readonly hash: string;
  readonly timestampMs: number;
  readonly isFinal: boolean;
  /** One for each authority, in the order of the answer's. */
  readonly deeds: readonly Deed[];
}

/** Cells of a grid at most: a page of thousands is slow. */
const cellsMax = 3_600;

/** Oldest first, as a time line is read; the newest `countMax` blocks, fewer where there are many authorities. */
export function gridColumns({ authorities, blocks, final }: UptimeAnswer, countMax: number): GridColumn[] {
  const count = Math.min(countMax, Math.max(1, Math.floor(cellsMax / Math.max(1, authorities.length))));
  return blocks
    .slice(0, count)
    .map(({ height, hash, timestampMs, producer, rank, missed }) => ({
      height,
      hash,
      timestampMs,
      isFinal: final !== null && height <= final.height,
      deeds: authorities.map((_, place): Deed => {
        if (place === producer) return rank === 0 ? "sealed" : "stood-in";
        return missed.includes(place) ? "missed" : "none";
      }),
    }))
    .reverse();
}

export const deedTexts: Readonly<Record<Deed, string>> = {
  sealed: "sealed in its turn",
  "stood-in": "sealed for one that was silent",
  missed: "missed its turn",
  none: "not its turn",
};

export interface GridPlace {
  readonly row: number;
  readonly column: number;
}

/** Where a key leads in a grid; undefined for keys that are none of the grid's. */
export function placeInGrid(
  key: string,
  { row, column }: GridPlace,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  isControl = false,
): GridPlace | undefined {
  const at = (wantedRow: number, wantedColumn: number): GridPlace => ({
    row: Math.max(0, Math.min(rows - 1, wantedRow)),
    column: Math.max(0, Math.min(columns - 1, wantedColumn)),
  });
  switch (key) {
    case "ArrowLeft":
      return at(row, column - 1);
    case "ArrowRight":
      return at(row, column + 1);
    case "ArrowUp":
      return at(row - 1, column);
    case "ArrowDown":
      return at(row + 1, column);
    case "PageUp":
      return at(0, column);
    case "PageDown":
      return at(rows - 1, column);
    case "Home":
      return at(isControl ? 0 : row, 0);
    case "End":
      return at(isControl ? rows - 1 : row, columns - 1);
    default:
      return undefined;
  }
}

/** The part of its turns that an authority took, from 0 to 1; undefined where it had none. */
export function turnsTaken({
  sealedInTurn,
  missed,
}: {
  readonly sealedInTurn: number;
  readonly missed: number;
}): number | undefined {
  const turns = sealedInTurn + missed;
  return turns === 0 ? undefined : sealedInTurn / turns;
}

/** Rows of the table at first: a phone shows each as a list of its own. */
const rowsAtFirst = 12;

/** All authorities if they are few, in their order; else those that missed most. */
export function firstRows<Row extends { readonly missed: number }>(rows: readonly Row[]): readonly Row[] {
  if (rows.length <= rowsAtFirst) return rows;
  return [...rows].sort((a, b) => b.missed - a.missed).slice(0, rowsAtFirst);
}
