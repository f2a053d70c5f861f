/** The node's time of now, for ages and countdowns; the clock of the browser may be wrong. */
import { useContext, useEffect, useState } from "preact/hooks";
import { NodeContext } from "./node-view.ts";
import { Ticker } from "./ticker.ts";

let shared: Ticker | undefined;

function ticker(): Ticker {
  if (shared) return shared;
  const made = new Ticker();
  const follow = () => {
    made.isPaused = document.visibilityState === "hidden";
  };
  document.addEventListener("visibilitychange", follow);
  follow();
  shared = made;
  return made;
}

/**
 * The time by the clock of the node that is shown; by that of the browser as long as the difference is not known.
 *
 * @param changeInMs after how long the component is drawn again; a number, or asked with the time of now
 */
export function useNow(changeInMs: number | ((nowMs: number) => number) = 1_000): number {
  const offsetMs = useContext(NodeContext)?.clockOffsetMs ?? 0;
  const [, setTicks] = useState(0);
  const nowMs = Date.now() + offsetMs;
  const delayMs = typeof changeInMs === "number" ? changeInMs : changeInMs(nowMs);
  useEffect(() => ticker().after(delayMs, () => setTicks((ticks) => ticks + 1)));
  return nowMs;
}
