/** Strict SSZ: the integer, byte and name types of the protocol, and a decoder that returns faults. */
import { ByteListType, ByteVectorType, type Type, UintBigintType, UintNumberType } from "@chainsafe/ssz";
import { toError } from "../base/invariant.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { CodecFault } from "./faults.ts";

/**
 * A uint64 held as a JavaScript number. Values over 2^53 − 1 are refused, since the number would no longer be the
 * one on the wire and two encodings could mean one value.
 */
export class SafeUint64Type extends UintNumberType {
  constructor() {
    super(8);
  }

  override value_deserializeFromBytes(
    data: Parameters<UintNumberType["value_deserializeFromBytes"]>[0],
    start: number,
    end: number,
  ): number {
    const value = super.value_deserializeFromBytes(data, start, end);
    if (!Number.isSafeInteger(value)) throw new Error("uint64 over 2^53 - 1");
    return value;
  }
}

export const Uint8 = new UintNumberType(1);
export const Uint32 = new UintNumberType(4);
/** Heights, times and counts. */
export const SafeUint64 = new SafeUint64Type();
/** Amounts. */
export const Uint64 = new UintBigintType(8);
export const Uint256 = new UintBigintType(32);
export const Bytes32 = new ByteVectorType(32);
export const Bytes64 = new ByteVectorType(64);

export function byteList(limit: number): ByteListType {
  return new ByteListType(limit);
}

export const uint64Max = 2n ** 64n - 1n;

/**
 * Decodes exactly `bytes`, nothing more and nothing less.
 *
 * @param what names the thing in the fault, e.g. "transaction"
 * @param reuseBytes the value's byte arrays are parts of `bytes` instead of copies: for what lives as long as they do
 */
export function decode<Value>(
  type: Type<Value>,
  bytes: Uint8Array,
  what: string,
  { reuseBytes = false }: { readonly reuseBytes?: boolean } = {},
): Result<Value, CodecFault> {
  try {
    // A Buffer's slices share its memory; a plain view makes SSZ copy where it is not told to reuse.
    const isPlain = bytes.constructor === Uint8Array;
    const view = isPlain ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return ok(type.deserialize(view, { reuseBytes }));
  } catch (thrown) {
    // What the engine says of a read behind the end tells people nothing.
    const reason = thrown instanceof RangeError ? "the bytes end too early" : toError(thrown).message;
    return fail({ code: "codec/malformed", what, reason });
  }
}

/** A copy of a decoded value whose byte arrays are parts of no other: what is kept of a message must not keep the whole message. */
export function withOwnBytes<Value>(value: Value): Value {
  return copied(value) as Value;
}

function copied(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.prototype.slice.call(value);
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copied(part)]));
}
