/** One mining thread: searches the job that the sealer names, until it finds a nonce or the sealer names another job. */
import os from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../../base/invariant.ts";
import { noJob, type PowJob, type PowReport, type PowWorkerData } from "./pow-job.ts";
import { batchLanes, prepareNonceSearch } from "./search-nonces.ts";

const progressEveryMs = 250;

function mine(job: PowJob, currentJob: Int32Array, report: (report: PowReport) => void): void {
  const { jobId } = job;
  const search = prepareNonceSearch(job);
  const startedMs = performance.now();
  let reportedMs = startedMs;
  // The thread reads the flag between batches. It would see a message only after the search.
  for (let firstNonce = 0; Atomics.load(currentJob, 0) === jobId; firstNonce += batchLanes) {
    const found = search(firstNonce, batchLanes);
    const nowMs = performance.now();
    const attempts = firstNonce + (found?.attempts ?? batchLanes);
    const hashesPerSecond = (attempts * 1000) / (nowMs - startedMs);
    if (found) {
      // Clearing the job stops the other threads at once. Only one thread succeeds in this, so only one reports a nonce.
      if (Atomics.compareExchange(currentJob, 0, jobId, noJob) !== jobId) return;
      report({ jobId, attempts, hashesPerSecond, nonce: found.nonce });
    } else if (nowMs - reportedMs >= progressEveryMs) {
      reportedMs = nowMs;
      report({ jobId, attempts, hashesPerSecond, nonce: undefined });
    }
  }
}

invariant(parentPort, "a mining worker runs in a thread");
const port = parentPort;
const { currentJob } = workerData as PowWorkerData;
// Only Linux gives each thread its own priority. If cores are scarce, the node's main thread goes first.
if (os.platform() === "linux") os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);
port.on("message", (job: PowJob) => mine(job, currentJob, (report) => port.postMessage(report)));
