/** A worker thread of the simulation: one task after another. */
import { parentPort } from "node:worker_threads";
import { findUnfairness } from "../fairness/fair-controls.ts";
import { addCell, noFairFigures } from "../fairness/fair-figures.ts";
import { simulateCell } from "../fairness/simulate-cell.ts";
import { findViolation } from "./controls.ts";
import { addRun, noFigures } from "./figures.ts";
import { simulateFinality } from "./simulate-finality.ts";
import type { Task, TaskResult } from "./tasks.ts";

function perform(task: Task): TaskResult {
  if (task.kind === "control") return { kind: "control", report: findViolation(task.name) };
  if (task.kind === "fair control") return { kind: "fair control", report: findUnfairness(task.name) };
  if (task.kind === "cells") {
    const fairness = noFairFigures();
    for (const cell of task.cells) addCell(fairness, simulateCell(cell));
    return { kind: "cells", fairness };
  }
  const figures = noFigures();
  const { firstSeed, count, authorityCount } = task;
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    addRun(figures, simulateFinality(seed, { authorityCount }));
  }
  return { kind: "runs", figures };
}

parentPort?.on("message", (task: Task) => parentPort?.postMessage(perform(task)));
