/**
 * A process that a test stops: `slow` is told to stop and does not, `throwing` fails where nobody catches, `full` does so
 * when it can open no further file.
 */
import { openSync } from "node:fs";
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
  if (how === "full") openAllFiles();
  setImmediate(() => Promise.reject(new Error("nobody caught this")));
}
console.log("ready");

function openAllFiles(): void {
  try {
    for (;;) openSync("/dev/null", "r");
  } catch {
    // EMFILE: that was the last one.
  }
}
