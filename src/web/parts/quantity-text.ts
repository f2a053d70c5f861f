/** Numbers with units, as short as people say them. */

const prefixes = ["", "k", "M", "G", "T", "P", "E"] as const;

/** E.g. "1.25 MH/s", "930 H/s": three digits that count. */
export function hashRateText(hashesPerSecond: number): string {
  return `${withPrefix(hashesPerSecond)}H/s`;
}

/** E.g. "1.25 M hashes". */
export function hashesText(hashes: number): string {
  const text = withPrefix(hashes);
  return `${text}${text.endsWith(" ") ? "" : " "}hashes`;
}

/** E.g. "1.25 MB", in powers of 1,000 as disks and browsers count. */
export function bytesText(bytes: number): string {
  return `${withPrefix(bytes)}B`;
}

/** The number, a blank, and the prefix of its unit, if it has one. */
function withPrefix(value: number): string {
  let scaled = value;
  let power = 0;
  while (Math.abs(scaled) >= 999.5 && power < prefixes.length - 1) {
    scaled /= 1_000;
    power += 1;
  }
  return `${threeDigits(scaled)} ${prefixes[power]}`;
}

function threeDigits(value: number): string {
  const magnitude = Math.abs(value);
  const decimals = magnitude >= 100 || magnitude === 0 ? 0 : magnitude >= 10 ? 1 : 2;
  // Without the zeros that a fixed number of decimals leaves at the end.
  return String(Number(value.toFixed(decimals)));
}

/** A length of time where its parts count, e.g. "850 ms", "4.2 s", "3 min 20 s", "2 h 5 min". */
export function spanText(spanMs: number): string {
  const ms = Math.max(0, spanMs);
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 99_950) return `${Number((ms / 1_000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return joined(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return joined(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return joined(Math.floor(hours / 24), "d", hours % 24, "h");
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** E.g. "12 %", "0.4 %". */
export function shareText(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 9.95 ? Number(percent.toFixed(1)) : Math.round(percent)} %`;
}
