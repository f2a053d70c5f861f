/** A short run of chaos: real processes, a few perturbations of every kind, and every promise kept. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { suiteMaxMs } from "../support/patience.ts";
import { chaos } from "./chaos.ts";
import { chaosText, promisesOf } from "./chaos-report.ts";

describe("four authorities under load", { timeout: suiteMaxMs }, () => {
  it("keep every promise through kills, restarts, pauses and cuts", async (t) => {
    const options = { seed: 7, durationMs: 12_000, perturbations: 4, accounts: 4, keep: false };
    const said: string[] = [];
    const report = await chaos(options, { say: (text) => said.push(text) });
    const promises = promisesOf(report);
    for (const why of report.skipped) t.diagnostic(`skipped: ${why}`);
    const broken = promises.filter(({ kept }) => !kept);
    assert.deepEqual(broken, [], `${said.join("\n")}\n${chaosText(report, promises)}`);
    assert.equal(report.outcomes.length, 4);
  });
});
