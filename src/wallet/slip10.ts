/** Keys from one secret by SLIP-0010 for Ed25519: every step of a path is hardened. Runs in a browser, too. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, fromUtf8 } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";

export interface DerivedKey {
  /** 32 bytes: the seed of an Ed25519 key. */
  readonly key: Uint8Array;
  /** 32 bytes: what the next step needs besides the key. */
  readonly chainCode: Uint8Array;
}

const masterKey = fromUtf8("ed25519 seed");
const hardenedFrom = 0x8000_0000;

/**
 * The key at the end of a path.
 *
 * @param secret 16 to 64 bytes, such as the 64 that BIP-39 makes of words
 * @param path whole numbers from 0 to 2^31 - 1, without the mark that each is hardened: [44, 1, 0] is m/44'/1'/0'
 */
export function deriveKey(secret: Uint8Array, path: readonly number[]): DerivedKey {
  invariant(secret.length >= 16 && secret.length <= 64, "a secret has 16 to 64 bytes");
  let derived = halves(hmac(sha512, masterKey, secret));
  for (const index of path) {
    invariant(
      Number.isInteger(index) && index >= 0 && index < hardenedFrom,
      "an index is below 2^31 and whole",
    );
    const step = new Uint8Array(4);
    new DataView(step.buffer).setUint32(0, hardenedFrom + index);
    derived = halves(hmac(sha512, derived.chainCode, concatBytes([Uint8Array.of(0), derived.key, step])));
  }
  return derived;
}

function halves(bytes: Uint8Array): DerivedKey {
  return { key: bytes.slice(0, 32), chainCode: bytes.slice(32) };
}
