/** Whom the processor serves first, and what a process had of it: a node of the field has a machine of its own, and here all share one. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setPriority } from "node:os";

/** How nice processes are to the honest pair, as setpriority(2) counts: each step takes about a tenth of the time that is left. One more than it knows: the idle class. */
export const niceness = {
  /** Honest nodes that are not measured, and newcomers. */
  others: 10,
  /** Attackers that have to answer in time, as who serves a chain or seals blocks: further behind they are asked for nothing. */
  serving: 14,
  /** Attackers whose handshakes are the attack: in the idle class they make a third of them. */
  dialling: 19,
  /** Attackers that flood. They have what nobody else wants, if the system has such a class (Linux: SCHED_IDLE). */
  floods: 20,
} as const;

const niceMax = 19;

/** Puts all threads of a process behind those of the honest pair. */
export function putBehind(pid: number | undefined, nice: number): void {
  if (pid === undefined) return;
  // The thread that starts the others comes first, since they inherit from it.
  setPriority(pid, Math.min(nice, niceMax));
  for (const thread of threadsOf(pid)) setPriority(thread, Math.min(nice, niceMax));
  if (nice !== niceness.floods) return;
  // Nice 19 alone takes slices of three milliseconds: with eight attackers the pair was ready without a core for a third of
  // the time, against a tenth without them. Where the program is missing, nice 19 it is.
  spawnSync("chrt", ["--idle", "--all-tasks", "--pid", "0", `${pid}`]);
}

export interface ProcessorTime {
  /** All threads of the process, in milliseconds. */
  readonly ranMs: number;
  /** The main thread was ready and had no core, in milliseconds: it did not wait for its own work, but for the machine. */
  readonly waitedMs: number;
}

/** What a process has had since it started; zeros where the kernel does not say (Linux does, in /proc/PID/schedstat). */
export function processorTime(pid: number): ProcessorTime {
  const ofThread = (thread: number) => schedule(`/proc/${pid}/task/${thread}/schedstat`);
  const ranMs = threadsOf(pid).reduce((sum, thread) => sum + ofThread(thread).ranMs, 0);
  return { ranMs, waitedMs: ofThread(pid).waitedMs };
}

function schedule(file: string): ProcessorTime {
  try {
    const [ran = 0, waited = 0] = readFileSync(file, "utf8").split(" ").map(Number);
    return { ranMs: ran / 1e6, waitedMs: waited / 1e6 };
  } catch {
    // The thread has ended.
    return { ranMs: 0, waitedMs: 0 };
  }
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}
