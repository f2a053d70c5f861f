/** Remembers valid signatures, so that a vote is verified once, although it comes by gossip and again in a certificate. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { concatBytes, toHex } from "../../base/bytes.ts";
import { sha256 } from "../../protocol/hashing.ts";
import { verifySignature } from "../../protocol/signing.ts";
import type { VerifyVoteSignature } from "./certify.ts";

const rememberedMax = 8_192;

/** Only valid signatures are remembered. An invalid one is verified again each time. */
export function rememberingVerifier(): VerifyVoteSignature {
  const held = new BoundedMap<string, true>(rememberedMax);
  return (message, signature, publicKey) => {
    const key = toHex(sha256(concatBytes([publicKey, signature, message])));
    if (held.has(key)) return true;
    const holds = verifySignature(message, signature, publicKey);
    if (holds) held.set(key, true);
    return holds;
  };
}
