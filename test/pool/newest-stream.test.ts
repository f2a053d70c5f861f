/** The stream of notices: the newest and no queue, and an end that needs no reader. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NewestStream } from "../../src/pool/newest-stream.ts";

describe("newest stream", () => {
  it("gives a slow reader the newest once, and a waiting one each as it comes", async () => {
    let value = 0;
    const stream = new NewestStream(
      () => value,
      () => {},
    );
    for (; value < 5; value += 1) stream.due();
    assert.deepEqual(await stream.next(), { done: false, value: 5 });
    const waiting = stream.next();
    value = 6;
    stream.due();
    assert.deepEqual(await waiting, { done: false, value: 6 });
  });

  it("ends for a reader that waits, once, whoever ends it", async () => {
    let ends = 0;
    const stream = new NewestStream(
      () => 1,
      () => {
        ends += 1;
      },
    );
    await stream.next();
    const waiting = stream.next();
    assert.deepEqual(await stream.return(), { done: true, value: undefined });
    assert.deepEqual(await waiting, { done: true, value: undefined });
    stream.end();
    stream.due();
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
    assert.equal(ends, 1);
  });
});
