/** Ed25519 with one rule for every node: the only place where a signature is made or verified. */
import { concatBytes, fromHex, includesBytes } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import { equationHolds, publicKeyOfSeed, signMessage } from "./crypto/native.ts";

export const publicKeyBytes = 32;
export const signatureBytes = 64;
export const seedBytes = 32;

export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes: seed and public key. Never logged, never sent. */
  readonly secretKey: Uint8Array;
}

/** The key pair of a 32-byte seed (RFC 8032's private key). */
export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  invariant(seed.length === seedBytes, "a seed has 32 bytes");
  const publicKey = publicKeyOfSeed(seed);
  return { publicKey, secretKey: concatBytes([seed, publicKey]) };
}

export function sign(message: Uint8Array, keyPair: KeyPair): Uint8Array {
  return signMessage(message, keyPair.secretKey);
}

/**
 * The protocol's rule: a key of 32 bytes, a signature of exactly 64, S < L, the y of A and of R below p, neither of
 * small order, then the cofactorless equation of RFC 8032. The filter in front of the library is what makes all
 * libraries agree, since they differ only on keys and signatures that it refuses.
 *
 * @param message any bytes
 * @param signature 64 bytes, R ‖ S
 * @param publicKey 32 bytes
 */
export function verifySignature(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (!meetsConditions(signature, publicKey)) return false;
  return equationHolds(message, signature, publicKey);
}

/**
 * The rule without its equation. It stands by itself so that its constants are tested: a library that happens to check
 * the same would hide a wrong one until another library or version is in its place.
 */
export function meetsConditions(signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (publicKey.length !== publicKeyBytes || signature.length !== signatureBytes) return false;
  if (!isBelow(signature.subarray(32), groupOrder)) return false;
  return isAcceptablePoint(publicKey) && isAcceptablePoint(signature.subarray(0, 32));
}

/** L = 2^252 + 27742317777372353535851937790883648493, little-endian (RFC 8032 section 5.1). */
const groupOrder = constant("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
/** p = 2^255 − 19, little-endian. */
const fieldPrime = constant("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
/** The y of the eight points of small order: 0 (order 4), 1 (identity), p − 1 (order 2) and two of order 8. */
const smallOrderY = [
  constant("0000000000000000000000000000000000000000000000000000000000000000"),
  constant("0100000000000000000000000000000000000000000000000000000000000000"),
  constant("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
  constant("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
  constant("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
];

function constant(hex: string): Uint8Array {
  const bytes = fromHex(hex, 32);
  invariant(bytes, "a constant of 32 bytes");
  return bytes;
}

/** Little-endian comparison; returns at the first byte that differs, most of the time the highest. */
function isBelow(value: Uint8Array, bound: Uint8Array): boolean {
  for (let index = 31; index >= 0; index -= 1) {
    const difference = (value[index] as number) - (bound[index] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** The encoded point's y is canonical and the point is none of small order (either sign of x). */
function isAcceptablePoint(point: Uint8Array): boolean {
  const y = new Uint8Array(point);
  y[31] = (y[31] as number) & 0x7f;
  return isBelow(y, fieldPrime) && !includesBytes(smallOrderY, y);
}
