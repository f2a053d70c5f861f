/** Bytes that people wrote, and numbers with names, as text that a database, a shell and a spreadsheet can hold. */
import { toHex, toUtf8 } from "../base/bytes.ts";

/**
 * The text where the bytes are UTF-8 without NUL and do not begin with "0x"; else "0x" and their hex. Bijective, so the
 * bytes follow from the text.
 */
export function readableText(bytes: Uint8Array): string {
  const text = toUtf8(bytes);
  // SQLite's C interface and its shell end a text at NUL; a byte order mark would be lost in decoding.
  const isPlain =
    text !== undefined && !text.includes("\0") && !text.startsWith("0x") && !hasByteOrderMark(bytes);
  return isPlain ? text : `0x${toHex(bytes)}`;
}

/** The name of a protocol number; the number itself where it has none. */
export function nameOfNumber(names: Readonly<Record<string, number>>, number: number): string {
  return Object.keys(names).find((name) => names[name] === number) ?? String(number);
}

function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** ISO 8601 in UTC, milliseconds always; undefined after the year 9999, which four digits do not show. */
export function isoTimestamp(timestampMs: number): string | undefined {
  return timestampMs <= lastIsoTimestampMs ? new Date(timestampMs).toISOString() : undefined;
}

const lastIsoTimestampMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
