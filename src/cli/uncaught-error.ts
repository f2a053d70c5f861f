/** An error that nobody caught ends a node: it is written down, and then the process ends with 1. It never goes on. */
import { toError } from "../base/invariant.ts";
import type { NodeLogger } from "../node/logging.ts";
import { exitCodes, toOperatorError } from "../node/operator-error.ts";
import { bugText, operatorText } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** How long the log may take to be written out. */
const closeMaxMs = 1_000;

/** Rejections that nobody handles come here, too. The store needs no goodbye: every commit is whole. */
export function onUncaughtError(log: NodeLogger, terminal: Terminal): { remove(): void } {
  const end = () => process.exit(exitCodes.bug);
  const onError = (thrown: unknown) => {
    // A second one while the log is being closed changes nothing.
    process.off("uncaughtException", onError);
    process.on("uncaughtException", () => {});
    setTimeout(end, closeMaxMs);
    // Each step by itself: what has gone wrong may be the very thing that a step needs.
    attempt(() => terminal.stderr.write(endText(thrown)));
    attempt(() => log.logger.error({ error: toError(thrown) }, "an uncaught error ends this node"));
    attempt(() => void log.close().then(end, end)) || end();
  };
  process.on("uncaughtException", onError);
  return { remove: () => void process.off("uncaughtException", onError) };
}

function endText(thrown: unknown): string {
  const known = toOperatorError(thrown);
  return known ? operatorText(known) : bugText(thrown);
}

function attempt(step: () => unknown): boolean {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}
