/** `npm run test:long`: what takes too long for the suite, with a table at the end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { type LongStep, longSteps, stepsNamed } from "./steps.ts";

const root = path.join(import.meta.dirname, "../..");
const usage = `What takes too long for npm test: every step to its end. Steps that mostly wait, and those of one core, run beside the others.

npm run test:long -- [step …]
${longSteps.map(({ name, what }) => `  ${name.padEnd(12)} ${what}`).join("\n")}

Exit code: 0 all steps passed, 1 one failed, 2 the command cannot be understood.
Example: npm run test:long -- seeds chaos`;

/** So much of what a failed step printed is printed again below the table: the end of a log is all that some keep. */
const repeatedCharactersMax = 6_000;

interface Outcome {
  readonly passed: boolean;
  /** The end of what it printed; of a test run, its failures. */
  readonly said: string;
}

async function outcomeOf({ argv, variables, company }: LongStep): Promise<Outcome> {
  const child = spawn(process.execPath, argv, {
    cwd: root,
    env: { ...process.env, ...variables },
    stdio: ["inherit", "pipe", "inherit"],
  });
  const isBeside = company === "waits" || company === "one core";
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    // What runs beside others prints when it has ended, so that lines of two steps do not mix.
    if (!isBeside) process.stdout.write(text);
    said = (said + text).slice(-20 * repeatedCharactersMax);
  });
  const [code] = await once(child, "close");
  if (isBeside) process.stdout.write(said);
  const failures = said.lastIndexOf("failing tests:");
  const told = failures < 0 ? said.slice(-repeatedCharactersMax) : said.slice(failures);
  return { passed: code === 0, said: told.slice(0, repeatedCharactersMax) };
}

interface Book {
  readonly rows: string[];
  readonly failures: string[];
}

async function runAll(steps: readonly LongStep[], { rows, failures }: Book): Promise<void> {
  for (const step of steps) {
    console.log(`== ${step.name}: ${step.what}`);
    const beganMs = performance.now();
    const { passed, said } = await outcomeOf(step);
    if (!passed) failures.push(`== what ${step.name} said in the end\n${said}`);
    const seconds = Math.round((performance.now() - beganMs) / 1_000);
    rows.push(
      `${passed ? "passed" : "FAILED"} ${step.name.padEnd(12)} ${String(seconds).padStart(5)} s  ${step.what}`,
    );
  }
}

async function main(names: readonly string[]): Promise<number> {
  if (names.includes("--help")) {
    console.log(usage);
    return 0;
  }
  const steps = stepsNamed(names);
  const inCompany = (company: LongStep["company"]) => steps.filter((step) => step.company === company);
  const book: Book = { rows: [], failures: [] };
  const lanes = ["waits", "one core", undefined] as const;
  await Promise.all(lanes.map((lane) => runAll(inCompany(lane), book)));
  await runAll(inCompany("alone"), book);
  console.log(["", ...book.rows, ...book.failures].join("\n"));
  return book.failures.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\nnpm run test:long -- --help says what there is.\n`);
  process.exitCode = 2;
}
