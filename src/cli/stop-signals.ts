/** Ctrl-C and its relatives: the first asks for a clean stop, the second ends the process at once. */
import { exitCodes } from "../node/operator-error.ts";

export interface StopSignals {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Signals mean again what they mean to every process. */
  remove(): void;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A stop that takes longer is given up: a supervisor would kill the process soon after. */
const stopMaxMs = 15_000;

export function addStopSignals(): StopSignals {
  const stopping = new AbortController();
  let overdue: NodeJS.Timeout | undefined;
  const onSignal = () => {
    if (stopping.signal.aborted) process.exit(exitCodes.forcedStop);
    overdue = setTimeout(() => process.exit(exitCodes.forcedStop), stopMaxMs);
    // It does not keep the process alive, and so never fires after a clean stop.
    overdue.unref();
    stopping.abort();
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: stopping.signal,
    remove() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
