/** Copies a ledger from a thread of its own: opening one may wait for another program's lock, and closing one for the disk. */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { toError } from "../base/invariant.ts";
import type { FromCopyThread } from "./copy-worker.ts";
import type { LedgerCopyModules, LedgerCopyOptions, LedgerCopyReport } from "./ledger-copy.ts";
import { receiveError } from "./thread-messages.ts";

/** `.ts` from source, `.js` once compiled. */
const copyWorkerFile = new URL(`./copy-worker${extname(import.meta.url)}`, import.meta.url);

/** As `copyLedger`, for a process that has something else to do meanwhile. */
export function copyLedgerInThread(
  options: LedgerCopyOptions,
  { onProgress, signal }: LedgerCopyModules = {},
): Promise<LedgerCopyReport> {
  return new Promise((resolve, reject) => {
    // Flags of the parent such as --input-type would keep a worker from starting; it needs none.
    const worker = new Worker(copyWorkerFile, { name: "aurex-copy", execArgv: [], workerData: options });
    const stop = () => worker.postMessage("stop");
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
    worker.on("message", (message: FromCopyThread) => {
      if (message.kind === "progress") onProgress?.(message.progress);
      else if (message.kind === "done") resolve(message.report);
      else reject(receiveError(message.error));
    });
    worker.on("error", (thrown) => reject(toError(thrown)));
    worker.on("exit", (code) => {
      signal?.removeEventListener("abort", stop);
      // Settled by now, unless the thread died.
      reject(new Error(`the thread that copies ${options.ledger} ended with code ${code}`));
    });
  });
}
