/** Which bytes of an encoded block or transaction are which field: SSZ's layout as spans that lie side by side and cover all of it. */
import { ContainerType, ListCompositeType, type Type, UintBigintType, UintNumberType } from "@chainsafe/ssz";
import { ok, type Result } from "../base/result.ts";
import { BlockType, HeaderType } from "./block.ts";
import { decode } from "./codec.ts";
import type { CodecFault } from "./faults.ts";
import { payloadTypeOf, TransactionType, UnsignedTransactionType } from "./transaction.ts";

/** How the bytes of a span are to be read. */
export type SpanForm =
  /** A little-endian integer. */
  | "number"
  | "bytes"
  /** Where fields of variable length begin: four bytes each, little-endian. */
  | "offsets";

export interface FieldSpan {
  /** E.g. `header.height`, `payload.amount`, `consensusSection.certificates[0].bitmap`. */
  readonly path: string;
  readonly form: SpanForm;
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

/** Of a block's header alone; every field has its place. */
export function headerSpans(bytes: Uint8Array): Result<readonly FieldSpan[], CodecFault> {
  return spansOf(HeaderType, bytes, "header");
}

/** Of a signed transaction; its payload by the fields of its kind. */
export function transactionSpans(bytes: Uint8Array): Result<readonly FieldSpan[], CodecFault> {
  return spansOf(TransactionType, bytes, "transaction");
}

/** Of what a signature covers of a transaction, before it is signed. */
export function unsignedTransactionSpans(bytes: Uint8Array): Result<readonly FieldSpan[], CodecFault> {
  return spansOf(UnsignedTransactionType, bytes, "unsigned transaction");
}

/** Of a block; each transaction and each piece of evidence is one span. */
export function blockSpans(bytes: Uint8Array): Result<readonly FieldSpan[], CodecFault> {
  return spansOf(BlockType, bytes, "block");
}

function spansOf(
  type: Type<unknown>,
  bytes: Uint8Array,
  what: string,
): Result<readonly FieldSpan[], CodecFault> {
  const decoded = decode(type, bytes, what);
  // Only bytes that decode have a layout: from here on every offset is right.
  if (!decoded.ok) return decoded;
  const isTransaction = type === TransactionType || type === UnsignedTransactionType;
  const { kind } = isTransaction ? (decoded.value as { readonly kind: number }) : { kind: 0 };
  const spans = walk(type, bytes, { path: "", start: 0, end: bytes.length }).flatMap((span) => {
    const payload = span.path === "payload" ? payloadTypeOf(kind) : undefined;
    if (!payload) return [span];
    // What no rule of the protocol decodes stays one span.
    return decode(payload, bytes.subarray(span.start, span.end), "payload").ok
      ? walk(payload, bytes, span)
      : [span];
  });
  return ok(spans);
}

type Place = Pick<FieldSpan, "path" | "start" | "end">;

const offsetBytes = 4;

function walk(type: Type<unknown>, bytes: Uint8Array, place: Place): FieldSpan[] {
  if (place.start === place.end) return [];
  if (type instanceof ContainerType) return walkContainer(type, bytes, place);
  if (type instanceof ListCompositeType) return walkList(type.elementType, bytes, place);
  const isNumber = type instanceof UintNumberType || type instanceof UintBigintType;
  return [{ ...place, form: isNumber ? "number" : "bytes" }];
}

/** The fixed part first: each field, or the offset of one that has no fixed length; then those, in their order. */
function walkContainer(
  { fields }: { readonly fields: Readonly<Record<string, Type<unknown>>> },
  bytes: Uint8Array,
  { path, start, end }: Place,
): FieldSpan[] {
  const fixed: FieldSpan[] = [];
  const variable: { readonly name: string; readonly type: Type<unknown>; readonly start: number }[] = [];
  let at = start;
  for (const [name, type] of Object.entries(fields)) {
    const named = joined(path, name);
    if (type.fixedSize === null) {
      fixed.push({ path: named, form: "offsets", start: at, end: at + offsetBytes });
      variable.push({ name: named, type, start: start + offsetAt(bytes, at) });
      at += offsetBytes;
    } else {
      fixed.push(...walk(type, bytes, { path: named, start: at, end: at + type.fixedSize }));
      at += type.fixedSize;
    }
  }
  const behind = variable.flatMap(({ name, type, start: from }, index) =>
    walk(type, bytes, { path: name, start: from, end: variable[index + 1]?.start ?? end }),
  );
  return [...fixed, ...behind];
}

function walkList(element: Type<unknown>, bytes: Uint8Array, { path, start, end }: Place): FieldSpan[] {
  const { fixedSize } = element;
  if (fixedSize !== null) {
    return Array.from({ length: (end - start) / fixedSize }, (_, index) => index).flatMap((index) => {
      const from = start + index * fixedSize;
      return walk(element, bytes, { path: `${path}[${index}]`, start: from, end: from + fixedSize });
    });
  }
  // The first offset says where the offsets end.
  const count = offsetAt(bytes, start) / offsetBytes;
  const from = (index: number) => start + offsetAt(bytes, start + index * offsetBytes);
  const table: FieldSpan = { path, form: "offsets", start, end: start + count * offsetBytes };
  const items = Array.from({ length: count }, (_, index) =>
    walk(element, bytes, {
      path: `${path}[${index}]`,
      start: from(index),
      end: index + 1 < count ? from(index + 1) : end,
    }),
  );
  return [table, ...items.flat()];
}

function offsetAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}

function joined(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
