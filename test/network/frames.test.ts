/** Frames that go out together are the frames that each chunk would be alone. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { concatBytes } from "../../src/base/bytes.ts";
import { encodeFrame, framesInBatches } from "../../src/network/libp2p/frames.ts";

const batchBytes = 32 * 2 ** 10;

test("chunks go out in batches of 32 KiB, a large one with what waited for it, and the rest at the end", () => {
  const small = Array.from({ length: 300 }, () => randomBytes(300));
  const chunks = [...small, randomBytes(2 ** 20), randomBytes(0), randomBytes(7)];
  const batches = [...framesInBatches(chunks)];
  assert.deepEqual(concatBytes(batches), concatBytes(chunks.map(encodeFrame)));
  assert.deepEqual(
    batches.map(({ length }) => length >= batchBytes),
    [true, true, true, false],
  );
  assert.deepEqual([...framesInBatches([])], []);
});

test("an answer of which no more is wanted is ended", () => {
  let isEnded = false;
  function* answer() {
    try {
      for (;;) yield randomBytes(batchBytes);
    } finally {
      isEnded = true;
    }
  }
  const batches = framesInBatches(answer());
  batches.next();
  batches.return();
  assert.ok(isEnded);
});
