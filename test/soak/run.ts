/** `npm run soak`: five miners of unequal strength for minutes, and whether chain, pace and shares are what they must be. */
import { parseArgs } from "node:util";
import type { Logger } from "../../src/base/logger.ts";
import { soak } from "./soak.ts";
import { checksOf, soakText } from "./soak-report.ts";

const usage = `Five miners over real libp2p on loopback, their hash rates 1 : 2 : 3 : 4 : 6. In the end all must have one
chain, whose blocks came at the promised pace and fell to each miner by its measured hashes.

npm run soak -- [options]
  --minutes N          of mining, 1 to 1440 (default 10); the target's settling at the start is not measured
  --clock-off-ms=N     one miner's clock is wrong by so much for the first half, e.g. 3600000 or -3600000
  --json               prints the report as JSON
  --help               prints this

Exit code: 0 all holds, 1 it does not, 2 the command cannot be understood.
Example: npm run soak -- --minutes 3`;

class UsageError extends Error {}

/** @returns the exit code: 0 where all holds */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      "clock-off-ms": { type: "string", default: "0" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const minutes = Number(values.minutes);
  const clockOffMs = Number(values["clock-off-ms"]);
  if (!(minutes >= 1 && minutes <= 1_440)) throw new UsageError("--minutes takes 1 to 1440");
  if (!Number.isSafeInteger(clockOffMs) || Math.abs(clockOffMs) > 12 * 3_600_000) {
    throw new UsageError("--clock-off-ms takes whole milliseconds of at most 12 hours");
  }
  const report = await soak({ durationMs: minutes * 60_000, clockOffMs }, { logger: stderrLogger({}), say });
  const checks = checksOf(report);
  console.log(values.json ? JSON.stringify({ ...report, checks }, null, 2) : soakText(report, checks));
  return checks.every(({ passed }) => passed) ? 0 : 1;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Only what should not happen; where one clock is wrong some of it has to. */
function stderrLogger(bindings: object): Logger {
  const write = (fields: object, message: string) => {
    const shown = Object.entries({ ...bindings, ...fields }).map(([name, value]) => `${name}=${value}`);
    process.stderr.write(`${message} (${shown.join(", ")})\n`);
  };
  return {
    debug() {},
    info() {},
    warn: write,
    error: write,
    child: (more) => stderrLogger({ ...bindings, ...more }),
  };
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  if (!isUsage) throw error;
  process.stderr.write(`${(error as Error).message}\nnpm run soak -- --help says what there is.\n`);
  process.exitCode = 2;
}
