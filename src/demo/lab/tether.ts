/** Loaded before a node of the lab: the node ends with the process that started it, however that one ends. */
import { isMainThread } from "node:worker_threads";

/** For a clean stop; then the process is gone in any case. */
const stopMaxMs = 8_000;

// The threads of the node load it, too: the channel is the process's alone.
if (isMainThread && process.channel) {
  process.once("disconnect", () => {
    setTimeout(() => process.kill(process.pid, "SIGKILL"), stopMaxMs).unref();
    process.kill(process.pid, "SIGTERM");
  });
  // The channel alone does not keep a node alive that has stopped.
  process.channel.unref();
}
