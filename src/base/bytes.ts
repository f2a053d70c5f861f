/** Byte arrays: hex, comparison and joining, by `uint8arrays` and the port in `hex/`. */
import { compare } from "uint8arrays/compare";
import { concat } from "uint8arrays/concat";
import { equals } from "uint8arrays/equals";
import { fromHexDigits, toHex } from "./hex/native.ts";

export { compare as compareBytes, concat as concatBytes, equals as bytesEqual, toHex };

/** Whether one of the arrays has the very bytes that are wanted; for short lists: each is looked at in turn. */
export function includesBytes(arrays: readonly Uint8Array[], wanted: Uint8Array): boolean {
  return arrays.some((bytes) => equals(bytes, wanted));
}

const hexPattern = /^(?:[0-9a-f]{2})*$/i;

/** The bytes of a hex string; undefined where it is not hex (or not of `length` bytes, where given). */
export function fromHex(hex: string, length?: number): Uint8Array | undefined {
  if (!hexPattern.test(hex)) return undefined;
  if (length !== undefined && hex.length !== length * 2) return undefined;
  return fromHexDigits(hex);
}

const encoder = new TextEncoder();
/** A byte order mark stays part of the text: two byte strings never decode to one text. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function fromUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of strict UTF-8; undefined where the bytes are none. */
export function toUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** An unsigned integer of any size from big-endian bytes. */
export function bigIntFromBytes(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

/** Big-endian bytes of an unsigned integer, padded to `length`. */
export function bigIntToBytes(value: bigint, length: number): Uint8Array {
  return fromHexDigits(value.toString(16).padStart(length * 2, "0"));
}

/** Without the zeros at the end. */
export function withoutPadding(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}
