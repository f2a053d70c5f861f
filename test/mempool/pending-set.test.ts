/** The pending set against a naive model that searches everything for the one that has to give way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type PendingLimits, PendingSet, replacementFee } from "../../src/mempool/pending-set.ts";
import { comparePending, type PendingTransaction, pendingOf } from "../../src/mempool/pending-transaction.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { signed } from "./test-ledger.ts";

const signedOnce = new Map<string, DecodedTransaction>();
function transactionOf(from: number, sequence: number, fee: number, dataBytes: number): DecodedTransaction {
  const key = [from, sequence, fee, dataBytes].join();
  const known = signedOnce.get(key) ?? signed({ from, sequence, fee: BigInt(fee), dataBytes });
  signedOnce.set(key, known);
  return known;
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      from: fc.integer({ min: 0, max: 3 }),
      sequence: fc.integer({ min: 0, max: 5 }),
      fee: fc.integer({ min: 0, max: 12 }),
      dataBytes: fc.constantFrom(1, 100, 300),
    }),
  },
  { weight: 1, arbitrary: fc.record({ removeAt: fc.nat(100) }) },
);

const limitsOf = fc.record({
  transactionsMax: fc.integer({ min: 1, max: 12 }),
  bytesMax: fc.integer({ min: 200, max: 4000 }),
  perAccountMax: fc.integer({ min: 1, max: 5 }),
});

/** Undefined where there is no place; else who remains. */
function placeNaively(
  pending: readonly PendingTransaction[],
  candidate: PendingTransaction,
  limits: PendingLimits,
): PendingTransaction[] | undefined {
  const sender = candidate.decoded.senderHex;
  const own = pending.filter(({ decoded }) => decoded.senderHex === sender);
  const rival = own.find(({ sequence }) => sequence === candidate.sequence);
  let kept = [...pending];
  if (rival) {
    if (candidate.fee < replacementFee(rival.fee)) return undefined;
    kept = kept.filter((one) => one !== rival);
  } else if (own.length >= limits.perAccountMax) {
    const last = own.reduce((high, one) => (one.sequence > high.sequence ? one : high));
    if (last.sequence < candidate.sequence) return undefined;
    kept = kept.filter((one) => one !== last);
  }
  const bytes = () => kept.reduce((sum, one) => sum + one.bytes, candidate.bytes);
  while (kept.length >= limits.transactionsMax || bytes() > limits.bytesMax) {
    const isLast = (one: PendingTransaction) =>
      !kept.some(
        (other) => other.decoded.senderHex === one.decoded.senderHex && other.sequence > one.sequence,
      );
    const [worst] = kept
      .filter((one) => isLast(one) && (one.decoded.senderHex !== sender || one.sequence > candidate.sequence))
      .sort((left, right) => comparePending(right, left));
    if (!worst || comparePending(worst, candidate) < 0) return undefined;
    kept = kept.filter((one) => one !== worst);
  }
  return [...kept, candidate];
}

const byArrival = (left: PendingTransaction, right: PendingTransaction) => left.arrival - right.arrival;

test("places, displaces and refuses as the model does, within its bounds, with nothing changed by a refusal", () => {
  fc.assert(
    fc.property(limitsOf, fc.array(step, { maxLength: 60 }), (limits, steps) => {
      const set = new PendingSet(limits);
      let model: PendingTransaction[] = [];
      for (const [arrival, wanted] of steps.entries()) {
        if ("removeAt" in wanted) {
          const gone = model[wanted.removeAt % Math.max(1, model.length)];
          if (!gone) continue;
          set.remove(gone);
          model = model.filter((one) => one !== gone);
        } else {
          const decoded = transactionOf(wanted.from, wanted.sequence, wanted.fee, wanted.dataBytes);
          if (set.get(decoded.idHex)) continue;
          const candidate = pendingOf(decoded, arrival, 0);
          const expected = placeNaively(model, candidate, limits);
          const foreseen = set.placeFault(candidate);
          assert.deepEqual([...set.values()].sort(byArrival), model.sort(byArrival));
          const placed = set.place(candidate);
          assert.equal(placed.ok, expected !== undefined);
          assert.deepEqual(placed.ok ? undefined : placed.fault, foreseen);
          if (placed.ok) {
            const gone = placed.value.map(({ pending }) => pending);
            assert.equal(model.length - gone.length + 1, set.count);
            for (const one of gone) assert.ok(model.includes(one));
          }
          model = expected ?? model;
        }
        const held = [...set.values()];
        assert.deepEqual(held.sort(byArrival), model.sort(byArrival));
        assert.equal(set.count, model.length);
        assert.equal(
          set.bytes,
          model.reduce((sum, one) => sum + one.bytes, 0),
        );
        assert.ok(set.count <= limits.transactionsMax && set.bytes <= limits.bytesMax);
        let inQueues = 0;
        for (const accountHex of new Set(held.map(({ decoded }) => decoded.senderHex))) {
          const queue = set.account(accountHex);
          assert.ok(queue);
          const sequences = queue.values().map(({ sequence }) => sequence);
          assert.deepEqual(
            sequences,
            [...new Set(sequences)].sort((left, right) => left - right),
          );
          assert.ok(queue.size > 0 && queue.size <= limits.perAccountMax);
          assert.ok(queue.values().every(({ decoded }) => decoded.senderHex === accountHex));
          assert.equal(
            queue.aurNeeded,
            queue.values().reduce((sum, one) => sum + one.aurNeeded, 0n),
          );
          inQueues += queue.size;
        }
        assert.equal(inQueues, set.count);
      }
    }),
    { numRuns: 300 },
  );
});

test("many removals do not make it forget who is worst", () => {
  const limits = { transactionsMax: 3, bytesMax: 10_000, perAccountMax: 10 };
  const set = new PendingSet(limits);
  for (const from of [0, 1, 2]) {
    assert.ok(set.place(pendingOf(transactionOf(from, 0, from + 1, 1), from, 0)).ok);
  }
  const candidate = pendingOf(transactionOf(3, 0, 9, 1), 3, 0);
  // Each try leaves entries behind that no longer count; they are cleared away on the way.
  for (let round = 0; round < 3000; round += 1) assert.equal(set.placeFault(candidate), undefined);
  const placed = set.place(candidate);
  assert.ok(placed.ok);
  assert.deepEqual(
    placed.value.map(({ pending }) => pending.fee),
    [1n],
  );
});
