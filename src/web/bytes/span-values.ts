/** The value that the bytes of a field stand for, as text. */
import { toHex, toUtf8 } from "../../base/bytes.ts";
import { visibleText } from "../../base/visible-text.ts";
import { formatAmount } from "../../protocol/amount.ts";
import type { FieldSpan } from "../../protocol/field-spans.ts";
import { addressOf } from "../../protocol/identity.ts";
import type { FieldText } from "./field-texts.ts";

/** Longer values end with "…". */
const textMax = 160;

export function spanValue(bytes: Uint8Array, { start, end, form }: FieldSpan, text: FieldText): string {
  const own = bytes.subarray(start, end);
  if (form === "offsets") return own.length === 4 ? String(littleEndian(own)) : `${own.length / 4} offsets`;
  switch (text.form) {
    case "number":
      return String(littleEndian(own));
    case "aur":
      return `${formatAmount(littleEndian(own))} AUR`;
    case "time":
      return timeText(Number(littleEndian(own)));
    case "key":
      return own.some((byte) => byte !== 0) ? addressOf(own) : "nobody";
    case "text":
      return cut(toUtf8(own) ?? `0x${toHex(own)}`);
    case "padded-text":
      return cut(toUtf8(own.subarray(0, own.findLastIndex((byte) => byte !== 0) + 1)) ?? `0x${toHex(own)}`);
    case "hex":
      return own.every((byte) => byte === 0) ? `zero (${own.length} bytes)` : cut(toHex(own));
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

/** No `Date` can say every number of 64 bits. */
function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

function cut(text: string): string {
  const visible = visibleText(text);
  return visible.length > textMax ? `${visible.slice(0, textMax)}…` : visible;
}

/** Bytes as pairs of hex digits, four to a group, so that lines may break between groups. */
export function hexGroups(bytes: Uint8Array): string {
  return (toHex(bytes).match(/.{1,8}/g) ?? []).join(" ");
}
