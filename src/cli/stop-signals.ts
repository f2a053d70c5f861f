/** Ctrl-C and its relatives: the first asks for a clean stop, the second ends the process at once. */
import { exitCodes } from "../node/operator-error.ts";

export interface StopSignals {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** What the first signal does; again does nothing. */
  stop(): void;
  /** Signals mean again what they mean to every process. */
  remove(): void;
}

export interface StopSignalOptions {
  /**
   * What SIGHUP does, instead of stopping. By default SIGHUP stops if a terminal is there that could have been closed.
   * Without one SIGHUP does nothing: so `nohup` works, whose request Node undoes when it starts.
   */
  readonly onHangUp?: () => void;
}

const stopSignals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"];
/** A stop that takes longer is given up: a supervisor would kill the process soon after. */
const stopMaxMs = 15_000;

export function addStopSignals({ onHangUp }: StopSignalOptions = {}): StopSignals {
  const stopping = new AbortController();
  let overdue: NodeJS.Timeout | undefined;
  const onStop = () => {
    if (stopping.signal.aborted) process.exit(exitCodes.forcedStop);
    overdue = setTimeout(() => process.exit(exitCodes.forcedStop), stopMaxMs);
    // It does not keep the process alive, and so never fires after a clean stop.
    overdue.unref();
    stopping.abort();
  };
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  // A terminal that closes may be heard of several times, so SIGHUP is never the second signal.
  const stopOnce = () => {
    if (!stopping.signal.aborted) onStop();
  };
  const onSigHup = onHangUp ?? (hasTerminal ? stopOnce : () => {});
  for (const name of stopSignals) process.on(name, onStop);
  process.on("SIGHUP", onSigHup);
  return {
    signal: stopping.signal,
    stop: stopOnce,
    remove() {
      for (const name of stopSignals) process.off(name, onStop);
      process.off("SIGHUP", onSigHup);
    },
  };
}
