/** Whether a process of this machine still runs: its pid, and what tells it from a later one with the same pid. */
import { readFile } from "node:fs/promises";

export interface ProcessIdentity {
  readonly pid: number;
  /** When the process began, in the system's own words; null: not known. */
  readonly processStart: string | null;
}

/** Of the process that asks. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return { pid: process.pid, processStart: await processStartOf(process.pid) };
}

/** True, too, if a later process has the pid. */
export function isPidTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** False once it has ended, also if its pid belongs to another process by now, where the system tells (Linux). */
export async function isProcessAlive(identity: ProcessIdentity): Promise<boolean> {
  try {
    process.kill(identity.pid, 0);
  } catch (thrown) {
    // EPERM: it lives, under another user.
    if ((thrown as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const status = await processStatusOf(identity.pid);
  // It has ended, and its parent has not asked for its exit code: in a container nobody may ever do so.
  if (status?.state === "Z" || status?.state === "X") return false;
  const processStart = status?.start ?? null;
  return processStart === null || identity.processStart === null || processStart === identity.processStart;
}

/** Boot and ticks since then, where the system tells (Linux); null elsewhere. */
export async function processStartOf(pid: number): Promise<string | null> {
  return (await processStatusOf(pid))?.start ?? null;
}

interface ProcessStatus {
  /** One letter, as proc(5) has it: Z and X have ended. */
  readonly state: string;
  /** Boot and ticks since then. */
  readonly start: string;
}

/** Undefined where the system does not tell. */
async function processStatusOf(pid: number): Promise<ProcessStatus | undefined> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    const status = await readFile(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold spaces; the 22nd is the start.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    const [state = "", ticks] = [fields[0], fields[19]];
    return ticks ? { state, start: `${boot.trim()}/${ticks}` } : undefined;
  } catch {
    return undefined;
  }
}
