/** The thread that writes a ledger, which dies in the middle of whatever it does: before the SQL statement whose number a file says. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { StatementSync } from "node:sqlite";
import { workerData } from "node:worker_threads";

const mark = `${workerData.job.file}.die-at`;
let statementsLeft = statementsToLive();
const run = StatementSync.prototype.run as (...values: unknown[]) => unknown;
StatementSync.prototype.run = function counted(this: StatementSync, ...values: unknown[]) {
  // The statements that lay out a new file are not counted.
  if (existsSync(workerData.job.file)) statementsLeft -= 1;
  if (statementsLeft === 0) process.exit(7);
  return run.apply(this, values);
} as StatementSync["run"];
await import("../../src/export/export-worker.ts");

/** Said for one life only; the next one is as long as it likes. */
function statementsToLive(): number {
  try {
    const text = readFileSync(mark, "utf8");
    rmSync(mark);
    return Number(text);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
