/** The thread that copies one ledger, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../base/invariant.ts";
import {
  copyLedger,
  type LedgerCopyOptions,
  type LedgerCopyProgress,
  type LedgerCopyReport,
} from "./ledger-copy.ts";
import { type SentError, sendError } from "./thread-messages.ts";

export type FromCopyThread =
  | { readonly kind: "progress"; readonly progress: LedgerCopyProgress }
  | { readonly kind: "done"; readonly report: LedgerCopyReport }
  | { readonly kind: "failed"; readonly error: SentError };

const port = parentPort;
invariant(port, "this file runs in a worker thread");
const send = (message: FromCopyThread) => port.postMessage(message);
const stop = new AbortController();
// The only message there is: the copy is not wanted any more.
port.once("message", () => stop.abort());
try {
  const report = await copyLedger(workerData as LedgerCopyOptions, {
    onProgress: (progress) => send({ kind: "progress", progress }),
    signal: stop.signal,
  });
  send({ kind: "done", report });
} catch (thrown) {
  send({ kind: "failed", error: sendError(thrown) });
}
port.close();
