/** A clock that only moves when it is told to: the time of simulations, where every run from one seed is the same. */
import type { Clock, Timer } from "../../src/base/clock.ts";

export interface SimulatedClock extends Clock {
  /** Timers that have neither fired nor been cancelled. */
  readonly pending: number;
  /** Fires all timers due within `durationMs`, in order, letting promises settle after each; time ends up there. */
  advance(durationMs: number): Promise<void>;
  /** Moves to the next timer and fires it; false where none waits. */
  runNext(): Promise<boolean>;
  /** Sets the wall clock forward or back, as an operator would; durations and timers do not notice. */
  jumpWallClock(byMs: number): void;
}

interface Entry {
  readonly atMs: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** A macrotask, not a timer: when it comes, every promise that could go on by itself has done so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** @param startMs wall-clock milliseconds since the epoch at which the simulation begins; its monotonic time begins at 0 */
export function createSimulatedClock(startMs: number): SimulatedClock {
  const heap: Entry[] = [];
  let elapsedMs = 0;
  let wallOffsetMs = startMs;
  let order = 0;
  let pending = 0;

  const dropCancelled = () => {
    while (heap[0] !== undefined && heap[0].callback === undefined) pop(heap);
  };

  const fire = async (entry: Entry) => {
    pop(heap);
    elapsedMs = Math.max(elapsedMs, entry.atMs);
    const callback = entry.callback;
    entry.callback = undefined;
    pending -= 1;
    callback?.();
    await settle();
  };

  return {
    nowMs: () => Math.floor(wallOffsetMs + elapsedMs),
    monotonicMs: () => elapsedMs,
    get pending() {
      return pending;
    },
    schedule(delayMs, callback): Timer {
      const entry: Entry = { atMs: elapsedMs + Math.max(0, delayMs), order: order++, callback };
      push(heap, entry);
      pending += 1;
      return {
        cancel() {
          if (entry.callback === undefined) return;
          entry.callback = undefined;
          pending -= 1;
        },
      };
    },
    async advance(durationMs) {
      const untilMs = elapsedMs + durationMs;
      await settle();
      for (;;) {
        dropCancelled();
        const next = heap[0];
        if (next === undefined || next.atMs > untilMs) break;
        await fire(next);
      }
      elapsedMs = untilMs;
    },
    async runNext() {
      await settle();
      dropCancelled();
      const next = heap[0];
      if (next === undefined) return false;
      await fire(next);
      return true;
    },
    jumpWallClock(byMs) {
      wallOffsetMs += byMs;
    },
  };
}

/** Earlier first; timers of one instant in the order in which they were set. */
function before(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.push(entry) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!before(entry, heap[parent]!)) break;
    heap[index] = heap[parent]!;
    index = parent;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
    if (!before(heap[child]!, last)) break;
    heap[index] = heap[child]!;
    index = child;
  }
  heap[index] = last;
}

/** Lets simulated time pass, 100 ms at a time, until something is so; fails after `limitMs` of it. */
export async function simulatedUntil(
  clock: SimulatedClock,
  what: string,
  isSo: () => boolean,
  limitMs = 600_000,
): Promise<void> {
  const beganMs = clock.monotonicMs();
  while (!isSo()) {
    if (clock.monotonicMs() - beganMs > limitMs) throw new Error(`not in ${limitMs} ms: ${what}`);
    await clock.advance(100);
  }
}
