/** One node's view of the simulated time: a wall clock that can be wrong, and timers that end with the process. */
import type { Clock, Timer } from "../../src/base/clock.ts";

export interface NodeClock extends Clock {
  /** Sets the wall clock off by this much against true time. */
  setWrongBy(offsetMs: number): void;
  /** The process is gone: nothing that it scheduled happens any more. */
  kill(): void;
}

export function createNodeClock(shared: Clock): NodeClock {
  let offsetMs = 0;
  let alive = true;
  const timers = new Set<Timer>();
  return {
    nowMs: () => shared.nowMs() + offsetMs,
    monotonicMs: () => shared.monotonicMs(),
    schedule(delayMs, callback) {
      if (!alive) return { cancel() {} };
      const timer = shared.schedule(delayMs, () => {
        timers.delete(timer);
        callback();
      });
      timers.add(timer);
      return {
        cancel() {
          timers.delete(timer);
          timer.cancel();
        },
      };
    },
    setWrongBy(wanted) {
      offsetMs = wanted;
    },
    kill() {
      alive = false;
      for (const timer of timers) timer.cancel();
      timers.clear();
    },
  };
}
