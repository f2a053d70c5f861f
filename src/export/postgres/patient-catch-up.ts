/** A backlog that is written to a server for hours: what passes by itself, such as a restart of the server, does not end it. */
import { type Clock, sleep } from "../../base/clock.ts";
import { ExportError } from "../export-error.ts";
import type { CatchUpReport, ExportProgress, LedgerJob } from "../ledger-job.ts";
import { passingInPostgres } from "./postgres-error.ts";

const retryFirstMs = 1_000;
const retryMaxMs = 10_000;
/** Without a block for so long, the error is told. */
const patienceMaxMs = 5 * 60_000;
const holdMs = 60_000;

export interface PatientModules {
  readonly clock: Clock;
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told once for each try that failed. */
  readonly onRetry?: ((error: ExportError, delayMs: number) => void) | undefined;
}

/**
 * As `catchUp`, but tries again after a fault that passes. The first connection is none of that: a wrong URL is told at once.
 *
 * @throws ExportError that does not pass, or that lasts for five minutes
 */
export async function catchUpPatiently(job: LedgerJob, modules: PatientModules): Promise<CatchUpReport> {
  // The clock's timers keep no process alive, and neither does a thread that nobody waits for.
  const hold = setInterval(() => undefined, holdMs);
  try {
    return await tryOn(job, modules);
  } finally {
    clearInterval(hold);
  }
}

async function tryOn(
  job: LedgerJob,
  { clock, onProgress, signal, onRetry }: PatientModules,
): Promise<CatchUpReport> {
  await job.open();
  let [blocks, transactions, reorganizations] = [0, 0, 0];
  let [tries, lastMs] = [0, clock.monotonicMs()];
  for (;;) {
    const before = { blocks, transactions };
    try {
      const report = await job.catchUp((progress) => {
        tries = 0;
        lastMs = clock.monotonicMs();
        blocks = before.blocks + progress.blocks;
        transactions = before.transactions + progress.transactions;
        onProgress?.({ ...progress, blocks, transactions });
      }, signal);
      reorganizations += report.reorganizations;
      return {
        blocks: before.blocks + report.blocks,
        transactions: before.transactions + report.transactions,
        reorganizations,
        cursor: report.cursor,
      };
    } catch (thrown) {
      const passes = thrown instanceof ExportError && passingInPostgres.has(thrown.code);
      if (!passes || clock.monotonicMs() - lastMs > patienceMaxMs) throw thrown;
      if (signal?.aborted) return { blocks, transactions, reorganizations, cursor: job.cursor };
      const delayMs = Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(tries, 10));
      tries += 1;
      onRetry?.(thrown, delayMs);
      await sleep(clock, delayMs, signal);
    }
  }
}
