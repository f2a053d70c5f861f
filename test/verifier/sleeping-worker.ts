/** A verification thread that starts, says nothing and verifies nothing. */
import { parentPort } from "node:worker_threads";

parentPort?.on("message", () => {});
