/** Points in time as people say them. */

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** E.g. "3 s", "4 min 10 s" or "2 d 3 h": the two largest units. Below a second "0 s". */
export function durationText(ms: number): string {
  let seconds = Math.floor(Math.abs(ms) / 1_000);
  const parts: string[] = [];
  for (const [unit, unitSeconds] of units) {
    const count = Math.floor(seconds / unitSeconds);
    seconds -= count * unitSeconds;
    if (count > 0) parts.push(`${count} ${unit}`);
    // The smaller unit next to the largest one, and no further.
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0 s";
}

/** E.g. "3 s ago", "in 4 min 10 s" or "now". */
export function agoText(atMs: number, nowMs: number): string {
  const agoMs = nowMs - atMs;
  if (Math.abs(agoMs) < 1_000) return "now";
  return agoMs > 0 ? `${durationText(agoMs)} ago` : `in ${durationText(agoMs)}`;
}

/** E.g. "2026-01-31 14:03:07", in this machine's time zone. */
export function localTime(ms: number): string {
  // The Swedish locale writes dates as ISO 8601 does.
  return new Date(ms).toLocaleString("sv-SE");
}
