/** The table from fault to verdict: what says something about the sender, and what only about us. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { verdictOf } from "../../src/network/verdicts.ts";
import type { Fault, FaultCode } from "../../src/protocol/faults.ts";

/** Depends on what we have seen, on our clock, on our mempool, or on our version. */
const dependsOnUs: readonly FaultCode[] = [
  "block/known",
  "block/parent-unknown",
  "block/orphan-unlikely",
  "block/timestamp-ahead",
  "block/version-unknown",
  "block/queue-full",
  "block/far-behind",
  "block/consensus-section-not-open",
  "block/conflicts-with-final",
  "vote/known",
  "vote/stale",
  "vote/target-unknown",
  "vote/voter-not-authority",
  "evidence/known",
  "evidence/offender-not-removable",
  "transaction/voter-not-authority",
  "transaction/vote-useless",
  "transaction/version-unknown",
  "transaction/kind-not-open",
  "transaction/sequence-used",
  "transaction/sequence-gap",
  "transaction/balance-too-low",
  "transaction/amount-overflow",
  "transaction/expired",
  "transaction/name-taken",
  "transaction/sender-has-name",
  "transaction/asset-unknown",
  "mempool/known",
  "mempool/full",
  "mempool/account-full",
  "mempool/too-large",
  "mempool/sequence-too-far",
  "mempool/replacement-fee-too-low",
  "mempool/sequence-taken",
  "mempool/not-stored",
  "mempool/replaced",
  "mempool/withdrawn",
  "mempool/expired",
  "record/stale",
  "record/timestamp-ahead",
];

const declared = readFileSync(path.join(import.meta.dirname, "../../src/protocol/faults.ts"), "utf8");
const codes = [...new Set(Array.from(declared.matchAll(/code: "([a-z]+\/[a-z-]+)"/g), ([, code]) => code!))];

describe("the verdict of a fault", () => {
  it("is there for every fault that is declared", () => {
    assert.ok(codes.length > 50);
    for (const code of codes) {
      assert.match(String(verdictOf({ code } as Fault)), /^(ignore|reject)$/, code);
    }
  });

  it("is to ignore exactly where an honest peer may send it", () => {
    const ignored = codes.filter((code) => verdictOf({ code } as Fault) === "ignore");
    assert.deepEqual(ignored.sort(), [...dependsOnUs].sort());
  });
});
