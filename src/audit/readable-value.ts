/** Values as a ledger file writes them for people, by the data dictionary's own words: texts, times and amounts. */
import { toHex, toUtf8 } from "../base/bytes.ts";

export const sqlIntegerMax = 2n ** 63n - 1n;
const lastIsoMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The text that bytes are, or 0x and their hex if they are no plain text: no UTF-8, or with NUL, a byte order mark or 0x. */
export function textOf(bytes: Uint8Array): string {
  const text = toUtf8(bytes);
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const isPlain = text !== undefined && !hasMark && !text.includes("\0") && !text.startsWith("0x");
  return isPlain ? text : `0x${toHex(bytes)}`;
}

/** The name of a protocol's number; its digits if it has none. */
export function nameOfNumber(names: Readonly<Record<string, number>>, number: number): string {
  for (const [name, value] of Object.entries(names)) if (value === number) return name;
  return String(number);
}

/** UTC with milliseconds; null after the year 9999. */
export function isoOf(timestampMs: number): string | null {
  return timestampMs > lastIsoMs ? null : new Date(timestampMs).toISOString();
}

/** Decimal text with every place of the asset: 10.50000000. */
export function allPlaces(units: bigint, decimals: number): string {
  if (decimals === 0) return units.toString();
  const digits = units.toString().padStart(decimals + 1, "0");
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** What `…_units` holds: NULL if SQLite's INTEGER cannot. */
export function unitsOf(amount: bigint): bigint | null {
  return amount > sqlIntegerMax ? null : amount;
}

/** What `…_units_large` holds: digits only if `…_units` cannot hold the amount. */
export function largeOf(amount: bigint): string | null {
  return amount > sqlIntegerMax ? amount.toString() : null;
}
