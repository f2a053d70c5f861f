/** The keys of the LevelDB store: one letter for the kind, then what identifies the value. Written down in README.md. */
import { toHex } from "../base/bytes.ts";

export const keyPrefixes = {
  totals: "m",
  header: "h",
  block: "b",
  height: "n",
  undo: "u",
  transaction: "t",
  entry: "e",
  invalid: "x",
  side: "s",
  historyEnd: "a",
  historyPart: "i",
  indexProgress: "y",
} as const;
export type KeyPrefix = (typeof keyPrefixes)[keyof typeof keyPrefixes];

export const totalsKey: Uint8Array = prefixed(keyPrefixes.totals, new Uint8Array(0));

export function headerKey(hash: Uint8Array): Uint8Array {
  return prefixed(keyPrefixes.header, hash);
}

export function blockKey(hash: Uint8Array): Uint8Array {
  return prefixed(keyPrefixes.block, hash);
}

export function undoKey(hash: Uint8Array): Uint8Array {
  return prefixed(keyPrefixes.undo, hash);
}

export function transactionKey(id: Uint8Array): Uint8Array {
  return prefixed(keyPrefixes.transaction, id);
}

/** Big-endian, so that LevelDB's byte order is the order of heights. */
export function heightKey(height: number): Uint8Array {
  return prefixed(keyPrefixes.height, heightBytes(height));
}

/** In the order of heights, too. */
export function sideKey(height: number, hash: Uint8Array): Uint8Array {
  return prefixed(keyPrefixes.side, Buffer.concat([heightBytes(height), hash]));
}

/** The height and the hash of a {@link sideKey}. */
export function readSideKey(key: Uint8Array): { readonly height: number; readonly hash: Uint8Array } {
  const height = Number(new DataView(key.buffer, key.byteOffset + 1).getBigUint64(0));
  return { height, hash: new Uint8Array(key.subarray(9)) };
}

export function entryKeyAt(index: number): Uint8Array {
  return prefixed(keyPrefixes.entry, uint32Bytes(index));
}

export function invalidKey(slot: number): Uint8Array {
  return prefixed(keyPrefixes.invalid, uint32Bytes(slot));
}

export const indexProgressKey: Uint8Array = prefixed(keyPrefixes.indexProgress, new Uint8Array(0));

export function historyEndKey(account: Uint8Array): Uint8Array {
  return prefixed(keyPrefixes.historyEnd, account);
}

/** By account, then by the part's number. */
export function historyPartKey(account: Uint8Array, part: number): Uint8Array {
  const key = Buffer.allocUnsafe(1 + account.length + 6);
  key[0] = keyPrefixes.historyPart.charCodeAt(0);
  key.set(account, 1);
  key.writeUIntBE(part, 1 + account.length, 6);
  return key;
}

/** The keys of one kind: from the first, included, to the second, excluded. */
export function keyRange(prefix: KeyPrefix): { gte: Uint8Array; lt: Uint8Array } {
  const byte = prefix.charCodeAt(0);
  return { gte: Uint8Array.of(byte), lt: Uint8Array.of(byte + 1) };
}

/** A key as an error shows it, e.g. `h/3f02…`. */
export function describeKey(key: Uint8Array): string {
  return `${String.fromCharCode(key[0] as number)}/${toHex(key.subarray(1))}`;
}

function heightBytes(height: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(height));
  return bytes;
}

function uint32Bytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function prefixed(prefix: KeyPrefix, rest: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + rest.length);
  key[0] = prefix.charCodeAt(0);
  key.set(rest, 1);
  return key;
}
