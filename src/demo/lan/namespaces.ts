/** Network namespaces by name: which are ours, how one ends, and what killed processes have left. */
import { isPidTaken } from "../../base/process-life.ts";
import { ip } from "./ip-command.ts";

/** All that this project makes is named so, followed by the pid of the process that made it: nothing else is touched. */
export const namespacePrefix = "aurexlan-";

/** Kills what runs in a namespace and removes it; nothing where there is none. */
export function endNamespace(name: string): void {
  if (!ownNamespaces().includes(name)) return;
  for (const line of ip("netns", "pids", name).split("\n")) {
    const pid = Number(line);
    if (Number.isSafeInteger(pid) && pid > 1 && pid !== process.pid) kill(pid);
  }
  ip("netns", "delete", name);
}

/** Removes the namespaces whose maker has ended without doing so, as after SIGKILL. */
export function removeLeftovers(): void {
  for (const name of ownNamespaces()) {
    const maker = Number(/^aurexlan-(\d+)-/.exec(name)?.[1]);
    if (Number.isSafeInteger(maker) && !isPidTaken(maker)) removeLeftover(name);
  }
}

/** Another process that opens a LAN at this moment removes the same ones. */
function removeLeftover(name: string): void {
  try {
    endNamespace(name);
  } catch (thrown) {
    if (ownNamespaces().includes(name)) throw thrown;
  }
}

/** The names of those that are there. */
export function ownNamespaces(): string[] {
  const names = ip("netns", "list")
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "");
  return names.filter((name) => name.startsWith(namespacePrefix));
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ESRCH") throw thrown;
  }
}
