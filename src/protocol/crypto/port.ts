/** What the protocol needs of cryptography: the contract of `native.ts` (Node) and `portable.ts` (browsers). */

/**
 * Two implementations, one meaning: every vector in `test/` holds for both, in Node and in a browser. A bundle for
 * browsers puts `portable` wherever the sources import `native`; nothing is chosen at run time.
 */
export interface CryptoPort {
  /** SHA-256 of any bytes: 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
  /**
   * SHA-256 of each 64 bytes of `pairs`, one level of a Merkle tree.
   *
   * @param pairs a multiple of 64 bytes
   * @param into half as long as `pairs`
   */
  hashPairs(pairs: Uint8Array, into: Uint8Array): void;
  /** The Ed25519 public key, 32 bytes, of a seed of 32 bytes. */
  publicKeyOfSeed(seed: Uint8Array): Uint8Array;
  /**
   * The Ed25519 signature of RFC 8032, 64 bytes, which depends on nothing but its input.
   *
   * @param secretKey 64 bytes: seed and public key
   */
  signMessage(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
  /**
   * The cofactorless equation of RFC 8032, `[S]B = R + [k]A`, for a signature that meets the protocol's conditions
   * (`signing.ts`). What an implementation says of other signatures counts nowhere.
   */
  equationHolds(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
}
