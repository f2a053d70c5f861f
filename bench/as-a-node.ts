/** Runs what is measured under the bounds of memory that a node runs under: they cost speed, too. */
import { Garbage } from "../src/cli/garbage.ts";

interface MemoryBounds {
  readonly heapFlags: readonly string[];
  hasHeapFlags(): boolean;
  environmentWithMalloc(): NodeJS.ProcessEnv;
}

// Plain JavaScript without types, so that any Node can start the program.
const bounds = (await import("../bin/memory.js" as string)) as MemoryBounds;

/** What a process needs at its start to be bounded as a node is. */
export const nodeFlags: readonly string[] = bounds.hasHeapFlags() ? process.execArgv : bounds.heapFlags;

/** Begins anew with a node's flags in the same process, unless there are such already; then collects as a node does. */
export function runAsNode(): void {
  if (!bounds.hasHeapFlags() && process.platform !== "win32") {
    const argv = [process.execPath, ...process.execArgv, ...bounds.heapFlags, ...process.argv.slice(1)];
    process.execve?.(process.execPath, argv, bounds.environmentWithMalloc());
  }
  collectAsNode();
}

/** For a process that was started with {@link nodeFlags}. */
export function collectAsNode(): void {
  new Garbage().start();
}
