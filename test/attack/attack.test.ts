/** The short form of each attack that holds: one attacker for a second against two real nodes, with all limits but latencies. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { attack } from "./attack.ts";
import { faultsOf } from "./figures.ts";
import { HonestNetwork, type NetworkPlan } from "./honest-network.ts";
import { probeAccounts } from "./latency-probe.ts";
import { rowsNamed } from "./rows.ts";

const options = { attackers: 1, seconds: 1, baselineSeconds: 0.5, newcomers: 1 };

const groups: readonly { readonly plan: NetworkPlan; readonly ids: readonly string[] }[] = [
  {
    plan: { kind: "authorities", nodes: 2 },
    ids: ["1a", "5a", "6", "7", "10a", "10b", "10d", "11b", "11e"],
  },
];

for (const { plan, ids } of groups) {
  describe(`${plan.nodes} honest nodes of a chain of ${plan.kind}, attacked by one`, () => {
    let network: HonestNetwork;
    before(async () => {
      network = await HonestNetwork.open(plan, probeAccounts);
    });
    after(() => network.close());

    for (const row of rowsNamed(ids)) {
      it(`hold: ${row.what}`, async () => {
        const figures = await attack(row, network, options);
        assert.ok(figures.sent > 0, "the attacker attacks");
        assert.deepEqual(faultsOf(figures, { slowMachine: true }), []);
      });
    }
  });
}
