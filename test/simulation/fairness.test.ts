/** Fairness under Byzantine authorities: liveness, chain quality and inclusion in cells of scripted strategies, and controls that do break. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { cellsOf, fairClocksMs, fairCounts, replayOfCell } from "./fairness/cells.ts";
import { fairControlNames } from "./fairness/fair-controls.ts";
import { simulateCell } from "./fairness/simulate-cell.ts";
import { collusions, strategies } from "./fairness/strategies.ts";
import { type SimulationOutcome, simulateAll } from "./finality/tasks.ts";

/** `npm run sim` has all numbers of authorities, networks and clocks, and more heights. */
const cells = [
  ...cellsOf({ seeds: 1, heights: 20, counts: [4], networks: ["wan"], clocks: [1_000] }),
  ...cellsOf({
    ...{ seeds: 1, heights: 16, counts: [7], networks: ["lan"], clocks: [200] },
    strategies: collusions.map((pair) => pair.join("+")),
  }),
];

describe(`fairness in ${cells.length} cells`, () => {
  let outcome: SimulationOutcome;
  before(async () => {
    outcome = await simulateAll({ runs: 0, controls: [], cells });
  });

  it("holds: honest authorities seal, transactions are included, blocks become final, offenders go", () => {
    const { groups, failed } = outcome.fairness;
    const seen = Object.values(groups).reduce((sum, group) => sum + group.cells, 0);
    assert.equal(seen, cells.length);
    const [first] = failed;
    assert.deepEqual(failed, [], first && `see it again: ${replayOfCell(first.cell)}`);
  });

  it("puts out whoever contradicts itself", () => {
    const { groups } = outcome.fairness;
    for (const name of ["split", "equivocate"]) {
      assert.ok(groups[name]?.offenderOutMax !== undefined, `somebody offends: ${name}`);
    }
    assert.equal(groups.honest?.offenderOutMax, undefined, "nobody is taken for an offender");
  });

  for (const [position, name] of fairControlNames.entries()) {
    it(`breaks without ${name}`, () => {
      const control = outcome.fairControls[position];
      assert.equal(control?.name, name);
      assert.ok(control?.broken, `not in ${control?.runs} cells`);
    });
  }
});

describe("the cells of fairness", () => {
  it("have each strategy with each number, network and clock, and pairs where two may be Byzantine", () => {
    const all = cellsOf({ seeds: 1, heights: 1 });
    const alone = fairCounts.length * 2 * fairClocksMs.length * (strategies.length + 1);
    assert.ok(strategies.length >= 30);
    assert.equal(all.length, alone + 2 * fairClocksMs.length * collusions.length);
  });

  it("are the same for the same seed, also among others, and another for another", () => {
    const [first, second] = cellsOf({ seeds: 2, heights: 5, counts: [4], strategies: ["split"] });
    assert.ok(first && second);
    const before = simulateCell(first);
    assert.notDeepEqual(simulateCell(second).measures, before.measures);
    assert.deepEqual(simulateCell(first), before);
  });
});
