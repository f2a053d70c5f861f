/** What a countdown says: how long until something is due, and that it is late once it is. */

/** Clocks and the network take a moment: what is late by less is due now. */
const lateMs = 1_500;

/** "in 4 s", "now", "late by 12 s". */
export function countdownText(dueMs: number, nowMs: number): string {
  const leftMs = dueMs - nowMs;
  if (leftMs > 0) return `in ${lengthText(Math.ceil(leftMs / 1_000))}`;
  if (-leftMs < lateMs) return "now";
  return `late by ${lengthText(Math.floor(-leftMs / 1_000))}`;
}

function lengthText(seconds: number): string {
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
