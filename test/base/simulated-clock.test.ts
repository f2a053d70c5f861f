/** Simulated time: order, cancelling, promises between timers, and a wall clock that jumps. */
import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { sleep } from "../../src/base/clock.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

it("fires timers by time, and in the order of setting within one instant", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ delayMs: fc.nat(20), cancelled: fc.boolean() })), async (plan) => {
      const clock = createSimulatedClock(0);
      const fired: number[] = [];
      const timers = plan.map(({ delayMs }, index) => clock.schedule(delayMs, () => fired.push(index)));
      for (const [index, { cancelled }] of plan.entries()) if (cancelled) timers[index]!.cancel();
      const expected = [...plan.keys()]
        .filter((index) => !plan[index]!.cancelled)
        .sort((a, b) => plan[a]!.delayMs - plan[b]!.delayMs || a - b);
      assert.equal(clock.pending, expected.length);
      await clock.advance(20);
      assert.deepEqual(fired, expected);
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 50 },
  );
});

it("lets promises go on between timers, at the time of their timer", async () => {
  const clock = createSimulatedClock(1_000);
  const log: string[] = [];
  const work = async (name: string, delayMs: number) => {
    for (let round = 0; round < 3; round += 1) {
      await sleep(clock, delayMs);
      log.push(`${clock.monotonicMs()} ${name}`);
    }
  };
  void work("a", 10);
  void work("b", 15);
  await clock.advance(35);
  assert.deepEqual(log, ["10 a", "15 b", "20 a", "30 b", "30 a"]);
  assert.equal(clock.monotonicMs(), 35);
  assert.equal(clock.nowMs(), 1_035);
});

it("runs timer by timer until none waits", async () => {
  const clock = createSimulatedClock(0);
  let fired = 0;
  clock.schedule(5, () => {
    fired += 1;
    clock.schedule(7, () => {
      fired += 1;
    });
  });
  assert.equal(await clock.runNext(), true);
  assert.equal(await clock.runNext(), true);
  assert.equal(await clock.runNext(), false);
  assert.deepEqual([fired, clock.monotonicMs()], [2, 12]);
});

it("sets the wall clock back without touching durations", async () => {
  const clock = createSimulatedClock(10_000);
  let fired = false;
  clock.schedule(100, () => {
    fired = true;
  });
  clock.jumpWallClock(-5_000);
  assert.deepEqual([clock.nowMs(), clock.monotonicMs()], [5_000, 0]);
  await clock.advance(100);
  assert.ok(fired);
});
