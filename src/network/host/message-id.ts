/** What makes two gossip messages the same one. */
import { createHash } from "node:crypto";

/** The first 20 bytes of SHA-256 over topic and data. Messages are unsigned, so their content is their identity. */
export function messageId(topic: string, data: Uint8Array): Uint8Array {
  return createHash("sha256").update(topic).update(data).digest().subarray(0, 20);
}
