/** `npm run chaos`: four authorities under load, killed, restarted, paused and cut off at random, and whether every promise is kept. */
import { parseArgs } from "node:util";
import { patienceMs } from "../support/patience.ts";
import { chaos } from "./chaos.ts";
import { chaosText, promisesOf } from "./chaos-report.ts";

const usage = `Four authorities as real processes, transactions sent through their APIs by careful clients, and perturbations
drawn from a seed: kill -9 and start, restart, SIGSTOP and SIGCONT, a cable that is cut (if network namespaces can be made here,
else this kind is skipped). In the end no acknowledged transaction may be lost or stuck, no final block replaced, all nodes must
be equal, and each node must have been back in 10 s (longer on a slow machine).

npm run chaos -- [options]
  --seed N             draws the plan again (default: a random one, which is printed)
  --minutes N          of load, up to 600 (default 5)
  --perturbations N    1 to 10000 (default 40)
  --accounts N         that send, 1 to 64 (default 8)
  --keep               keeps the nodes' data and logs, and prints where they are
  --json               prints the report as JSON
  --help               prints this

Exit code: 0 all promises are kept, 1 one is broken, 2 the command cannot be understood, 130 stopped.
Example: npm run chaos -- --seed 7 --minutes 1 --perturbations 8`;

const exitStopped = 130;

class UsageError extends Error {}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      minutes: { type: "string", default: "5" },
      perturbations: { type: "string", default: "40" },
      accounts: { type: "string", default: "8" },
      keep: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 600)) throw new UsageError("--minutes takes a number above 0, at most 600");
  const options = {
    seed:
      values.seed === undefined
        ? 1 + Math.floor(Math.random() * 1_000_000)
        : wholeNumber("--seed", values.seed, 0, 2 ** 32 - 1),
    durationMs: minutes * 60_000,
    perturbations: wholeNumber("--perturbations", values.perturbations, 1, 10_000),
    accounts: wholeNumber("--accounts", values.accounts, 1, 64),
    keep: values.keep,
  };
  // Measured before the nodes run: the load that this makes is no excuse for them.
  const backWithinMs = patienceMs(10_000);
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const report = await chaos(options, { say, signal: stopping.signal }).catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
    say("stopped before the end; the nodes have been ended");
    // Clients and perturbations still wait for nodes that are gone.
    process.exit(exitStopped);
  });
  const promises = promisesOf(report, backWithinMs);
  console.log(values.json ? JSON.stringify({ ...report, promises }, null, 2) : chaosText(report, promises));
  return promises.every(({ kept }) => kept) ? 0 : 1;
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${flag} takes a whole number from ${least} to ${most}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  if (!isUsage) throw error;
  process.stderr.write(`${(error as Error).message}\nnpm run chaos -- --help says what there is.\n`);
  process.exitCode = 2;
}
