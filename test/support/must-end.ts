/** A test process that lives on after its last test would hang the whole suite: it says what keeps it alive, and ends. */
import { patienceMs } from "./patience.ts";

/** Call it when everything has been closed. It costs nothing if the process ends by itself. */
export function mustEndSoon(): void {
  const timer = setTimeout(() => {
    const { _getActiveHandles: activeHandles } = process as unknown as { _getActiveHandles(): object[] };
    const handles = activeHandles.call(process).map((handle) => {
      const { remotePort, localPort, pid, spawnargs } = handle as Record<string, unknown>;
      return JSON.stringify({ kind: handle.constructor.name, remotePort, localPort, pid, spawnargs });
    });
    console.error(
      `The tests have ended, and the process lives on:\n${process.getActiveResourcesInfo().join(" ")}\n${handles.join("\n")}`,
    );
    process.exit(1);
  }, patienceMs());
  timer.unref();
}
