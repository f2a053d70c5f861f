/** Values with their checksum, put together in one buffer that is used again. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { crc32 } from "node:zlib";
import { payloadOf, ValueWriter } from "../../src/store/checked-value.ts";

const key = new Uint8Array([1, 2, 3]);

it("a value is its payload and the CRC-32 of key and payload, whatever was in the buffer before", () => {
  const writer = new ValueWriter();
  for (const bytes of [100, 0, 65_536, 65_532, 65_533, 1_048_576, 3, 2_097_149, 5_000_000, 7]) {
    const payload = new Uint8Array(bytes).map((_, index) => index * bytes);
    const value = writer.valueOf(key, payload);
    const expected = Buffer.alloc(bytes + 4);
    expected.set(payload);
    expected.writeUInt32BE(crc32(Buffer.concat([key, payload])), bytes);
    assert.ok(expected.equals(value), `${bytes} bytes`);
    assert.deepEqual(payloadOf(key, value), payload);
  }
});

it("a value that was damaged, cut or stands under another key has no payload", () => {
  const value = new ValueWriter().valueOf(key, new Uint8Array(10)).slice();
  assert.equal(payloadOf(new Uint8Array([1, 2, 4]), value), undefined);
  for (let at = 0; at < value.length; at += 1) {
    const damaged = value.with(at, 1 + (value[at] as number));
    assert.equal(payloadOf(key, damaged), undefined, `byte ${at}`);
    assert.equal(payloadOf(key, value.subarray(0, at)), undefined, `cut at ${at}`);
  }
});
