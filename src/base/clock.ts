/** Time, handed in everywhere, so that a simulation can own it. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, whole milliseconds since the epoch; can jump. For timestamps only. */
  nowMs(): number;
  /** Monotonic milliseconds; for durations and deadlines. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`; a pending timer does not keep the process alive. */
  schedule(delayMs: number, callback: () => void): Timer;
}

const timerDelayMaxMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), timerDelayMaxMs));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `delayMs` of `clock`'s time, or at once (still resolving) when `signal` aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      timer.cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.schedule(delayMs, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
