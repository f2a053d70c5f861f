/** Sends few requests at once, so that a slow node is not piled up with them and other tabs get their turn. */
import type { Fetch } from "../../client/index.ts";

/** @param atOnce the next one waits until one of these has its answer's beginning */
export function fewAtOnce(fetchFrom: Fetch, atOnce: number): Fetch {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (url, init) => {
    if (running >= atOnce) {
      await new Promise<void>((resolve, reject) => {
        const { signal } = init;
        const begin = () => {
          signal?.removeEventListener("abort", giveUp);
          resolve();
        };
        const giveUp = () => {
          waiting.splice(waiting.indexOf(begin), 1);
          reject(signal?.reason);
        };
        waiting.push(begin);
        signal?.addEventListener("abort", giveUp, { once: true });
      });
    } else {
      running += 1;
    }
    try {
      return await fetchFrom(url, init);
    } finally {
      // The place goes to the next in line, or is free.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
