/** `npm run sim`: the adversarial simulation of finality and of fairness, with figures, and replays of single runs and cells. */
import { parseArgs } from "node:util";
import {
  type Cell,
  cellsOf,
  type NetworkName,
  networks,
  replayOfCell,
  strategiesNamed,
} from "../fairness/cells.ts";
import {
  type FairControlName,
  type FairControlReport,
  fairControlNames,
  fairControls,
} from "../fairness/fair-controls.ts";
import { whatFailed } from "../fairness/fair-figures.ts";
import { fairTable } from "../fairness/fair-table.ts";
import { simulateCell } from "../fairness/simulate-cell.ts";
import { type ControlName, type ControlReport, controlNames, controls } from "./controls.ts";
import { authoritiesMax } from "./founding.ts";
import { replayOf, simulationTable } from "./sim-table.ts";
import { simulateFinality } from "./simulate-finality.ts";
import { simulateAll } from "./tasks.ts";

const usage = `Adversarial simulation of finality: the real consensus code under partitions, delays, losses, crashes,
changes of the authorities and Byzantine authorities; and the same with one thing left out that safety
rests on, which it must see. Then fairness: cells of a scripted Byzantine strategy, 4, 5 or 7 authorities,
a network and clocks that differ, held against what honest authorities and transactions are promised; and
the same with one rule left out.

npm run sim -- [options]
  --runs N        runs, one seed each (default 20000)
  --nodes N       that many authorities in every run, 1 to ${authoritiesMax} (default: drawn from the seed)
  --heights N     heights of each cell of fairness (default 30); 0: no cells
  --seeds N       seeds of each cell (default 1)
  --seed N        one run of this seed only; with --cell: that cell
  --cell PLOT     one cell: a strategy, two joined by +, or "honest"
  --network NAME  with --cell: ${Object.keys(networks).join(" or ")} (default lan)
  --clock MS      with --cell: how far honest clocks are off at most (default 200)
  --extreme       one honest clock of each cell is as slow as any may be, one as fast
  --verbose       with --seed: prints everything that happens in it
  --without WHAT  with --seed: without this one: ${controlNames.join(", ")};
                  with --cell: ${fairControlNames.join(", ")}
  --workers N     worker threads (default: one for each core)
  --json          prints the figures as JSON
  --help          prints this

Exit code: 0 all holds, and each control was seen; 1 not; 2 the command cannot be understood.
Example: npm run sim -- --runs 500 --heights 0`;

class UsageError extends Error {}

interface Values {
  readonly runs: string;
  readonly heights: string;
  readonly seeds: string;
  readonly network: string;
  readonly clock: string;
  readonly nodes?: string | undefined;
  readonly seed?: string | undefined;
  readonly cell?: string | undefined;
  readonly without?: string | undefined;
  readonly workers?: string | undefined;
  readonly extreme: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
}

/** @returns the exit code: 0 if nothing was violated, nothing was unfair and every control broke */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "20000" },
      heights: { type: "string", default: "30" },
      seeds: { type: "string", default: "1" },
      network: { type: "string", default: "lan" },
      clock: { type: "string", default: "200" },
      nodes: { type: "string" },
      seed: { type: "string" },
      cell: { type: "string" },
      without: { type: "string" },
      workers: { type: "string" },
      extreme: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const authorityCount = values.nodes === undefined ? undefined : wholeNumber("nodes", values.nodes, 1);
  if (authorityCount !== undefined && authorityCount > authoritiesMax) {
    throw new UsageError(`--nodes takes 1 to ${authoritiesMax}`);
  }
  if (values.cell !== undefined) return replayCell(cellOf(values.cell, authorityCount ?? 4, values), values);
  if (values.seed !== undefined) {
    return replay(wholeNumber("seed", values.seed, 0), authorityCount, values);
  }
  return simulate(authorityCount, values);
}

async function simulate(authorityCount: number | undefined, values: Values): Promise<number> {
  const runs = wholeNumber("runs", values.runs, 0);
  const heights = wholeNumber("heights", values.heights, 0);
  const cells =
    heights === 0
      ? []
      : cellsOf({ heights, seeds: wholeNumber("seeds", values.seeds, 1), isExtreme: values.extreme });
  const startedMs = performance.now();
  let saidMs = startedMs;
  const {
    figures,
    controls: reports,
    fairness,
    fairControls: fairReports,
  } = await simulateAll({
    ...{ runs, authorityCount, cells },
    ...(runs === 0 ? { controls: [] } : {}),
    ...(values.workers === undefined ? {} : { workers: wholeNumber("workers", values.workers, 1) }),
    onProgress: (soFar) => {
      if (performance.now() - saidMs < 5_000) return;
      saidMs = performance.now();
      const cellsDone = Object.values(soFar.fairness.groups).reduce((sum, group) => sum + group.cells, 0);
      process.stderr.write(
        `${cellsDone} of ${cells.length} cells, ${soFar.figures.runs} of ${runs} runs, ${soFar.figures.failedRuns} with violations, ${soFar.controls.length} of ${controlNames.length} controls\n`,
      );
    },
  });
  const durationMs = Math.round(performance.now() - startedMs);
  if (values.json) {
    const plain = { controls: reports.map(plainControl), fairControls: fairReports.map(plainFairControl) };
    console.log(JSON.stringify({ durationMs, ...figures, fairness, ...plain }, undefined, 2));
  } else {
    console.log(simulationTable(figures, reports, durationMs));
    if (cells.length > 0) console.log(`\n${fairTable(fairness, fairReports)}`);
  }
  const isFair = fairness.failed.length === 0 && fairReports.every(({ broken }) => broken);
  return figures.failedRuns === 0 && reports.every(({ broken }) => broken) && isFair ? 0 : 1;
}

function plainControl({ name, runs, broken }: ControlReport) {
  const replayed = broken && replayOf(broken, name);
  return { name, runs, seed: broken?.seed, violations: broken?.violations, replay: replayed };
}

function plainFairControl({ name, runs, broken, what }: FairControlReport) {
  const replayed = broken && replayOfCell(broken.cell, name);
  return { name, runs, what, replay: replayed };
}

function cellOf(
  plot: string,
  authorityCount: number,
  { network, clock, extreme, seed, heights }: Values,
): Cell {
  if (!(network in networks)) throw new UsageError(`--network takes ${Object.keys(networks).join(" or ")}`);
  const strategies = strategiesNamed(plot);
  if (!strategies) throw new UsageError(`--cell knows no strategy ${plot}`);
  return {
    ...{ strategies, authorityCount, network: network as NetworkName },
    clockMs: wholeNumber("clock", clock, 0),
    isExtreme: extreme,
    seed: wholeNumber("seed", seed ?? "1", 0),
    heights: wholeNumber("heights", heights, 1),
  };
}

function replayCell(cell: Cell, { verbose, without }: Values): number {
  if (without !== undefined && !(without in fairControls)) {
    throw new UsageError(`--without with --cell takes one of ${fairControlNames.join(", ")}`);
  }
  const report = simulateCell(cell, {
    ...(without === undefined ? {} : { rules: fairControls[without as FairControlName].rules }),
    ...(verbose ? { onTrace: (line: string) => console.log(line) } : {}),
  });
  console.log(JSON.stringify(report, undefined, 2));
  return whatFailed(report).length === 0 ? 0 : 1;
}

function replay(seed: number, authorityCount: number | undefined, { verbose, without }: Values): number {
  if (without !== undefined && !(without in controls)) {
    throw new UsageError(`--without takes one of ${controlNames.join(", ")}`);
  }
  const report = simulateFinality(seed, {
    authorityCount,
    ...(without === undefined
      ? {}
      : { ...controls[without as ControlName], until: "conflicting-final" as const }),
    ...(verbose ? { onTrace: (line: string) => console.log(line) } : {}),
  });
  console.log(JSON.stringify(report, undefined, 2));
  return report.violations.length === 0 ? 0 : 1;
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`--${name} takes a whole number from ${least}, not ${JSON.stringify(text)}`);
  }
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  if (!isUsage) throw error;
  process.stderr.write(`${(error as Error).message}\nnpm run sim -- --help says what there is.\n`);
  process.exitCode = 2;
}
