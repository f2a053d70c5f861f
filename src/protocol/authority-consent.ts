/** A candidate's consent to become an authority, valid up to a height: nobody is made one against their will. */
import { bigIntToBytes, concatBytes } from "../base/bytes.ts";
import { consentDomain } from "./hashing.ts";
import { type KeyPair, sign, verifySignature } from "./signing.ts";

/** "aurex/consent/1" ‖ chainId ‖ expiresAtHeight as uint64, little-endian. */
function consentMessage(chainId: Uint8Array, expiresAtHeight: number): Uint8Array {
  return concatBytes([consentDomain, chainId, bigIntToBytes(BigInt(expiresAtHeight), 8).reverse()]);
}

export function signConsent(chainId: Uint8Array, expiresAtHeight: number, candidate: KeyPair): Uint8Array {
  return sign(consentMessage(chainId, expiresAtHeight), candidate);
}

export function verifyConsent(
  chainId: Uint8Array,
  expiresAtHeight: number,
  consent: Uint8Array,
  candidate: Uint8Array,
): boolean {
  return verifySignature(consentMessage(chainId, expiresAtHeight), consent, candidate);
}
