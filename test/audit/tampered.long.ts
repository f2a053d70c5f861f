/** Every tampering and forgery. Of single values every fifth, unless SUITE_TAMPERINGS=all: they are more than a thousand. */
import { describe } from "node:test";
import { chainTamperings } from "./chain-tamperings.ts";
import { columnTamperings } from "./column-tamperings.ts";
import { forgeries } from "./forgeries.ts";
import { peopleTamperings } from "./money-tamperings.ts";
import { orphanForgeries } from "./orphan-forgeries.ts";
import { fileTamperings } from "./schema-tamperings.ts";
import { testForgeries, testTamperings, writeLedgers } from "./tamper-tests.ts";

const ledgers = await writeLedgers();
const every = process.env.SUITE_TAMPERINGS === "all" ? 1 : 5;

describe("a ledger that somebody has tampered with", () => {
  testTamperings("the chain", ledgers, chainTamperings);
  testTamperings("what people have", ledgers, peopleTamperings);
  testTamperings("the file and what was observed", ledgers, fileTamperings);
  for (const name of ["poa", "pow"] as const) {
    const values = columnTamperings(ledgers[name], name);
    testTamperings(
      `single values of ${name}`,
      ledgers,
      values.filter((_, index) => index % every === 0),
    );
  }
});

testForgeries("a ledger of forged blocks", [...forgeries, ...orphanForgeries]);
