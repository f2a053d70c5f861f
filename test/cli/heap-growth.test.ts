/** How far a node's heap may grow before V8 collects. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeapGrowth } from "../../src/cli/heap-growth.ts";

const mebibyte = 2 ** 20;

test("a small heap grows by less than its own size, a large one as V8 likes", () => {
  let used = 40 * mebibyte;
  const told: number[] = [];
  const growth = new HeapGrowth({ heapUsed: () => used, setGrowth: (percent) => told.push(percent) });
  for (const size of [40, 90, 127, 128, 500, 128, 127, 40]) {
    used = size * mebibyte;
    growth.look();
  }
  assert.deepEqual(told, [80, 0, 80]);
});
