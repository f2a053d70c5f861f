/** Runs a journalling process once for each step of its disk work, and kills it there. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface KilledRun {
  readonly filePath: string;
  /** Records that the process said were durable. */
  readonly acknowledged: number;
}

const stepsMax = 100;
const runsAtOnce = 4;

/**
 * @param programName a file of this folder; its arguments are the file, `heightsKept`, `heightMax` and the step
 * @returns how many runs were killed before the one that came to its end
 */
export async function killAtEveryStep(
  programName: string,
  { heightsKept, heightMax }: { readonly heightsKept: number; readonly heightMax: number },
  newFilePath: () => string,
  check: (run: KilledRun) => Promise<void>,
): Promise<number> {
  const program = fileURLToPath(new URL(programName, import.meta.url));
  const runUntilKilled = (killAt: number): Promise<KilledRun & { isDone: boolean }> =>
    new Promise((resolve, reject) => {
      const filePath = newFilePath();
      const parameters = [program, filePath, heightsKept, heightMax, killAt].map(String);
      const child = spawn(process.execPath, parameters, { stdio: ["ignore", "pipe", "inherit"] });
      let output = "";
      child.stdout.on("data", (chunk) => {
        output += chunk;
      });
      child.once("error", reject);
      child.once("close", (code, signal) => {
        if (signal !== "SIGKILL" && code !== 0) reject(new Error(`the process ended with code ${code}`));
        const lines = output.split("\n").filter((line) => line !== "");
        const isDone = lines.at(-1) === "done";
        resolve({ filePath, acknowledged: isDone ? lines.length - 1 : lines.length, isDone });
      });
    });

  let kills = 0;
  let isDone = false;
  for (let killAt = 0; killAt < stepsMax && !isDone; killAt += runsAtOnce) {
    const runs = Array.from({ length: runsAtOnce }, async (_, offset) => {
      const run = await runUntilKilled(killAt + offset);
      await check(run);
      if (run.isDone) isDone = true;
      else kills += 1;
    });
    await Promise.all(runs);
  }
  assert.ok(isDone, "the process has an end");
  return kills;
}
