/** SHA-256 with the protocol's domain prefixes. */
import { concatBytes, fromUtf8 } from "../base/bytes.ts";
import { sha256 } from "./crypto/native.ts";

export const zeroBytes32: Uint8Array = new Uint8Array(32);

export { sha256 };

export const transactionDomain = fromUtf8("aurex/tx/1");
export const sealDomain = fromUtf8("aurex/seal/1");
export const nodeRecordDomain = fromUtf8("aurex/node/1");
export const voteDomain = fromUtf8("aurex/vote/1");
export const presenceDomain = fromUtf8("aurex/presence/1");
export const candidacyDomain = fromUtf8("aurex/candidacy/1");
export const consentDomain = fromUtf8("aurex/consent/1");
export const invitationDomain = fromUtf8("aurex/invitation/1");
export const founderDomain = fromUtf8("aurex-founder");

/** SHA-256 over a domain prefix and parts in order; every part but the last has a fixed length. */
export function domainHash(domain: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes([domain, ...parts]));
}
