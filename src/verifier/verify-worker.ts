/** The thread that verifies signatures: takes chunks of each batch it is handed, and says when it finished one. */
import { platform, setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { invariant } from "../base/invariant.ts";
import { verifyChunks } from "./signature-batch.ts";

/** A batch on its way to a worker; the worker that finishes it answers with its number. */
export interface BatchMessage {
  readonly batch: number;
  readonly memory: SharedArrayBuffer;
}

/** A worker has started, or has finished the batch of this number. */
export type WorkerMessage = "started" | number;

/** After the main thread and the store's, which would else wait for a core behind it; before mining. */
const niceness = 3;

const port = parentPort;
invariant(port, "this file runs in a worker thread");
// Linux alone gives each thread its own priority.
if (platform() === "linux") setPriority(niceness);
port.on("message", ({ batch, memory }: BatchMessage) => {
  if (verifyChunks(memory)) port.postMessage(batch satisfies WorkerMessage);
});
port.postMessage("started" satisfies WorkerMessage);
