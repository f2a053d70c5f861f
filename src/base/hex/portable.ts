/** Hex in plain JavaScript, for browsers. */
import type { HexPort } from "./port.ts";

const byteTexts = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export const toHex: HexPort["toHex"] = (bytes) => {
  let text = "";
  for (const byte of bytes) text += byteTexts[byte];
  return text;
};

export const fromHexDigits: HexPort["fromHexDigits"] = (digits) => {
  const bytes = new Uint8Array(digits.length / 2);
  writeHex(bytes, digits, 0);
  return bytes;
};

export const hexTarget: HexPort["hexTarget"] = (length) => new Uint8Array(length);

export const writeHex: HexPort["writeHex"] = (target, digits, start) => {
  const count = Math.min(digits.length >> 1, target.length - start);
  for (let index = 0; index < count; index += 1) {
    const high = nibble(digits.charCodeAt(index * 2));
    const low = nibble(digits.charCodeAt(index * 2 + 1));
    if (high < 0 || low < 0) return index;
    target[start + index] = high * 16 + low;
  }
  return count;
};

/** The value of a hex digit's character code; -1 of any other. */
function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
