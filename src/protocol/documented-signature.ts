/** The documented text of an authority's signature, with the real signature behind it, since the shape alone proves nothing. */
import { fromHex, toHex } from "../base/bytes.ts";
import { nodeIdOf, publicKeyOfNodeId } from "./identity.ts";
import { signatureBytes } from "./signing.ts";

export interface SealSignature {
  /** The authority's public key, 32 bytes. */
  readonly producerKey: Uint8Array;
  /** The block's hash, 32 bytes. */
  readonly hash: Uint8Array;
  /** 64 bytes; not verified. */
  readonly signature: Uint8Array;
}

/** `SIG_{node_id}_{hash}_{signature}`: a libp2p peer id, then lower-case hex. */
export function documentedSignature(
  producerKey: Uint8Array,
  hash: Uint8Array,
  signature: Uint8Array,
): string {
  return `SIG_${nodeIdOf(producerKey)}_${toHex(hash)}_${toHex(signature)}`;
}

/** Takes the text apart again; undefined where it is not exactly what {@link documentedSignature} writes. */
export function parseDocumentedSignature(text: string): SealSignature | undefined {
  const match = /^SIG_([1-9A-HJ-NP-Za-km-z]{1,64})_([0-9a-f]+)_([0-9a-f]+)$/.exec(text);
  if (!match) return undefined;
  const producerKey = publicKeyOfNodeId(match[1] as string);
  const hash = fromHex(match[2] as string, 32);
  const signature = fromHex(match[3] as string, signatureBytes);
  return producerKey && hash && signature && { producerKey, hash, signature };
}
