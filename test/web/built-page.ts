/** The page as nodes serve it: built into dist/web once, whichever test file needs it first. */
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { patienceMs, until } from "../support/patience.ts";

const root = path.join(import.meta.dirname, "../..");
const place = path.join(root, "dist", "web");
const lock = path.join(root, "node_modules", ".page-lock");
/** A build takes seconds; a lock of this age is of a process that was killed. */
const lockMaxMs = 120_000;

/** Builds the page unless it is current. Nodes that run from src/ or from dist/ serve it then. */
export async function builtPage(): Promise<string> {
  const { isPageCurrent } = (await import("../../bin/freshness.js" as string)) as {
    isPageCurrent(root: string): boolean;
  };
  if (isPageCurrent(root)) return place;
  await until(
    "the page is built, by this or another process",
    async () => {
      if (isPageCurrent(root)) return true;
      if (!hasLock()) return false;
      try {
        // Another process may have ended its build between the look above and the lock.
        if (isPageCurrent(root)) return true;
        const { buildPage } = (await import("../../bin/build-page.js" as string)) as {
          buildPage(root: string, outDir: string): Promise<void>;
        };
        const fresh = `${place}-${process.pid}`;
        await buildPage(root, fresh);
        // Node by node: what serves the old files meanwhile serves them whole.
        rmSync(place, { recursive: true, force: true });
        renameSync(fresh, place);
      } finally {
        // Another process may have taken it for a dead one's.
        rmSync(lock, { recursive: true, force: true });
      }
      return true;
    },
    { limitMs: patienceMs() },
  );
  return place;
}

/** Whether this process may build now. */
function hasLock(): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const madeMs = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - madeMs > lockMaxMs) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}
