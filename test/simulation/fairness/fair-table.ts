/** The figures of fairness as people read them. */
import { groupOf, replayOfCell } from "./cells.ts";
import type { FairControlReport } from "./fair-controls.ts";
import type { FairFigures, GroupFigures } from "./fair-figures.ts";

const columns: readonly [string, (group: GroupFigures) => string][] = [
  ["failing", ({ failing, cells }) => `${failing} of ${cells}`],
  ["honest/seats", ({ honestShareMin }) => honestShareMin.toFixed(2)],
  ["inclusion", ({ inclusionMaxMs }) => `${(inclusionMaxMs / 1000).toFixed(1)} s`],
  ["lag 99th/max", ({ lag99Max, lagMax }) => `${lag99Max} / ${lagMax}`],
  ["offender out", ({ offenderOutMax }) => (offenderOutMax === undefined ? "" : `${offenderOutMax}`)],
  ["interval", ({ intervalMaxMs }) => `${(intervalMaxMs / 1000).toFixed(2)} s`],
  ["reorg/height", ({ reorganizationsMax }) => reorganizationsMax.toFixed(2)],
];

/** Each figure is the worst of its row's cells. */
export function fairTable(figures: FairFigures, controls: readonly FairControlReport[]): string {
  const rows = Object.entries(figures.groups).map(([name, group]) => [
    name,
    ...columns.map(([, cell]) => cell(group)),
  ]);
  const all = [["Byzantine authorities", ...columns.map(([title]) => title)], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  for (const { cell, what } of figures.failed) {
    lines.push(`${groupOf(cell)} fails: ${what.join("; ")}`, `  see it again: ${replayOfCell(cell)}`);
  }
  for (const control of controls) lines.push(...controlLines(control));
  return lines.join("\n");
}

function controlLines({ name, runs, broken, what }: FairControlReport): string[] {
  if (!broken) return [`without ${name}: NOT SEEN in ${runs} cells`];
  return [
    `without ${name}: ${what.join("; ")}, in cell ${runs}`,
    `  see it: ${replayOfCell(broken.cell, name)}`,
  ];
}
