/** Garbage outside the heap, with V8's own collector: what lies there stays little, and what is held is not collected for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferGarbage } from "../../src/cli/buffer-garbage.ts";

const mebibyte = 2 ** 20;

test("buffers that nobody holds do not pile up", () => {
  const garbage = new BufferGarbage();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let round = 0; round < 200; round += 1) {
    Buffer.alloc(mebibyte).fill(round);
    garbage.look();
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  assert.ok(most < 48 * mebibyte, `${Math.round(most / mebibyte)} MiB at the most`);
});

test("a collection comes with what is new, not with what is held, and seldom if the heap is large", () => {
  let heapUsed = 40 * mebibyte;
  let arrayBuffers = 10 * mebibyte;
  let collections = 0;
  const memory = () => ({ heapUsed, arrayBuffers });
  const garbage = new BufferGarbage({ memory, collect: () => collections++ });
  arrayBuffers += 23 * mebibyte;
  garbage.look();
  assert.equal(collections, 0);
  arrayBuffers += mebibyte;
  garbage.look();
  assert.equal(collections, 1);
  // Nothing was freed: it is held, so the next collection waits for as much again.
  garbage.look();
  assert.equal(collections, 1);
  heapUsed = 400 * mebibyte;
  arrayBuffers += 99 * mebibyte;
  garbage.look();
  assert.equal(collections, 1);
  arrayBuffers += mebibyte;
  garbage.look();
  assert.equal(collections, 2);
});
