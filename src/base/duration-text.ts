/** A duration in the two units that matter, for people. */

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** E.g. "1 h 59 min", "2 d", "45 s"; rounded down, so that less than a second is "0 s". */
export function durationText(durationMs: number): string {
  const first = units.findIndex(([, unitMs]) => durationMs >= unitMs);
  if (first < 0) return "0 s";
  let restMs = durationMs;
  const parts: string[] = [];
  for (const [unit, unitMs] of units.slice(first, first + 2)) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}
