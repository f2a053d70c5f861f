/** What many cells come to, by row of the table. */
import { type Cell, groupOf, plotName } from "./cells.ts";
import type { Unfairness } from "./scales.ts";
import type { CellReport } from "./simulate-cell.ts";

export interface GroupFigures {
  cells: number;
  failing: number;
  honestShareMin: number;
  inclusionMaxMs: number;
  lag99Max: number;
  lagMax: number;
  /** Undefined: nobody offended. */
  offenderOutMax: number | undefined;
  intervalMaxMs: number;
  reorganizationsMax: number;
}

/** A cell in which something was that must not be, unfair or unsafe. */
export interface FailedCell {
  readonly cell: Cell;
  readonly what: readonly string[];
}

export interface FairFigures {
  readonly groups: Record<string, GroupFigures>;
  /** The first ones; the groups count all. */
  readonly failed: FailedCell[];
}

const failedKept = 20;

export function noFairFigures(): FairFigures {
  return { groups: {}, failed: [] };
}

export function addCell(figures: FairFigures, report: CellReport): void {
  const { cell, measures, unfair, violations } = report;
  const isFailing = unfair.length > 0 || violations.length > 0;
  addGroup(figures, groupOf(cell), {
    cells: 1,
    failing: isFailing ? 1 : 0,
    honestShareMin: measures.honestShare,
    inclusionMaxMs: measures.inclusionMaxMs,
    lag99Max: measures.lag99,
    lagMax: measures.lagMax,
    offenderOutMax: measures.offenderOut,
    intervalMaxMs: measures.intervalMs,
    reorganizationsMax: measures.reorganizations,
  });
  if (!isFailing) return;
  figures.failed.push({ cell, what: whatFailed(report) });
  figures.failed.splice(failedKept);
}

export function addFairFigures(figures: FairFigures, more: FairFigures): void {
  for (const [name, group] of Object.entries(more.groups)) addGroup(figures, name, group);
  figures.failed.push(...more.failed);
  figures.failed.sort((a, b) => plotName(a.cell).localeCompare(plotName(b.cell))).splice(failedKept);
}

function addGroup({ groups }: FairFigures, name: string, more: GroupFigures): void {
  const group = groups[name];
  if (!group) {
    groups[name] = { ...more };
    return;
  }
  group.cells += more.cells;
  group.failing += more.failing;
  group.honestShareMin = Math.min(group.honestShareMin, more.honestShareMin);
  group.inclusionMaxMs = Math.max(group.inclusionMaxMs, more.inclusionMaxMs);
  group.lag99Max = Math.max(group.lag99Max, more.lag99Max);
  group.lagMax = Math.max(group.lagMax, more.lagMax);
  const outs = [group.offenderOutMax, more.offenderOutMax].filter((out) => out !== undefined);
  group.offenderOutMax = outs.length === 0 ? undefined : Math.max(...outs);
  group.intervalMaxMs = Math.max(group.intervalMaxMs, more.intervalMaxMs);
  group.reorganizationsMax = Math.max(group.reorganizationsMax, more.reorganizationsMax);
}

/** In words, with the number of each. */
export function whatFailed({ measures, unfair, violations }: CellReport): string[] {
  const words: Record<Unfairness, string> = {
    quality: `honest authorities sealed ${measures.honestShare.toFixed(2)} of their share`,
    inclusion: `a transaction waited for ${(measures.inclusionMaxMs / 1000).toFixed(1)} s`,
    finality: `finality lagged by ${measures.lagMax} blocks`,
    offender: `an offender was in for ${measures.offenderOut} blocks`,
  };
  return [...unfair.map((kind) => words[kind]), ...violations.map(({ kind, what }) => `${kind}: ${what}`)];
}
