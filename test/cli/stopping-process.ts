/** A process that a test stops: `slow` is told to stop and does not, `throwing` fails where nobody catches. */
import { addStopSignals } from "../../src/cli/stop-signals.ts";
import { processTerminal } from "../../src/cli/terminal.ts";
import { onUncaughtError } from "../../src/cli/uncaught-error.ts";
import { createNodeLogger } from "../../src/node/logging.ts";

const [, , how, logFile] = process.argv;
setInterval(() => {}, 60_000);
if (how === "slow") {
  addStopSignals().signal.addEventListener("abort", () => console.log("stopping"));
} else {
  const log = createNodeLogger({ level: "info", format: "json", file: logFile, terminal: undefined });
  onUncaughtError(log, processTerminal());
  setImmediate(() => Promise.reject(new Error("nobody caught this")));
}
console.log("ready");
