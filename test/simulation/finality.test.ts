/** Finality under adversaries: no two conflicting final blocks in thousands of seeded runs, and controls that do break. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { controlNames } from "./finality/controls.ts";
import type { Happenings } from "./finality/referee.ts";
import { replayOf } from "./finality/sim-table.ts";
import { type RunReport, simulateFinality } from "./finality/simulate-finality.ts";
import { type SimulationOutcome, simulateAll } from "./finality/tasks.ts";

/** `npm run test:long` does 20,000. More or fewer by the environment variable SUITE_SIMULATION_RUNS. */
const runs = Number(process.env.SUITE_SIMULATION_RUNS ?? 400);

function traced(seed: number): { readonly report: RunReport; readonly lines: readonly string[] } {
  const lines: string[] = [];
  return { report: simulateFinality(seed, { onTrace: (line) => lines.push(line) }), lines };
}

describe(`finality in ${runs} simulated runs`, () => {
  let outcome: SimulationOutcome;
  before(async () => {
    outcome = await simulateAll({ runs });
  });

  it("never shows two conflicting final blocks, nor anything else that must not be", () => {
    const { figures } = outcome;
    const [first] = figures.failed;
    assert.equal(figures.runs, runs);
    assert.deepEqual(figures.failed, [], first && `see it again: ${replayOf(first)}`);
  });

  it("comes back in every run after the network has healed", () => {
    const { recoverable, recovered } = outcome.figures;
    assert.equal(recovered, recoverable);
    assert.ok(recoverable > 0.95 * runs, `${recoverable} runs had what it needs`);
  });

  it("is put under every kind of trouble, with 1 to 7 authorities", () => {
    const { figures } = outcome;
    for (const [name, count] of Object.entries(figures.happenings) as [keyof Happenings, number][]) {
      assert.ok(count > 0, `${name} happens`);
    }
    assert.deepEqual(Object.keys(figures.runsByCount), ["1", "2", "3", "4", "5", "6", "7"]);
    assert.ok(figures.withByzantine > runs / 4);
  });

  for (const [position, name] of controlNames.entries()) {
    it(`breaks without ${name}`, () => {
      const control = outcome.controls[position];
      assert.equal(control?.name, name);
      assert.ok(control?.broken, `not in ${control?.runs} runs`);
    });
  }
});

describe("a large set", () => {
  for (const { authorityCount, byzantineCount } of [
    { authorityCount: 13, byzantineCount: 4 },
    { authorityCount: 25, byzantineCount: 8 },
  ]) {
    it(`of ${authorityCount} withstands ${byzantineCount} that mean harm`, () => {
      // A run costs by the square of the number.
      const reports = [0, 1, 2, 3, 4, 5, 6, 7].map((seed) => simulateFinality(seed, { authorityCount }));
      assert.ok(reports.some((report) => report.byzantineCount === byzantineCount));
      for (const { seed, violations } of reports)
        assert.deepEqual(
          violations,
          [],
          `see it again: npm run sim -- --seed ${seed} --nodes ${authorityCount}`,
        );
    });
  }
});

describe("a run", () => {
  it("is the same for the same seed, also among others, and another for another", () => {
    const first = traced(7);
    assert.notDeepEqual(traced(8).lines, first.lines);
    assert.deepEqual(traced(7), first);
  });
});
