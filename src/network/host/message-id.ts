/** What makes two gossip messages the same one. */
import { hash } from "node:crypto";
import { concatBytes, fromUtf8 } from "../../base/bytes.ts";

/**
 * The first 20 bytes of SHA-256 over topic and data. Messages are unsigned, so their content is their identity. `hash`
 * takes half the time of an object of `createHash`, and a flood asks for this thousands of times a second.
 */
export function messageId(topic: string, data: Uint8Array): Uint8Array {
  return hash("sha256", concatBytes([fromUtf8(topic), data]), "buffer").subarray(0, 20);
}
