/** The rules that keep Proof of Authority fair and live, each left out alone: a judgement that nothing breaks then sees nothing. */
import { type SimulationRules, trueRules } from "../finality/founding.ts";
import type { Cell } from "./cells.ts";
import { type CellWishes, cellsOf } from "./cells.ts";
import { type CellReport, simulateCell } from "./simulate-cell.ts";

interface FairControl {
  readonly rules: SimulationRules;
  /** Where it is looked for, in this order. */
  readonly cells: Omit<CellWishes, "seeds" | "heights" | "firstSeed">;
}

const everywhere = {};

export const fairControls = {
  "held-blocks": { rules: { ...trueRules, aheadMaxMs: 5_000 }, cells: { strategies: ["front-run"] } },
  "votes-guard": { rules: { ...trueRules, guard: "none" }, cells: everywhere },
  "timely-votes-only": { rules: { ...trueRules, guard: "every" }, cells: everywhere },
  "late-out-of-turn-votes": { rules: { ...trueRules, outOfTurnVoteDelayMs: 400 }, cells: everywhere },
  courtesy: { rules: { ...trueRules, isCourteous: false }, cells: everywhere },
  "first-seen-stays": { rules: { ...trueRules, keepsFirstSeen: false }, cells: everywhere },
  "offenders-weigh-nothing": { rules: { ...trueRules, weighsOffenders: false }, cells: everywhere },
} as const satisfies Record<string, FairControl>;

export type FairControlName = keyof typeof fairControls;
export const fairControlNames = Object.keys(fairControls) as FairControlName[];

export interface FairControlReport {
  readonly name: FairControlName;
  /** Cells that it took. */
  readonly runs: number;
  /** Undefined: it did not break, so the simulation does not see this rule. */
  readonly broken: CellReport | undefined;
}

const controlSeedsMax = 10;
const controlHeights = 60;

export function controlCells(name: FairControlName): Cell[] {
  return cellsOf({ seeds: controlSeedsMax, heights: controlHeights, ...fairControls[name].cells });
}

/** Runs cells with one of them left out until one is unfair. */
export function findUnfairness(name: FairControlName): FairControlReport {
  const cells = controlCells(name);
  for (const [index, cell] of cells.entries()) {
    const report = simulateCell(cell, { rules: fairControls[name].rules });
    if (report.unfair.length > 0) return { name, runs: index + 1, broken: report };
  }
  return { name, runs: cells.length, broken: undefined };
}
