/** The port in plain JavaScript, for browsers: `@noble/hashes` and `@noble/ed25519`. */
import { getPublicKey, hashes, Point, sign } from "@noble/ed25519";
import { sha256 as nobleSha256, sha512 } from "@noble/hashes/sha2.js";
import type { CryptoPort } from "./port.ts";

// The library brings no SHA-512 of its own.
hashes.sha512 = sha512;

export const sha256: CryptoPort["sha256"] = (bytes) => nobleSha256(bytes);

export const hashPairs: CryptoPort["hashPairs"] = (pairs, into) => {
  for (let start = 0; start < into.length; start += 32) {
    into.set(nobleSha256(pairs.subarray(start * 2, start * 2 + 64)), start);
  }
};

export const publicKeyOfSeed: CryptoPort["publicKeyOfSeed"] = (seed) => getPublicKey(seed);

export const signMessage: CryptoPort["signMessage"] = (message, secretKey) =>
  sign(message, secretKey.subarray(0, 32));

/**
 * The library's own `verify` multiplies the equation by the cofactor, even if it is told to be strict, and so takes
 * signatures that libsodium refuses. Here R is computed and compared as bytes, as libsodium does.
 */
export const equationHolds: CryptoPort["equationHolds"] = (message, signature, publicKey) => {
  const r = signature.subarray(0, 32);
  const a = pointOf(publicKey);
  if (a === undefined) return false;
  const k = fromLittleEndian(sha512.create().update(r).update(publicKey).update(message).digest());
  const s = fromLittleEndian(signature.subarray(32));
  const computed = multiply(Point.BASE, s)
    .subtract(multiply(a, k % groupOrder))
    .toBytes();
  return computed.every((byte, index) => byte === r[index]);
};

const groupOrder = Point.CURVE().n;

/** Public values only, so the multiplication may take longer for some than for others. */
function multiply(point: Point, scalar: bigint): Point {
  return point.multiply(scalar, false);
}

function pointOf(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes);
  } catch {
    return undefined;
  }
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let value = 0n;
  for (let start = bytes.length - 8; start >= 0; start -= 8)
    value = (value << 64n) | view.getBigUint64(start, true);
  return value;
}
