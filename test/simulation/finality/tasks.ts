/** Spreads runs, cells and controls over worker threads. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Cell } from "../fairness/cells.ts";
import { type FairControlName, type FairControlReport, fairControlNames } from "../fairness/fair-controls.ts";
import { addFairFigures, type FairFigures, noFairFigures } from "../fairness/fair-figures.ts";
import { type ControlName, type ControlReport, controlNames } from "./controls.ts";
import { addFigures, type Figures, noFigures } from "./figures.ts";

export type Task =
  | {
      readonly kind: "runs";
      readonly firstSeed: number;
      readonly count: number;
      readonly authorityCount: number | undefined;
    }
  | { readonly kind: "control"; readonly name: ControlName }
  | { readonly kind: "cells"; readonly cells: readonly Cell[] }
  | { readonly kind: "fair control"; readonly name: FairControlName };

export type TaskResult =
  | { readonly kind: "runs"; readonly figures: Figures }
  | { readonly kind: "control"; readonly report: ControlReport }
  | { readonly kind: "cells"; readonly fairness: FairFigures }
  | { readonly kind: "fair control"; readonly report: FairControlReport };

export interface SimulationOutcome {
  readonly figures: Figures;
  /** In the order of the names. */
  readonly controls: readonly ControlReport[];
  readonly fairness: FairFigures;
  /** In the order of the names. */
  readonly fairControls: readonly FairControlReport[];
}

export interface SimulationTasks {
  readonly runs: number;
  readonly firstSeed?: number;
  readonly authorityCount?: number | undefined;
  readonly controls?: readonly ControlName[];
  /** Cells of fairness; default none. */
  readonly cells?: readonly Cell[];
  readonly fairControls?: readonly FairControlName[];
  readonly workers?: number;
  readonly onProgress?: (outcome: SimulationOutcome) => void;
}

const runsPerTask = 50;
const cellsPerTask = 12;

/** Rejects where a worker dies: a run that throws is a failure of its own. */
export async function simulateAll(options: SimulationTasks): Promise<SimulationOutcome> {
  const { runs, firstSeed = 1, authorityCount, controls = controlNames, onProgress } = options;
  const { cells = [] } = options;
  const { fairControls = cells.length > 0 ? fairControlNames : [] } = options;
  const tasks: Task[] = [
    ...controls.map((name): Task => ({ kind: "control", name })),
    ...fairControls.map((name): Task => ({ kind: "fair control", name })),
  ];
  for (let done = 0; done < cells.length; done += cellsPerTask) {
    tasks.push({ kind: "cells", cells: cells.slice(done, done + cellsPerTask) });
  }
  for (let done = 0; done < runs; done += runsPerTask) {
    const count = Math.min(runsPerTask, runs - done);
    tasks.push({ kind: "runs", firstSeed: firstSeed + done, count, authorityCount });
  }
  const figures = noFigures();
  const fairness = noFairFigures();
  const reports = new Map<ControlName, ControlReport>();
  const fairReports = new Map<FairControlName, FairControlReport>();
  const outcome = () => ({
    figures,
    controls: controls.flatMap((name) => reports.get(name) ?? []),
    fairness,
    fairControls: fairControls.flatMap((name) => fairReports.get(name) ?? []),
  });
  const queue = tasks.values();
  const collect = (result: TaskResult) => {
    if (result.kind === "runs") addFigures(figures, result.figures);
    else if (result.kind === "cells") addFairFigures(fairness, result.fairness);
    else if (result.kind === "control") reports.set(result.report.name, result.report);
    else fairReports.set(result.report.name, result.report);
    onProgress?.(outcome());
  };
  const workerCount = options.workers ?? Math.min(8, Math.max(2, availableParallelism()));
  await Promise.all(Array.from({ length: workerCount }, () => work(queue, collect)));
  return outcome();
}

async function work(queue: Iterator<Task>, collect: (result: TaskResult) => void): Promise<void> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url));
  try {
    await new Promise<void>((resolve, reject) => {
      const next = () => {
        const task = queue.next();
        if (task.done) resolve();
        else worker.postMessage(task.value);
      };
      worker.on("message", (result: TaskResult) => {
        collect(result);
        next();
      });
      worker.on("error", reject);
      worker.on("exit", (code) => reject(new Error(`a simulation worker ended with ${code}`)));
      next();
    });
  } finally {
    worker.removeAllListeners("exit");
    await worker.terminate();
  }
}
