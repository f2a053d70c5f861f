/** The rules that keep Proof of Authority fair and live, each left out alone: a judgement that nothing breaks then sees nothing. */
import { type SimulationRules, trueRules } from "../finality/founding.ts";
import { type CellWishes, cellsOf } from "./cells.ts";
import { whatFailed } from "./fair-figures.ts";
import type { Measures } from "./scales.ts";
import { type CellReport, simulateCell } from "./simulate-cell.ts";

/** A tighter limit than all cells have: what the same cell holds with the rule, and not without. */
interface Bound {
  readonly figure: keyof Pick<Measures, "lagMax" | "reorganizations">;
  readonly max: number;
}

interface FairControl {
  readonly rules: SimulationRules;
  /** Where it is looked for. A search through all cells takes longer than all cells with the rules. */
  readonly cells: Pick<CellWishes, "counts" | "networks" | "clocks" | "isExtreme" | "strategies">;
  /** Undefined: without the rule a cell fails what all cells are judged by. */
  readonly bound?: Bound;
}

const calm = { counts: [4], networks: ["lan"], clocks: [200] } as const;

export const fairControls = {
  "held-blocks": {
    rules: { ...trueRules, aheadMaxMs: 5_000 },
    cells: { ...calm, strategies: ["front-run"] },
  },
  "votes-guard": {
    rules: { ...trueRules, guard: "none" },
    cells: { ...calm, strategies: ["private-2"] },
  },
  "late-out-of-turn-votes": {
    rules: { ...trueRules, outOfTurnVoteDelayMs: 400 },
    cells: {
      ...{ counts: [4], networks: ["wan"], clocks: [1_000] },
      ...{ isExtreme: true, strategies: ["front-run-5000"] },
    },
  },
  "timely-votes-only": {
    rules: { ...trueRules, guard: "every" },
    cells: { counts: [4], networks: ["wan"], clocks: [1_000], strategies: ["tip-over-late-1200"] },
    bound: { figure: "lagMax", max: 5 },
  },
  courtesy: {
    rules: { ...trueRules, isCourteous: false },
    cells: { counts: [4], networks: ["lan"], clocks: [1_000], isExtreme: true, strategies: ["silent"] },
    bound: { figure: "reorganizations", max: 0.2 },
  },
  "offenders-weigh-nothing": {
    rules: { ...trueRules, weighsOffenders: false },
    cells: { counts: [7], networks: ["lan"], clocks: [200], strategies: ["split"] },
    bound: { figure: "lagMax", max: 5 },
  },
} as const satisfies Record<string, FairControl>;

export type FairControlName = keyof typeof fairControls;
export const fairControlNames = Object.keys(fairControls) as FairControlName[];

export interface FairControlReport {
  readonly name: FairControlName;
  /** Cells that it took. */
  readonly runs: number;
  /** Undefined: it did not break, so the simulation does not see this rule. */
  readonly broken: CellReport | undefined;
  readonly what: readonly string[];
}

const controlSeedsMax = 8;
const controlHeights = 50;

/** Runs cells with one of them left out until one fails that holds with it. */
export function findUnfairness(name: FairControlName): FairControlReport {
  const { rules, cells: wishes, bound }: FairControl = fairControls[name];
  const cells = cellsOf({ seeds: controlSeedsMax, heights: controlHeights, ...wishes });
  for (const [index, cell] of cells.entries()) {
    const without = simulateCell(cell, { rules });
    const what = failuresOf(without, bound);
    if (what.length > 0 && failuresOf(simulateCell(cell), bound).length === 0) {
      return { name, runs: index + 1, broken: without, what };
    }
  }
  return { name, runs: cells.length, broken: undefined, what: [] };
}

function failuresOf(report: CellReport, bound: Bound | undefined): string[] {
  const value = bound ? report.measures[bound.figure] : 0;
  const exceeded = bound && value > bound.max ? [`${bound.figure} ${value.toFixed(2)} of ${bound.max}`] : [];
  return [...whatFailed(report), ...exceeded];
}
