/** Points in time as people say them. */
import { durationText } from "../base/duration-text.ts";

/** E.g. "3 s ago", "in 4 min 10 s" or "now". */
export function agoText(atMs: number, nowMs: number): string {
  const agoMs = nowMs - atMs;
  if (Math.abs(agoMs) < 1_000) return "now";
  return agoMs > 0 ? `${durationText(agoMs)} ago` : `in ${durationText(-agoMs)}`;
}

/** E.g. "2026-01-31 14:03:07", in this machine's time zone. */
export function localTime(ms: number): string {
  // The Swedish locale writes dates as ISO 8601 does.
  return new Date(ms).toLocaleString("sv-SE");
}
