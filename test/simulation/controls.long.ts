/** That a simulation sees: what it must find when a rule is switched off, and that a seed is one run and no other. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Chain } from "../../src/chain/chain.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import type { Entry } from "../../src/ledger/entry.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createMemoryDisk } from "../support/memory-store.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { keyPairNamed, simulatedSpec, simulationStartMs } from "./chains.ts";
import { conservationViolations, entriesOf, ledgerViolations } from "./checks.ts";
import { scenarios } from "./scenarios.ts";
import { type SimulationOptions, type SimulationReport, simulate } from "./simulate.ts";

/** The first seed that shows a violation like this. */
async function firstViolation(
  options: SimulationOptions,
  wanted: RegExp,
  seedsMax = 20,
): Promise<SimulationReport> {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const report = await simulate(seed, options);
    if (report.violations.some((violation) => wanted.test(violation))) return report;
  }
  throw new Error(`no seed shows ${wanted}`);
}

describe("a simulation", () => {
  it("is the same run for the same seed, and another for another", async () => {
    const { mixed } = scenarios;
    const first = await simulate(7, mixed);
    assert.deepEqual(await simulate(7, mixed), first);
    assert.notEqual((await simulate(8, mixed)).traceHash, first.traceHash);
  });

  it("is full of trouble", async () => {
    const lines: string[] = [];
    let reorganizations = 0;
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const report = await simulate(seed, { ...scenarios.mixed, onTrace: (line) => lines.push(line) });
      reorganizations += report.reorganizations;
    }
    assert.ok(reorganizations > 0);
    for (const event of [/partition/, /crash$/m, /disk lost/, /disk full/, /clock wrong/, /bad link/]) {
      assert.ok(
        lines.some((line) => event.test(line)),
        `${event} happens`,
      );
    }
    for (const kind of ["transfer", "record", "registerUser", "issueAsset"]) {
      assert.ok(
        lines.some((line) => line.includes(`wallet`) && line.includes(kind)),
        kind,
      );
    }
  });
});

describe("the checks of a simulation see", () => {
  it("an authority that forgets what it sealed", async () => {
    // A signing gate that waits for another authority leaves few chances: about one seed in twelve shows it.
    const options = { ...scenarios.poa, rulesOff: { journal: true } };
    await firstViolation(options, /two blocks of one authority/, 120);
  });

  it("signatures that nobody verifies", async () => {
    await firstViolation({ ...scenarios.mixed, rulesOff: { signatures: true } }, /signature-invalid/);
  });

  it("wrong state roots: of all producers nothing is committed, of some nobody takes them", async () => {
    const { poa } = scenarios;
    await firstViolation({ ...poa, rulesOff: { stateRoots: poa.poaNodes } }, /is not committed/);
    const report = await simulate(1, { ...poa, rulesOff: { stateRoots: 3 } });
    assert.deepEqual(report.violations, []);
    assert.ok(report.committed > 0);
  });

  it("nodes that do not come together again", async () => {
    await firstViolation({ ...scenarios.poa, rulesOff: { healing: true } }, /no one head/);
  });

  it("money out of nothing, an asset that shrinks, and a ledger that is not its header's", async () => {
    const wallets = [keyPairNamed("wallet")];
    const spec = simulatedSpec("pow", [], wallets);
    const disk = createMemoryDisk();
    await Chain.open(
      { spec },
      {
        store: disk.open(),
        engine: createEngine(spec),
        verifier: createInlineVerifier(),
        clock: createSimulatedClock(simulationStartMs),
        logger: silentLogger,
      },
    );
    const store = disk.open();
    const entries = entriesOf(store);
    assert.deepEqual(conservationViolations(entries, spec, 0), []);
    assert.deepEqual(ledgerViolations(store), []);

    const account = toHex(wallets[0]!.publicKey);
    const richer: Entry[] = [{ type: "account", account, sequence: 0, balance: 10_000_000_001n }];
    assert.match(conservationViolations(richer, spec, 0)[0]!, /AUR/);
    const terms = { symbol: "X", name: "X", decimals: 0, metadata: "" };
    const assetId = "aa".repeat(32);
    const asset: Entry = { type: "asset", assetId, issuer: account, supply: 5n, ...terms };
    const held: Entry = { type: "assetBalance", account, assetId, balance: 4n };
    assert.match(conservationViolations([...entries, asset, held], spec, 0)[0]!, /asset/);
    const headerRecord = (hash: Uint8Array) => store.headerRecord(hash);
    const tampered = { head: store.head, headerRecord, entries: () => richer.entries() };
    assert.equal(ledgerViolations(tampered).length, 1);
  });
});
