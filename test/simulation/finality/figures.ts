/** What many runs come to. */
import type { Happenings, Violation } from "./referee.ts";
import type { RunReport } from "./simulate-finality.ts";

/** A run in which something was that must never be. */
export interface FailedRun {
  readonly seed: number;
  readonly authorityCount: number;
  readonly byzantineCount: number;
  readonly violations: readonly Violation[];
}

export interface Figures {
  runs: number;
  blocks: number;
  finalHeights: number;
  /** Runs by the number of authorities of block 0. */
  readonly runsByCount: Record<number, number>;
  withByzantine: number;
  /** Runs in which each of them happened. */
  readonly happenings: Record<keyof Happenings, number>;
  /** Runs in which finality had to come back after the network had healed, and in which it did. */
  recoverable: number;
  recovered: number;
  recoveryMaxMs: number;
  /** The first ones; `failedRuns` counts all. */
  readonly failed: FailedRun[];
  failedRuns: number;
}

const failedKept = 20;

export function noFigures(): Figures {
  return {
    runs: 0,
    blocks: 0,
    finalHeights: 0,
    runsByCount: {},
    withByzantine: 0,
    happenings: {
      reorganization: 0,
      partitionHealed: 0,
      finality: 0,
      equivocation: 0,
      conviction: 0,
      changeInForce: 0,
      longLinkFinal: 0,
      splitVotes: 0,
      crash: 0,
      storeLost: 0,
    },
    recoverable: 0,
    recovered: 0,
    recoveryMaxMs: 0,
    failed: [],
    failedRuns: 0,
  };
}

export function addRun(figures: Figures, report: RunReport): void {
  const { seed, authorityCount, byzantineCount, violations } = report;
  figures.runs += 1;
  figures.blocks += report.blocks;
  figures.finalHeights += report.finalHeight;
  figures.runsByCount[authorityCount] = (figures.runsByCount[authorityCount] ?? 0) + 1;
  if (byzantineCount > 0) figures.withByzantine += 1;
  for (const name of Object.keys(figures.happenings) as (keyof Happenings)[]) {
    if (report.happenings[name]) figures.happenings[name] += 1;
  }
  if (report.isRecoverable) {
    figures.recoverable += 1;
    if (!violations.some(({ kind }) => kind === "no-finality-after-healing")) {
      figures.recovered += 1;
      figures.recoveryMaxMs = Math.max(figures.recoveryMaxMs, report.recoveryMs);
    }
  }
  if (violations.length === 0) return;
  figures.failedRuns += 1;
  figures.failed.push({ seed, authorityCount, byzantineCount, violations });
  figures.failed.splice(failedKept);
}

export function addFigures(figures: Figures, more: Figures): void {
  figures.runs += more.runs;
  figures.blocks += more.blocks;
  figures.finalHeights += more.finalHeights;
  figures.withByzantine += more.withByzantine;
  figures.recoverable += more.recoverable;
  figures.recovered += more.recovered;
  figures.failedRuns += more.failedRuns;
  figures.recoveryMaxMs = Math.max(figures.recoveryMaxMs, more.recoveryMaxMs);
  for (const [count, runs] of Object.entries(more.runsByCount)) {
    figures.runsByCount[Number(count)] = (figures.runsByCount[Number(count)] ?? 0) + runs;
  }
  for (const name of Object.keys(figures.happenings) as (keyof Happenings)[]) {
    figures.happenings[name] += more.happenings[name];
  }
  figures.failed.push(...more.failed);
  figures.failed.sort((a, b) => a.seed - b.seed).splice(failedKept);
}
