/** A countdown that goes on by itself: how long until something is due. */
import { useNow } from "../live/use-now.ts";
import { countdownText } from "./countdown-text.ts";

/** @param dueMs by the clock of the node */
export function Countdown({ dueMs }: { dueMs: number }) {
  return <span>{countdownText(dueMs, useNow())}</span>;
}
