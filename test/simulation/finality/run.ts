/** `npm run sim`: the adversarial simulation of finality, with figures, and replays of single seeds. */
import { parseArgs } from "node:util";
import { type ControlName, type ControlReport, controlNames, controls } from "./controls.ts";
import { authoritiesMax } from "./founding.ts";
import { replayOf, simulationTable } from "./sim-table.ts";
import { simulateFinality } from "./simulate-finality.ts";
import { simulateAll } from "./tasks.ts";

const usage = `Adversarial simulation of finality: the real consensus code under partitions, delays, losses, crashes,
changes of the authorities and Byzantine authorities; and the same with one thing left out that safety
rests on, which it must see.

npm run sim -- [options]
  --runs N        runs, one seed each (default 20000)
  --nodes N       that many authorities in every run, 1 to ${authoritiesMax} (default: drawn from the seed)
  --seed N        one run of this seed only
  --verbose       with --seed: prints everything that happens in it
  --without WHAT  with --seed: without this one: ${controlNames.join(", ")}
  --workers N     worker threads (default: one for each core)
  --json          prints the figures as JSON
  --help          prints this`;

class UsageError extends Error {}

/** @returns the exit code: 0 where nothing was violated and every control broke */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "20000" },
      nodes: { type: "string" },
      seed: { type: "string" },
      without: { type: "string" },
      workers: { type: "string" },
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
  if (values.seed !== undefined) {
    return replay(wholeNumber("seed", values.seed, 0), authorityCount, values);
  }
  const workers = values.workers === undefined ? {} : { workers: wholeNumber("workers", values.workers, 1) };
  return simulate(wholeNumber("runs", values.runs, 1), authorityCount, values.json, workers);
}

async function simulate(
  runs: number,
  authorityCount: number | undefined,
  asJson: boolean,
  workers: { readonly workers?: number },
): Promise<number> {
  const startedMs = performance.now();
  let saidMs = startedMs;
  const { figures, controls: reports } = await simulateAll({
    runs,
    authorityCount,
    ...workers,
    onProgress: ({ figures: soFar, controls: done }) => {
      if (performance.now() - saidMs < 5_000) return;
      saidMs = performance.now();
      process.stderr.write(
        `${soFar.runs} of ${runs} runs, ${soFar.failedRuns} with violations, ${done.length} of ${controlNames.length} controls\n`,
      );
    },
  });
  const durationMs = Math.round(performance.now() - startedMs);
  if (asJson)
    console.log(
      JSON.stringify({ durationMs, ...figures, controls: reports.map(plainControl) }, undefined, 2),
    );
  else console.log(simulationTable(figures, reports, durationMs));
  return figures.failedRuns === 0 && reports.every(({ broken }) => broken) ? 0 : 1;
}

function plainControl({ name, runs, broken }: ControlReport) {
  const replayed = broken && replayOf(broken, name);
  return { name, runs, seed: broken?.seed, violations: broken?.violations, replay: replayed };
}

function replay(
  seed: number,
  authorityCount: number | undefined,
  values: { readonly verbose: boolean; readonly without?: string | undefined },
): number {
  const { verbose, without } = values;
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
