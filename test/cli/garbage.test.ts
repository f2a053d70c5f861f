/** The garbage of a node: what lies outside the heap, with V8's own collector, and how far the heap may grow. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Garbage } from "../../src/cli/garbage.ts";

const mebibyte = 2 ** 20;

test("buffers that nobody holds do not pile up", () => {
  const garbage = new Garbage();
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
  const garbage = new Garbage({ memory, collect: () => collections++, setGrowth() {} });
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

test("a small heap grows by less than its own size, a large one as V8 likes", () => {
  let heapUsed = 40 * mebibyte;
  const told: number[] = [];
  const memory = () => ({ heapUsed, arrayBuffers: 0 });
  const garbage = new Garbage({ memory, collect() {}, setGrowth: (percent) => told.push(percent) });
  for (const size of [40, 90, 127, 128, 500, 128, 127, 40]) {
    heapUsed = size * mebibyte;
    garbage.look();
  }
  assert.deepEqual(told, [80, 0, 80]);
});
