/** The garbage of a node: what lies outside the heap, with V8's own collector, and how far the heap may grow. */
import assert from "node:assert/strict";
import { constants } from "node:perf_hooks";
import { test } from "node:test";
import { Garbage } from "../../src/cli/garbage.ts";
import { until } from "../support/patience.ts";

const mebibyte = 2 ** 20;

test("buffers that nobody holds do not pile up", async () => {
  const garbage = new Garbage();
  garbage.start();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let round = 0; round < 200; round += 1) {
    Buffer.alloc(mebibyte).fill(round);
    if (round % 4 > 0) continue;
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    garbage.look();
    // V8 frees what it found on another thread.
    await until("they are freed", () => process.memoryUsage().arrayBuffers - before < 20 * mebibyte);
  }
  garbage.stop();
  assert.ok(most < 24 * mebibyte, `${Math.round(most / mebibyte)} MiB at the most`);
});

function counted() {
  const rig = { heapUsed: 40 * mebibyte, arrayBuffers: 10 * mebibyte, young: 0, all: 0 };
  const garbage = new Garbage({
    memory: () => rig,
    collectYoung: () => rig.young++,
    collectAll: () => rig.all++,
    setGrowth() {},
  });
  const look = () => {
    const before = { young: rig.young, all: rig.all };
    garbage.look();
    return rig.all > before.all ? "all" : rig.young > before.young ? "young" : "nothing";
  };
  return { rig, garbage, look };
}

test("what is young is collected first, and all if that does not help; not what is held", () => {
  const { rig, look } = counted();
  rig.arrayBuffers += 3 * mebibyte;
  assert.equal(look(), "nothing");
  rig.arrayBuffers += mebibyte;
  assert.equal(look(), "young");
  rig.arrayBuffers += 59 * mebibyte;
  assert.equal(look(), "young");
  rig.arrayBuffers += mebibyte;
  assert.equal(look(), "all");
  // Nothing was freed: it is held, so the next full collection waits for as much again.
  assert.equal(look(), "nothing");
  rig.heapUsed = 400 * mebibyte;
  rig.arrayBuffers += 99 * mebibyte;
  assert.equal(look(), "young");
  rig.arrayBuffers += mebibyte;
  assert.equal(look(), "all");
});

test("V8 is left alone while it marks, unless too much piles up; what it has collected counts as ours", () => {
  const { rig, garbage, look } = counted();
  garbage.collected(constants.NODE_PERFORMANCE_GC_INCREMENTAL);
  rig.arrayBuffers += 63 * mebibyte;
  assert.equal(look(), "nothing");
  rig.arrayBuffers += mebibyte;
  // A young collection makes V8 finish; a full one would do all of it twice.
  assert.equal(look(), "young");
  garbage.collected(constants.NODE_PERFORMANCE_GC_MINOR);
  assert.equal(look(), "young");
  garbage.collected(constants.NODE_PERFORMANCE_GC_MAJOR);
  assert.equal(look(), "nothing");
  rig.arrayBuffers += 4 * mebibyte;
  assert.equal(look(), "young");
});

test("a small heap grows by less than its own size, a large one as V8 likes", () => {
  let heapUsed = 40 * mebibyte;
  const told: number[] = [];
  const memory = () => ({ heapUsed, arrayBuffers: 0 });
  const garbage = new Garbage({
    memory,
    collectYoung() {},
    collectAll() {},
    setGrowth: (percent) => told.push(percent),
  });
  for (const size of [40, 90, 127, 128, 500, 128, 127, 40]) {
    heapUsed = size * mebibyte;
    garbage.look();
  }
  assert.deepEqual(told, [80, 0, 80]);
});
