/** Runs one scenario over many seeds; a seed that fails says how to see it again. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OwnThread } from "../support/own-thread.ts";
import type { ScenarioName } from "./scenarios.ts";
import type { SimulationReport } from "./simulate.ts";

/** Seeds of all scenarios together; more by the environment variable SUITE_SIMULATION_SEEDS. */
export const seedsTotal: number = Number(process.env.SUITE_SIMULATION_SEEDS ?? 16);
/** One test a batch, so that a report stays readable. */
const batchSeeds = 10;

const thread = new OwnThread(new URL("./seed.ts", import.meta.url));

export function simulateSeeds(name: ScenarioName, count: number): void {
  describe(`simulation of ten nodes: ${name}`, () => {
    for (let first = 1; first <= count; first += batchSeeds) {
      const last = Math.min(count, first + batchSeeds - 1);
      it(`seeds ${first} to ${last}`, async () => {
        let committed = 0;
        for (let seed = first; seed <= last; seed += 1) {
          const report = await thread.call<SimulationReport>("simulateSeed", name, seed);
          const again = `see it again: node_modules/.bin/node test/simulation/replay.ts ${name} ${seed}`;
          assert.deepEqual(report.violations, [], `seed ${seed} of ${name} fails; ${again}`);
          committed += report.committed;
        }
        assert.ok(committed > 0, "something was committed");
      });
    }
  });
}
