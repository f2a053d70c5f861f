/** What makes two gossip messages the same one, of any size. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { it } from "node:test";
import { messageId } from "../../src/network/host/message-id.ts";

it("is the beginning of SHA-256 over topic and data, copied or not", () => {
  for (const bytes of [0, 1, 4_095, 4_096, 4_097, 1_048_576]) {
    const data = new Uint8Array(bytes).fill(7);
    const whole = createHash("sha256")
      .update(Buffer.concat([Buffer.from("topic/ä"), data]))
      .digest();
    assert.deepEqual([...messageId("topic/ä", data)], [...whole.subarray(0, 20)], `${bytes} bytes`);
  }
});
