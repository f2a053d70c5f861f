/** Work on the files of a node that does not run: refused while it does, ended by Ctrl-C, and gone on with another time. */
import { type ExitCode, exitCodes, OperatorError } from "../node/operator-error.ts";
import { addStopSignals } from "./stop-signals.ts";
import type { Terminal } from "./terminal.ts";

export interface RunningNodeRefusal {
  /** Why the work takes a stopped node. */
  readonly why: string;
  readonly next: string;
}

/**
 * @param work does what there is to do until it is done or the signal comes, and says what it did
 * @param stoppedNote what is told if the signal came before the end
 * @returns the exit code
 * @throws OperatorError if a process holds the directory
 */
export async function onStoppedNode(
  dataDir: string,
  refusal: RunningNodeRefusal,
  work: (signal: AbortSignal) => Promise<void>,
  stoppedNote: string,
  terminal: Terminal,
): Promise<ExitCode> {
  const { readDirectoryLock } = await import("../store/directory-lock.ts");
  const stop = addStopSignals();
  try {
    const holder = await readDirectoryLock(dataDir);
    if (holder) {
      throw new OperatorError(`${dataDir} is in use by process ${holder.pid}`, {
        code: "store/in-use",
        exitCode: exitCodes.dataDirectoryInUse,
        ...refusal,
      });
    }
    await work(stop.signal);
    if (!stop.signal.aborted) return exitCodes.ok;
    terminal.stderr.write(`Stopped before the end: ${stoppedNote}\n`);
    return exitCodes.forcedStop;
  } finally {
    stop.remove();
  }
}
