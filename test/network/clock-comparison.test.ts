/** Whose clock is off: pure over offsets, and what of it lasts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromUtf8 } from "../../src/base/bytes.ts";
import {
  ClockComparison,
  clockOffMaxMs,
  clockOffsetMs,
  describeClock,
  judgeClock,
  type MeasuredClock,
  medianNearZero,
} from "../../src/network/peers/clock-comparison.ts";
import { genesisMs, keyPairNamed } from "../chain/block-builder.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

const keys = Array.from({ length: 8 }, (_, index) => keyPairNamed(`clock ${index}`).publicKey);
const stranger = keyPairNamed("stranger").publicKey;

function clocksOf(offsetsMs: readonly number[]): MeasuredClock[] {
  return offsetsMs.map((offsetMs, index) => {
    return { publicKey: keys[index % keys.length]!, name: `node-${index}`, offsetMs };
  });
}

const offset = fc.integer({ min: -100_000_000, max: 100_000_000 });
/** Clocks that agree with the true time as well as they should. */
const small = fc.integer({ min: -500, max: 500 });

describe("the offset of a peer's clock", () => {
  it("is wrong by no more than half the way there and back, however that divides", () => {
    const times = fc.record({
      trueOffsetMs: fc.integer({ min: -10_000_000, max: 10_000_000 }),
      thereMs: fc.integer({ min: 0, max: 500 }),
      backMs: fc.integer({ min: 0, max: 500 }),
    });
    fc.assert(
      fc.property(times, ({ trueOffsetMs, thereMs, backMs }) => {
        const sentMs = genesisMs;
        const message = { clockMs: sentMs + thereMs + trueOffsetMs };
        const roundTripMs = thereMs + backMs;
        const measured = clockOffsetMs({ message, roundTripMs, receivedMs: sentMs + roundTripMs });
        assert.ok(measured !== undefined);
        assert.ok(Math.abs(measured - trueOffsetMs) <= roundTripMs / 2);
      }),
    );
  });

  it("is none where the answer took too long", () => {
    const message = { clockMs: genesisMs };
    assert.equal(clockOffsetMs({ message, roundTripMs: 1_001, receivedMs: genesisMs }), undefined);
  });
});

describe("judging one's own clock", () => {
  it("takes the middle, and of two in the middle the one nearer to zero", () => {
    assert.equal(medianNearZero([]), undefined);
    assert.equal(medianNearZero([5]), 5);
    assert.equal(medianNearZero([9_000, -40]), -40);
    assert.equal(medianNearZero([3, -9_000, 7_000, 8_000]), 3);
    assert.equal(medianNearZero([-3_000, -9_000, 7_000]), -3_000);
  });

  it("a good clock is not accused by half of the others, whatever they say", () => {
    const half = fc
      .tuple(fc.array(small, { minLength: 1, maxLength: 20 }), fc.array(offset, { maxLength: 20 }))
      .filter(([honest, lying]) => lying.length <= honest.length);
    fc.assert(
      fc.property(half, ([honest, lying]) => {
        assert.equal(judgeClock(clocksOf([...lying, ...honest])).isOff, false);
      }),
    );
  });

  it("a bad clock is found while more than half of at least two others are good, in any order", () => {
    const others = fc
      .tuple(
        fc.array(small, { minLength: 2, maxLength: 20 }),
        fc.array(offset, { maxLength: 20 }),
        fc.integer({ min: clockOffMaxMs + 501, max: 1e8 }),
        fc.boolean(),
        fc.func(fc.integer()),
      )
      .filter(([honest, lying]) => lying.length < honest.length);
    fc.assert(
      fc.property(others, ([honest, lying, skewMs, isBehind, order]) => {
        const byMs = isBehind ? skewMs : -skewMs;
        const offsets = [...honest.map((offsetMs) => offsetMs + byMs), ...lying];
        const shuffled = offsets
          .map((offsetMs, index) => ({ offsetMs, at: order(index) }))
          .sort((a, b) => a.at - b.at);
        const verdict = judgeClock(clocksOf(shuffled.map(({ offsetMs }) => offsetMs)));
        assert.ok(verdict.isOff);
        assert.ok(Math.abs(verdict.medianMs! - byMs) <= 500, "and by how much");
        assert.match(describeClock(verdict)!, isBehind ? /this machine.*behind/ : /this machine.*ahead/);
      }),
    );
  });

  it("says whose clock differs where it is not this one", () => {
    assert.equal(describeClock(judgeClock(clocksOf([10, -20, 30]))), undefined);
    const verdict = judgeClock(clocksOf([10, 5_250, -20]));
    assert.equal(verdict.isOff, false);
    assert.equal(describeClock(verdict), "clocks differ: that of node-1 is 5.3 s ahead of ours");
    const alone = judgeClock(clocksOf([-60_000]));
    assert.equal(alone.isOff, false, "one other clock cannot say which is wrong");
    assert.match(describeClock(alone)!, /node-0 is 60\.0 s behind ours .*nobody can say/);
    const off = judgeClock(clocksOf([4_200, 4_100]));
    assert.equal(
      describeClock(off),
      "this machine's clock is 4.1 s behind the median of 2 other authorities",
    );
  });
});

describe("comparing clocks over time", () => {
  function comparing(set: readonly Uint8Array[] | undefined) {
    const clock = createSimulatedClock(genesisMs);
    let authorities = set;
    const comparison = new ClockComparison({ clock, ownKey: keys[0]!, authorities: () => authorities });
    const greeted = (publicKey: Uint8Array, offsetMs: number, address = "/ip4/127.0.0.1/tcp/1") => {
      const message = { clockMs: clock.nowMs() + offsetMs };
      const answer = { message, roundTripMs: 0, receivedMs: clock.nowMs() };
      comparison.answered({ publicKey, name: fromUtf8("x") }, answer, address);
    };
    const setAuthorities = (next: readonly Uint8Array[]) => {
      authorities = next;
    };
    return { clock, comparison, greeted, setAuthorities };
  }

  it("counts the other authorities of the day only, each with its last offset", () => {
    const { comparison, greeted, setAuthorities } = comparing(keys.slice(0, 3));
    greeted(keys[0]!, 9_000);
    greeted(stranger, 9_000);
    greeted(keys[1]!, 9_000);
    assert.equal(comparison.verdict().measured, 1);
    assert.equal(comparison.verdict().isOff, false);
    greeted(keys[2]!, 3_000);
    assert.deepEqual([comparison.verdict().isOff, comparison.verdict().medianMs], [true, 3_000]);
    greeted(keys[2]!, 100);
    assert.deepEqual([comparison.verdict().isOff, comparison.verdict().medianMs], [false, 100]);
    setAuthorities(keys.slice(0, 2));
    assert.equal(comparison.verdict().measured, 1);
  });

  it("forgets what was measured long ago: the clock may have been set since", async () => {
    const { clock, comparison, greeted } = comparing(keys.slice(0, 3));
    greeted(keys[1]!, 9_000);
    greeted(keys[2]!, 9_000);
    assert.ok(comparison.verdict().isOff);
    await clock.advance(60_001);
    assert.deepEqual(comparison.verdict(), judgeClock([]));
  });

  it("a flood of strangers pushes out no authority", () => {
    const { comparison, greeted } = comparing(keys.slice(0, 3));
    greeted(keys[1]!, 9_000);
    greeted(keys[2]!, 9_000);
    for (let index = 0; index < 1_000; index += 1) greeted(keyPairNamed(`s${index}`).publicKey, 0);
    assert.equal(comparison.verdict().measured, 2);
  });

  it("counts each peer of a chain that has no authorities, one clock for each address", () => {
    const { comparison, greeted } = comparing(undefined);
    for (let index = 0; index < 20; index += 1) {
      greeted(keyPairNamed(`sybil ${index}`).publicKey, 15_000, `/ip4/203.0.113.7/tcp/${4_000 + index}`);
    }
    assert.deepEqual([comparison.verdict().measured, comparison.verdict().isOff], [1, false]);
    greeted(keys[1]!, 15_000, "/ip4/203.0.113.8/tcp/4000");
    assert.equal(comparison.verdict().isOff, false, "two addresses accuse nobody");
    assert.match(
      describeClock(comparison.verdict()) ?? "",
      /^clocks differ: that of x is 15\.0 s ahead of ours, that/,
    );
    greeted(keys[2]!, 40, "/ip4/203.0.113.9/tcp/4000");
    assert.equal(comparison.verdict().isOff, true, "of three the middle counts");
    greeted(keys[3]!, -20, "/ip6/2001:db8::1/tcp/4000");
    assert.equal(comparison.verdict().isOff, false, "half of the others accuse nobody");
  });

  it("says of two miners that they differ, and that nobody can say which is right", () => {
    const { comparison, greeted } = comparing(undefined);
    greeted(keys[1]!, 15_000);
    assert.equal(
      describeClock(comparison.verdict()),
      "clocks differ: that of x is 15.0 s ahead of ours (of two clocks nobody can say which is right)",
    );
  });
});
