/** The thread that writes a ledger, which dies at its third SQL transaction as long as a file of that name is missing. */
import { existsSync, writeFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

const mark = `${workerData.job.file}.died`;
const port = parentPort;
if (port && !existsSync(mark)) {
  const post = port.postMessage.bind(port);
  let transactions = 0;
  port.postMessage = (message, ...rest) => {
    post(message, ...rest);
    if (message.kind !== "progress") return;
    transactions += 1;
    if (transactions < 3) return;
    writeFileSync(mark, "");
    process.exit(7);
  };
}
await import("../../src/export/export-worker.ts");
