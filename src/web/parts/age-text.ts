/** How long ago something was, in words. */

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** E.g. "just now", "42 s ago", "3 min ago", "in 5 s". */
export function ageText(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs;
  const length = durationText(Math.abs(ageMs));
  if (Math.abs(ageMs) < secondMs) return "just now";
  return ageMs > 0 ? `${length} ago` : `in ${length}`;
}

/** The largest unit, and the next one where it says something: "2 h 5 min". */
export function durationText(durationMs: number): string {
  if (durationMs < minuteMs) return `${Math.floor(durationMs / secondMs)} s`;
  if (durationMs < hourMs) return `${Math.floor(durationMs / minuteMs)} min`;
  if (durationMs < dayMs) {
    const minutes = Math.floor((durationMs % hourMs) / minuteMs);
    return `${Math.floor(durationMs / hourMs)} h${minutes > 0 ? ` ${minutes} min` : ""}`;
  }
  return `${Math.floor(durationMs / dayMs)} d`;
}

/** For how long a text of this age stays right. */
export function nextChangeMs(atMs: number, nowMs: number): number {
  const ageMs = Math.abs(nowMs - atMs);
  if (ageMs < minuteMs) return secondMs;
  return ageMs < hourMs ? 10 * secondMs : minuteMs;
}
