/**
 * The short form of each attack that needs no chain to go on for a while: one attacker for a second against real nodes, with
 * all limits but latencies. README.md says where the short forms of the others are.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { attack } from "./attack.ts";
import { faultsOf } from "./figures.ts";
import { HonestNetwork, type NetworkPlan } from "./honest-network.ts";
import { probeAccounts } from "./latency-probe.ts";
import { type Row, rows } from "./rows.ts";

const options = { attackers: 1, seconds: 1, baselineSeconds: 0.5, newcomers: 1, pairComesFirst: false };
const shared = rows.filter(({ aspect }) => aspect === undefined);

/** Two are enough for an honest pair: the shorter form of the plan. */
for (const [plan, group] of Map.groupBy(shared, ({ plan }) => plan)) {
  attackedByOne({ ...plan, nodes: 2 }, group);
}

function attackedByOne(plan: NetworkPlan, group: readonly Row[]): void {
  describe(`${plan.nodes} honest nodes of a chain of ${plan.kind}, attacked by one`, () => {
    let network: HonestNetwork;
    before(async () => {
      network = await HonestNetwork.open(plan, probeAccounts, false);
    });
    after(() => network.close());

    for (const row of group) {
      it(`hold: ${row.id}, ${row.what}`, async () => {
        const figures = await attack(row, network, options);
        assert.deepEqual(faultsOf(figures, { slowMachine: true }), []);
      });
    }
  });
}
