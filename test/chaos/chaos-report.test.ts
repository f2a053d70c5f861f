/** What a run of chaos is held to: each promise that can be broken is found broken, and a run without trouble passes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChaosReport } from "./chaos.ts";
import { chaosText, promisesOf } from "./chaos-report.ts";
import type { Missing } from "./end-state.ts";

const good: ChaosReport = {
  seed: 7,
  durationMs: 60_000,
  folder: null,
  skipped: [],
  outcomes: [
    { atMs: 1_000, node: 0, name: "north", kind: "kill", awayMs: 500, backMs: 2_000, limitMs: 10_000 },
  ],
  acknowledged: 100,
  unanswered: 2,
  refusals: {},
  lost: [],
  stuck: [],
  settledMs: 3_000,
  replaced: undefined,
  comparison: { equal: true, differences: [], height: 30, hash: "ab".repeat(32) },
  finalHeight: 29,
};
const missing: Missing = {
  id: "cd".repeat(32),
  account: "aurex1someone",
  sequence: 4,
  by: "north",
  said: { north: "not known" },
};
const [outcome] = good.outcomes;

describe("the verdict on a run", () => {
  it("is that all is well if it is", () => {
    assert.deepEqual(
      promisesOf(good).filter(({ kept }) => !kept),
      [],
    );
  });

  const broken: [string, Partial<ChaosReport>, RegExp][] = [
    ["nothing was acknowledged", { acknowledged: 0 }, /acknowledged and blocks became final/],
    ["nothing became final", { finalHeight: 0 }, /acknowledged and blocks became final/],
    [
      "a transaction was lost",
      { lost: [missing], settledMs: undefined },
      /no acknowledged transaction is lost/,
    ],
    ["a transaction is stuck", { stuck: [missing], settledMs: undefined }, /none is stuck/],
    [
      "a final block was replaced",
      { replaced: "block 7 is final as a and b" },
      /no final block was replaced/,
    ],
    [
      "nodes differ",
      { comparison: { ...good.comparison, equal: false, differences: ["heads"] } },
      /all nodes are equal/,
    ],
    ["a node was not back", { outcomes: outcome ? [{ ...outcome, backMs: undefined }] : [] }, /back in time/],
  ];
  for (const [what, change, promise] of broken) {
    it(`is that a promise is broken if ${what}`, () => {
      const report = { ...good, ...change };
      const promises = promisesOf(report);
      const found = promises.filter(({ kept }) => !kept);
      assert.equal(found.length, 1);
      assert.match(found[0]?.what ?? "", promise);
      assert.match(chaosText(report, promises), /^BROKEN .*\n/m);
    });
  }

  it("is that a node that was back too late breaks its promise", () => {
    const slowest = Math.max(...good.outcomes.map(({ backMs = 0 }) => backMs));
    const keptWithin = (ms: number) => promisesOf(good, ms).every(({ kept }) => kept);
    assert.deepEqual([keptWithin(slowest), keptWithin(slowest - 1)], [true, false]);
  });

  it("names the seed that repeats it, and what was skipped", () => {
    const report = { ...good, skipped: ["cut: no namespaces"] };
    const text = chaosText(report, promisesOf(report));
    assert.match(text, /--seed 7 --minutes 1 --perturbations 1$/);
    assert.match(text, /skipped: cut: no namespaces/);
  });
});
