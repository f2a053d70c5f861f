/** Tables as text that fits the width of a terminal. */
import stringWidth from "string-width";
import { visibleText } from "./visible-text.ts";

/** What a terminal has if nobody says otherwise. */
export const columnsDefault = 80;

/** How a cell gives way if the table is wider than the terminal. "never": it must stay whole, for instance to be copied. */
export type Cut = "never" | "end" | "middle";

export interface TableColumn {
  readonly title: string;
  /** "never" if it is not given. */
  readonly cut?: Cut;
  /** A cell is not cut to fewer columns than this; 6 if it is not given. */
  readonly widthMin?: number;
  /** Numbers stand at the right. */
  readonly right?: boolean;
}

const indent = "  ";
const gap = "  ";
const widthMinDefault = 6;

/**
 * A table with a line of titles and a rule; ends with a line feed.
 *
 * @param columns titles, or titles with how their cells give way
 * @param width columns of the terminal that the lines must fit; undefined: cells stay whole
 */
export function textTable(
  columns: readonly (string | TableColumn)[],
  rows: readonly (readonly string[])[],
  width?: number,
): string {
  const described = columns.map((column) => (typeof column === "string" ? { title: column } : column));
  const visibleRows = rows.map((row) => described.map((_, index) => visibleText(row[index] ?? "")));
  const widths = fitted(described, visibleRows, width);
  const line = (cells: readonly string[]) =>
    `${indent}${cells
      .map((cell, index) => {
        const column = described[index] as TableColumn;
        const cellWidth = widths[index] ?? 0;
        return padded(shortened(cell, cellWidth, column.cut ?? "never"), cellWidth, column.right === true);
      })
      .join(gap)}`.trimEnd();
  const titles = line(described.map(({ title }) => title));
  const rule = line(widths.map((columnWidth) => "-".repeat(columnWidth)));
  return `${[titles, rule, ...visibleRows.map(line)].join("\n")}\n`;
}

/** The width of each column: as wide as its widest cell, and the widest of those that may be cut give way first. */
function fitted(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): number[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(stringWidth(title), ...rows.map((row) => stringWidth(row[index] ?? ""))),
  );
  if (width === undefined) return widths;
  const least = columns.map(({ title, cut = "never", widthMin = widthMinDefault }, index) =>
    cut === "never"
      ? (widths[index] ?? 0)
      : Math.min(widths[index] ?? 0, Math.max(widthMin, stringWidth(title))),
  );
  const gaps = indent.length + gap.length * Math.max(0, columns.length - 1);
  let surplus = gaps + widths.reduce((sum, columnWidth) => sum + columnWidth, 0) - width;
  while (surplus > 0) {
    const give = widths.map((columnWidth, index) => (columnWidth > (least[index] ?? 0) ? columnWidth : 0));
    const widest = give.indexOf(Math.max(...give));
    if ((give[widest] ?? 0) === 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    surplus -= 1;
  }
  return widths;
}

function padded(text: string, width: number, right: boolean): string {
  const blanks = " ".repeat(Math.max(0, width - stringWidth(text)));
  return right ? blanks + text : text + blanks;
}

/** Text of at most `width` columns, with an ellipsis for what is missing at its end or in its middle. */
export function shortened(text: string, width: number, cut: Cut): string {
  if (cut === "never" || stringWidth(text) <= width) return text;
  const points = Array.from(text);
  const tailWidth = cut === "middle" ? Math.floor((width - 1) / 2) : 0;
  const tail = tailWidth === 0 ? "" : taken(points.toReversed(), tailWidth).toReversed().join("");
  return `${taken(points, width - 1 - tailWidth).join("")}…${tail}`;
}

/** As many of the first code points as fit. */
function taken(points: readonly string[], width: number): string[] {
  const fitting: string[] = [];
  let used = 0;
  for (const point of points) {
    used += stringWidth(point);
    if (used > width) break;
    fitting.push(point);
  }
  return fitting;
}
