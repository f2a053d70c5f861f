/** `npm run test:long`: what takes too long for the suite, one step after the other, with a table at the end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { type LongStep, longSteps, stepsNamed } from "./steps.ts";

const root = path.join(import.meta.dirname, "../..");
const usage = `What takes too long for npm test: every step in turn, each to its end.

npm run test:long -- [step …]
${longSteps.map(({ name, what }) => `  ${name.padEnd(12)} ${what}`).join("\n")}

Exit code: 0 all steps passed, 1 one failed, 2 the command cannot be understood.
Example: npm run test:long -- seeds chaos`;

async function passes({ argv, variables }: LongStep): Promise<boolean> {
  const child = spawn(process.execPath, argv, {
    cwd: root,
    env: { ...process.env, ...variables },
    stdio: "inherit",
  });
  const [code] = await once(child, "close");
  return code === 0;
}

async function main(names: readonly string[]): Promise<number> {
  if (names.includes("--help")) {
    console.log(usage);
    return 0;
  }
  const rows: string[] = [];
  let failed = 0;
  for (const step of stepsNamed(names)) {
    console.log(`== ${step.name}: ${step.what}`);
    const beganMs = performance.now();
    const passed = await passes(step);
    if (!passed) failed += 1;
    const seconds = Math.round((performance.now() - beganMs) / 1_000);
    rows.push(
      `${passed ? "passed" : "FAILED"} ${step.name.padEnd(12)} ${String(seconds).padStart(5)} s  ${step.what}`,
    );
  }
  console.log(`\n${rows.join("\n")}`);
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\nnpm run test:long -- --help says what there is.\n`);
  process.exitCode = 2;
}
