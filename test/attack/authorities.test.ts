/** The short form of the attacks by those who hold a key, or ask for one: an authority of four, and a silent candidate. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attack } from "./attack.ts";
import { faultsOf } from "./figures.ts";
import { HonestNetwork } from "./honest-network.ts";
import { probeAccounts } from "./latency-probe.ts";
import { rows } from "./rows.ts";

const options = { attackers: 1, seconds: 1, baselineSeconds: 0.5, newcomers: 1, floodsYield: false };
/** Enough for each authority to seal twice. */
const periodsMin = 8;

describe("honest nodes, attacked from within", () => {
  for (const row of rows) {
    if (!row.needsFreshNodes || (row.attackersMin ?? 1) > options.attackers) continue;
    it(`hold: ${row.id}, ${row.what}`, async () => {
      const network = await HonestNetwork.open(row.plan, probeAccounts);
      try {
        const figures = await attack({ ...row, periodsMin }, network, options);
        assert.deepEqual(faultsOf(figures, { slowMachine: true }), []);
      } finally {
        await network.close();
      }
    });
  }
});
