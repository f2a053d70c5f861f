/** Remembers signatures that held, so that the votes of a certificate are not verified twice: by gossip and in a block. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { concatBytes, toHex } from "../../base/bytes.ts";
import { sha256 } from "../../protocol/hashing.ts";
import { verifySignature } from "../../protocol/signing.ts";
import type { VerifyVoteSignature } from "./certify.ts";

const rememberedMax = 8_192;

/** Only what held is remembered: a bad signature costs whoever asks for it again. */
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
