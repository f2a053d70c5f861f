/** A time as a date, in the reader's zone or in UTC. */

/** What a date can be: beyond it a sender has written a number that is no time. */
const dateMaxMs = 8.64e15;

/** As ISO 8601; undefined for a number that is no time. */
export function isoText(atMs: number): string | undefined {
  return Math.abs(atMs) <= dateMaxMs ? new Date(atMs).toISOString() : undefined;
}

/** E.g. "2026-11-26 03:14:07", with " UTC" if it is that; the same everywhere, so that texts can be compared and sorted. */
export function dateText(atMs: number, zone: "local" | "utc"): string {
  const iso = isoText(atMs);
  if (iso === undefined) return `no date (${atMs} ms)`;
  if (zone === "utc") return `${iso.replace(/\.\d+Z$/, "").replace("T", " ")} UTC`;
  const date = new Date(atMs);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
