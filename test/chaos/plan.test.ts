/** The plan of a run: the same for the same seed, with every kind, and one thing at a time for each node. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Perturbation, type PerturbationKind, planOf } from "./plan.ts";

const kinds: PerturbationKind[] = ["kill", "pause", "restart", "cut"];
const options = { nodes: 4, perturbations: 40, durationMs: 300_000, kinds };

describe("a plan of perturbations", () => {
  it("is the same for the same seed, and another one for another seed", () => {
    assert.deepEqual(planOf({ ...options, seed: 7 }), planOf({ ...options, seed: 7 }));
    assert.notDeepEqual(planOf({ ...options, seed: 7 }), planOf({ ...options, seed: 8 }));
  });

  it("has every kind equally often, in the order of time, within about the time of the run", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const plan = planOf({ ...options, seed });
      assert.equal(plan.length, 40);
      for (const kind of kinds) assert.equal(plan.filter((each) => each.kind === kind).length, 10);
      const times = plan.map(({ atMs }) => atMs);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
      assert.ok((times.at(-1) ?? 0) <= 330_000, `seed ${seed}: the last one at ${times.at(-1)}`);
      assert.ok(
        plan.some(({ awayMs }) => awayMs > 10_000),
        `seed ${seed}: one is longer than a time limit`,
      );
    }
  });

  it("lets a node come back before the next one of that node, while others may be away", () => {
    let overlaps = 0;
    for (let seed = 1; seed <= 200; seed += 1) {
      const lastOf = new Map<number, Perturbation>();
      for (const each of planOf({ ...options, seed })) {
        const last = lastOf.get(each.node);
        if (last) assert.ok(each.atMs >= last.atMs + last.awayMs + 5_000, `seed ${seed}`);
        overlaps += [...lastOf.values()].filter(({ atMs, awayMs }) => atMs + awayMs > each.atMs).length;
        lastOf.set(each.node, each);
      }
      assert.equal(lastOf.size, 4, `seed ${seed}: every node has its share`);
    }
    assert.ok(overlaps > 200, `${overlaps} overlaps in 200 plans`);
  });
});
