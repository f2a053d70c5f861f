/**
 * A part of the tamperings and forgeries, spread over all kinds, and ledgers that nobody has touched. All of them:
 * `npm run test:long -- audit`.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { auditLedger } from "../../src/audit/audit-ledger.ts";
import { findingsOf } from "./caught.ts";
import { chainTamperings } from "./chain-tamperings.ts";
import { columnTamperings } from "./column-tamperings.ts";
import { forgeries } from "./forgeries.ts";
import { peopleTamperings } from "./money-tamperings.ts";
import { orphanForgeries } from "./orphan-forgeries.ts";
import { fileTamperings } from "./schema-tamperings.ts";
import { testForgeries, testTamperings, writeLedgers } from "./tamper-tests.ts";

const ledgers = await writeLedgers();

/** Every so manieth, so that each kind is there. */
function some<Item>(items: readonly Item[], every: number): Item[] {
  return items.filter((_, index) => index % every === 0);
}

describe("a ledger that somebody has tampered with", () => {
  testTamperings("the chain", ledgers, some(chainTamperings, 8));
  testTamperings("what people have", ledgers, some(peopleTamperings, 8));
  testTamperings("the file and what was observed", ledgers, some(fileTamperings, 8));
  for (const name of ["poa", "pow"] as const) {
    testTamperings("single values", ledgers, some(columnTamperings(ledgers[name], name), 80));
  }
});

testForgeries("a ledger of forged blocks", some([...forgeries, ...orphanForgeries], 6));

describe("a ledger that nobody has touched", () => {
  for (const [name, file] of Object.entries(ledgers)) {
    it(`has no finding: ${name}`, async () => {
      const result = await auditLedger({ file, jobs: 1 });
      assert.deepEqual(findingsOf(result), []);
      assert.equal(result.verdict, "consistent");
    });
  }
});
