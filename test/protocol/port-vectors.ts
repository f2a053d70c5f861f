/**
 * Inputs with what the ports must make of them, as JSON, and the comparison with one implementation, which also runs
 * in a browser.
 */
import type { HexPort } from "../../src/base/hex/port.ts";
import type { CryptoPort } from "../../src/protocol/crypto/port.ts";

/** All bytes in hex. */
export interface PortVectors {
  readonly sha256: readonly { readonly bytes: string; readonly digest: string }[];
  readonly pairs: readonly { readonly pairs: string; readonly hashes: string }[];
  readonly keys: readonly {
    readonly seed: string;
    readonly publicKey: string;
    readonly message: string;
    readonly signature: string;
  }[];
  /** `valid` is the verdict of the whole rule: the conditions, then the equation. */
  readonly signatures: readonly {
    readonly message: string;
    readonly signature: string;
    readonly publicKey: string;
    readonly valid: boolean;
  }[];
}

export interface Ports {
  readonly crypto: CryptoPort;
  readonly hex: HexPort;
  /** `meetsConditions` of signing.ts. */
  meetsConditions(signature: Uint8Array, publicKey: Uint8Array): boolean;
}

/** Every vector that these ports do not agree with, by name; empty if all hold. */
export function portMismatches(vectors: PortVectors, { crypto, hex, meetsConditions }: Ports): string[] {
  const { toHex } = hex;
  const bytes = (digits: string) => {
    const array = hex.fromHexDigits(digits);
    if (toHex(array) !== digits) throw new Error(`hex does not come back: ${digits}`);
    return array;
  };
  const wrong: string[] = [];
  for (const { bytes: input, digest } of vectors.sha256) {
    if (toHex(crypto.sha256(bytes(input))) !== digest) wrong.push(`sha256 of ${input.length / 2} bytes`);
  }
  for (const { pairs, hashes } of vectors.pairs) {
    const into = new Uint8Array(hashes.length / 2);
    crypto.hashPairs(bytes(pairs), into);
    if (toHex(into) !== hashes) wrong.push(`hashes of ${pairs.length / 128} pairs`);
  }
  for (const { seed, publicKey, message, signature } of vectors.keys) {
    if (toHex(crypto.publicKeyOfSeed(bytes(seed))) !== publicKey) wrong.push(`public key of seed ${seed}`);
    if (toHex(crypto.signMessage(bytes(message), bytes(seed + publicKey))) !== signature) {
      wrong.push(`signature by seed ${seed}`);
    }
  }
  for (const { message, signature, publicKey, valid } of vectors.signatures) {
    const [text, candidate, key] = [bytes(message), bytes(signature), bytes(publicKey)];
    const verdict = meetsConditions(candidate, key) && crypto.equationHolds(text, candidate, key);
    if (verdict !== valid) wrong.push(`verdict ${verdict} on ${signature} by ${publicKey}`);
  }
  return wrong;
}
