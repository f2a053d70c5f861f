/** An error that nobody caught ends a node: it is written down, and then the process ends with 1. It never goes on. */
import { toError } from "../base/invariant.ts";
import type { NodeLogger } from "../node/logging.ts";
import { exitCodes } from "../node/operator-error.ts";
import { bugText } from "./failure.ts";
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
    terminal.stderr.write(bugText(thrown));
    log.logger.error({ error: toError(thrown) }, "an uncaught error ends this node");
    log.close().then(end, end);
  };
  process.on("uncaughtException", onError);
  return { remove: () => void process.off("uncaughtException", onError) };
}
