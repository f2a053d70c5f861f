/** Share difficulty: every member ends up near a share every five seconds, and stays there. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { workOf } from "../../src/consensus/pow/work-rule.ts";
import {
  adjustedHashesPerShare,
  firstHashesPerShare,
  shareEveryMs,
  shareTargetOf,
} from "../../src/pool/share-difficulty.ts";
import { seededRandom } from "../network/host-rigs.ts";

interface Run {
  /** Of every share after the first hour. */
  readonly meanIntervalMs: number;
  readonly adjustments: number;
  /** When shares first came between half and double the wanted pace. */
  readonly settledMs: number;
}

/** A miner of a steady rate under the rule alone: its shares come at random, as they do. */
function mineFor(
  hours: number,
  hashesPerSecond: number,
  start: number,
  hashesPerBlock: number,
  seed: number,
): Run {
  const random = seededRandom(seed);
  const endMs = hours * 3_600_000;
  const lookMs = 5_000;
  let [nowMs, hashesPerShare, sinceMs, shares] = [0, start, 0, 0];
  let [lateShares, adjustments, settledMs] = [0, 0, Number.POSITIVE_INFINITY];
  while (nowMs < endMs) {
    const hardness = Math.min(hashesPerShare, hashesPerBlock);
    const intervalMs = (-Math.log(1 - random()) * hardness * 1000) / hashesPerSecond;
    // The rule is also asked in silence.
    const untilLookMs = lookMs - (nowMs % lookMs);
    if (intervalMs < untilLookMs) {
      nowMs += intervalMs;
      shares += 1;
      if (nowMs > 3_600_000) lateShares += 1;
    } else nowMs += untilLookMs;
    const elapsedMs = nowMs - sinceMs;
    const adjusted = adjustedHashesPerShare({ hashesPerShare, shares, elapsedMs, hashesPerBlock });
    if (adjusted === undefined) continue;
    if (adjusted !== hashesPerShare) adjustments += 1;
    [hashesPerShare, sinceMs, shares] = [adjusted, nowMs, 0];
    const wanted = hashesPerSecond * 5;
    if (hashesPerShare > wanted / 2 && hashesPerShare < wanted * 2) settledMs = Math.min(settledMs, nowMs);
  }
  return { meanIntervalMs: (endMs - 3_600_000) / lateShares, adjustments, settledMs };
}

const neverABlock = 1e30;

describe("share difficulty", () => {
  for (const [name, hashesPerSecond] of [
    ["1 kH/s", 1e3],
    ["30 kH/s", 3e4],
    ["1 MH/s", 1e6],
    ["40 MH/s", 4e7],
    ["1 GH/s", 1e9],
  ] as const) {
    it(`comes to a share every five seconds at ${name}, from knowing nothing`, () => {
      for (const seed of [1, 2, 3, 4]) {
        const run = mineFor(6, hashesPerSecond, firstHashesPerShare(0), neverABlock, seed);
        assert.ok(run.settledMs < 600_000, `settled after ${run.settledMs} ms`);
        const { meanIntervalMs } = run;
        assert.ok(
          meanIntervalMs > shareEveryMs * 0.7 && meanIntervalMs < shareEveryMs * 1.4,
          `${meanIntervalMs} ms`,
        );
      }
    });
  }

  it("starts right with a member that knows its rate, and leaves it alone most of the time", () => {
    const hours = 6;
    const { adjustments } = mineFor(hours, 2e7, firstHashesPerShare(2e7), neverABlock, 5);
    const measurements = (hours * 3_600_000) / (24 * shareEveryMs);
    assert.ok(adjustments < measurements * 0.3, `${adjustments} in ${measurements} measurements`);
  });

  it("comes back from a hint that was a lie either way", () => {
    for (const lie of [1, Number.MAX_SAFE_INTEGER]) {
      const { settledMs } = mineFor(2, 1e6, firstHashesPerShare(lie), neverABlock, 6);
      assert.ok(settledMs < 1_200_000, `settled after ${settledMs} ms`);
    }
  });

  it("is never harder than the block, nor changes by more than four at a step", () => {
    const pace = fc.record({
      hashesPerShare: fc.double({ min: 1, max: 1e20, noNaN: true }),
      shares: fc.nat(1_000),
      elapsedMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
      hashesPerBlock: fc.double({ min: 1, max: 1e20, noNaN: true }),
    });
    fc.assert(
      fc.property(pace, (measured) => {
        const adjusted = adjustedHashesPerShare(measured);
        if (adjusted === undefined) {
          assert.ok(measured.shares < 24 && measured.elapsedMs < 120_000, "a measurement ends");
          return;
        }
        const current = Math.min(measured.hashesPerShare, measured.hashesPerBlock);
        assert.ok(adjusted >= 1 && adjusted <= measured.hashesPerBlock);
        assert.ok(adjusted <= current * 4 && adjusted >= Math.max(1, current / 4) * 0.999_999);
        const isSlow = measured.shares * shareEveryMs < measured.elapsedMs;
        assert.ok(isSlow ? adjusted <= current : adjusted >= current, "in the right direction");
      }),
      { numRuns: 2_000 },
    );
  });

  it("gives a target whose work is what was asked for", () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e25, noNaN: true }), (hashesPerShare) => {
        const work = Number(workOf(shareTargetOf(hashesPerShare)));
        assert.ok(Math.abs(work - hashesPerShare) <= 1 + hashesPerShare * 1e-12, `${work}`);
      }),
    );
    assert.deepEqual(shareTargetOf(1), new Uint8Array(32).fill(0xff));
  });
});
