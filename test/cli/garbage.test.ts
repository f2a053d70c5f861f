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
  const { rig, garbage, look } = counted();
  rig.arrayBuffers += 3 * mebibyte;
  assert.equal(look(), "nothing");
  rig.arrayBuffers += mebibyte;
  assert.equal(look(), "young");
  assert.equal(look(), "nothing");
  rig.arrayBuffers += 59 * mebibyte;
  assert.equal(look(), "young");
  rig.arrayBuffers += mebibyte;
  assert.equal(look(), "all");
  // Nothing was freed: it is held, so the next full collection waits for as much again.
  assert.equal(look(), "nothing");
  rig.heapUsed = 400 * mebibyte;
  garbage.collected(constants.NODE_PERFORMANCE_GC_MAJOR);
  rig.arrayBuffers += 99 * mebibyte;
  assert.equal(look(), "young");
  rig.arrayBuffers += mebibyte;
  assert.equal(look(), "all");
});

test("what a young collection has left is no reason for the next one: it is held, or old", () => {
  const { rig, look } = counted();
  rig.arrayBuffers += 5 * mebibyte;
  assert.equal(look(), "young");
  rig.arrayBuffers += 3 * mebibyte;
  assert.deepEqual([look(), look()], ["nothing", "nothing"]);
  rig.arrayBuffers += 4 * mebibyte;
  assert.equal(look(), "young");
  // Freed late: what was left was less.
  assert.equal(look(), "nothing");
  rig.arrayBuffers -= 6 * mebibyte;
  assert.equal(look(), "nothing");
  rig.arrayBuffers += 4 * mebibyte;
  assert.equal(look(), "young");
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

test("a small heap grows by 40 MiB and not by more than 80 %, a large one as V8 likes; garbage makes no heap large", () => {
  let heapUsed = 40 * mebibyte;
  const told: number[] = [];
  const garbage = new Garbage({
    memory: () => ({ heapUsed, arrayBuffers: 0 }),
    collectYoung() {},
    collectAll() {},
    setGrowth: (percent) => told.push(percent),
  });
  garbage.start();
  garbage.stop();
  assert.deepEqual(told, [80]);
  const seen = [];
  for (const held of [40, 64, 80, 127, 128, 500, 100, 20]) {
    heapUsed = held * mebibyte;
    garbage.collected(constants.NODE_PERFORMANCE_GC_MAJOR);
    seen.push([held, told.at(-1)]);
    // Until V8 has collected, nobody knows how much of it is held.
    heapUsed = 1_000 * mebibyte;
    garbage.look();
    assert.equal(told.at(-1), seen.at(-1)?.[1]);
  }
  assert.deepEqual(seen, [
    ...[
      [40, 80],
      [64, 63],
      [80, 50],
      [127, 31],
    ],
    ...[
      [128, 0],
      [500, 0],
      [100, 40],
      [20, 80],
    ],
  ]);
});
