/** Runs tamperings and forgeries as tests, each on a copy of its own. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { missedIn } from "./caught.ts";
import type { Forgery } from "./forgeries.ts";
import { writeAuthorityLedger, writeMixedLedger, writeWorkLedger } from "./ledgers.ts";
import { type LedgerName, type Tampering, tamperedCopy } from "./tampering.ts";

export type Ledgers = Readonly<Record<LedgerName, string>>;

/** Untouched ledgers, which last as long as the test file. */
export async function writeLedgers(): Promise<Ledgers> {
  const folder = await folderUntilEnd("aurex-tampered-");
  const [poa, pow, mixed] = ["poa", "pow", "mixed"].map((name) => path.join(folder, `${name}.sqlite`)) as [
    string,
    string,
    string,
  ];
  await writeAuthorityLedger(poa);
  await writeWorkLedger(pow);
  await writeMixedLedger(mixed);
  return { poa, pow, mixed };
}

/** One test for all of a kind: a thousand copies are nothing that a reader wants to see one by one. */
export function testTamperings(title: string, ledgers: Ledgers, tamperings: readonly Tampering[]): void {
  it(`${title}: ${tamperings.length}, each seen by the check that should`, async () => {
    const missed: string[] = [];
    for (const tampering of tamperings) {
      const copy = `${ledgers[tampering.ledger]}-copy`;
      tamperedCopy(ledgers[tampering.ledger], copy, tampering);
      const miss = await missedIn(copy, tampering);
      if (miss) missed.push(`${tampering.ledger}, ${tampering.name}: ${miss}`);
    }
    assert.deepEqual(missed, []);
  });
}

export function testForgeries(title: string, forgeries: readonly Forgery[]): void {
  describe(title, () => {
    it(`${forgeries.length} blocks that break one rule each are seen by the check that should`, async () => {
      const folder = await folderUntilEnd("aurex-forged-");
      const file = path.join(folder, "forged.sqlite");
      const missed: string[] = [];
      for (const forgery of forgeries) {
        await rm(file, { force: true });
        await forgery.write(file);
        const miss = await missedIn(file, forgery);
        if (miss) missed.push(`${forgery.name}: ${miss}`);
      }
      assert.deepEqual(missed, []);
    });
  });
}
