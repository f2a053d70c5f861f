/** By how much this process's event loop is late: one watch for all nodes of the process. */
import { monitorEventLoopDelay } from "node:perf_hooks";

const resolutionMs = 10;
/** What is shown is about a whole window, so that several collectors do not take each other's figures. */
const windowMs = 15_000;

/** In seconds. */
export interface LoopDelay {
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

let users = 0;
let histogram: ReturnType<typeof monitorEventLoopDelay> | undefined;
let timer: NodeJS.Timeout | undefined;
let lastWindow: LoopDelay | undefined;

/** Watches until every user has called {@link unwatchLoop}. */
export function watchLoop(): void {
  users += 1;
  if (users > 1) return;
  histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  timer = setInterval(() => {
    lastWindow = read();
    histogram?.reset();
  }, windowMs).unref();
}

export function unwatchLoop(): void {
  users -= 1;
  if (users > 0) return;
  clearInterval(timer);
  histogram?.disable();
  histogram = undefined;
  lastWindow = undefined;
}

/** Of the last whole window; before its end, of what there is of the first. */
export function loopDelay(): LoopDelay {
  return lastWindow ?? read();
}

/** The histogram holds the times from one look to the next. */
function read(): LoopDelay {
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1_000) || 0;
  if (!histogram || histogram.count === 0) return { median: 0, p99: 0, max: 0 };
  return {
    median: late(histogram.percentile(50)),
    p99: late(histogram.percentile(99)),
    max: late(histogram.max),
  };
}
