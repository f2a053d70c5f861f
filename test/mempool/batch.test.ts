/** A batch is what the same transactions are one after the other: the same outcomes, the same pool. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { silentLogger } from "../../src/base/logger.ts";
import { type AddOutcome, createMempool, type Mempool } from "../../src/mempool/mempool.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { signed, spoiled, TestLedger, type TestTransaction } from "./test-ledger.ts";

const balance = 1_000n;

function open(): Mempool {
  const ledger = new TestLedger(balance);
  const modules = { verifier: createInlineVerifier(), ledger: ledger.head, logger: silentLogger };
  return createMempool({}, { clock: createSimulatedClock(0), ...modules });
}

const toWord = (outcome: string | object) => (typeof outcome === "string" ? outcome : "refused");
const said = (outcome: AddOutcome) => (outcome.ok ? outcome.value : outcome.fault);

function poolOf(mempool: Mempool): string[] {
  return mempool
    .transactions()
    .map(({ idHex }) => `${idHex} ${inspect(mempool.status(idHex), { depth: 5 })}`)
    .sort();
}

const terms = {
  from: fc.integer({ min: 0, max: 2 }),
  sequence: fc.integer({ min: 0, max: 3 }),
  fee: fc.constantFrom(0n, 1n, 5n, 100n),
};
const wanted: fc.Arbitrary<TestTransaction> = fc.oneof(
  fc.record({ ...terms, amount: fc.constantFrom(1n, 400n, 700n, 990n) }),
  fc.record({ ...terms, name: fc.constantFrom("alice", "bob") }),
  fc.record({ ...terms, dataBytes: fc.constantFrom(1, 50) }),
);
const transaction: fc.Arbitrary<DecodedTransaction> = fc
  .tuple(wanted, fc.constantFrom(false, false, false, false, true))
  .map(([one, isSpoiled]) => (isSpoiled ? spoiled(signed(one)) : signed(one)));

describe("a batch", () => {
  test("ends as its transactions do that are sent one after the other, whatever they are", async () => {
    const lists = fc.array(transaction, { maxLength: 14 });
    const check = async (before: readonly DecodedTransaction[], batch: readonly DecodedTransaction[]) => {
      const [together, alone] = [open(), open()];
      for (const one of before) for (const mempool of [together, alone]) await mempool.add(one);
      const outcomes = (await together.addMany(batch)).map(said);
      const expected = [];
      for (const one of batch) expected.push(said(await alone.add(one)));
      // Of one that breaks two rules, a batch may name the other one.
      assert.deepEqual(outcomes.map(toWord), expected.map(toWord));
      assert.deepEqual(poolOf(together), poolOf(alone));
    };
    await fc.assert(fc.asyncProperty(lists, lists, check), { numRuns: 300 });
  });

  test("a replacement that leaves more lets what follows it in", async () => {
    const mempool = open();
    await mempool.add(signed({ from: 0, sequence: 0, amount: 900n }));
    const batch = [
      signed({ from: 0, sequence: 0, amount: 10n, fee: 1n }),
      signed({ from: 0, sequence: 1, amount: 800n }),
    ];
    assert.deepEqual((await mempool.addMany(batch)).map(said), ["replaced", "added"]);
  });

  test("takes again what was known when it began, and left the pool because of one before it", async () => {
    const mempool = open();
    const late = signed({ from: 0, sequence: 3, name: "bob", fee: 100n });
    assert.deepEqual(said(await mempool.add(late)), "added");
    const batch = [
      signed({ from: 0, sequence: 0, amount: 990n }),
      signed({ from: 0, sequence: 0, name: "alice", fee: 100n }),
      late,
    ];
    assert.deepEqual((await mempool.addMany(batch)).map(said), ["added", "replaced", "added"]);
  });
});
