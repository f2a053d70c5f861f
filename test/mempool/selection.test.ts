/** What a block is offered, against a greedy search without a heap. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { comparePending, type PendingTransaction, pendingOf } from "../../src/mempool/pending-transaction.ts";
import { selectTransactions } from "../../src/mempool/selection.ts";
import { signed } from "./test-ledger.ts";

const pool = [0, 1, 2, 3].map((from) =>
  [0, 1, 2, 3, 4].map((sequence) =>
    [0n, 7n, 500n].map((fee) => signed({ from, sequence, fee, dataBytes: 1 + 50 * ((from + sequence) % 4) })),
  ),
);

/** Runs of the four accounts: how long each is, and which fee and arrival each transaction has. */
const runsOf = fc
  .array(fc.array(fc.record({ fee: fc.nat(2), arrival: fc.nat(50) }), { maxLength: 5 }), {
    minLength: 4,
    maxLength: 4,
  })
  .map((accounts) =>
    accounts.map((run, from) =>
      run.map(({ fee, arrival }, sequence) => {
        const decoded = pool[from]?.[sequence]?.[fee];
        assert.ok(decoded);
        // Arrivals are unique: the account decides where the draw does not.
        return pendingOf(decoded, arrival * 100 + from * 10 + sequence, 0);
      }),
    ),
  );

function selectNaively(runs: PendingTransaction[][], transactionsMax: number, bytesMax: number) {
  const rest = runs.map((run) => [...run]);
  const selected: PendingTransaction[] = [];
  let bytes = 0;
  while (selected.length < transactionsMax) {
    const open = rest.filter((run) => run.length > 0);
    const best = open.sort((left, right) =>
      comparePending(left[0] as PendingTransaction, right[0] as PendingTransaction),
    )[0];
    const next = best?.[0];
    if (!best || !next) break;
    if (bytes + next.bytes + 4 > bytesMax) {
      best.length = 0;
      continue;
    }
    best.shift();
    bytes += next.bytes + 4;
    selected.push(next);
  }
  return selected.map(({ decoded }) => decoded);
}

test("it is the greedy choice, each account in sequence without a gap, within the limits", () => {
  fc.assert(
    fc.property(runsOf, fc.nat(12), fc.nat(4000), (runs, transactionsMax, bytesMax) => {
      const selected = selectTransactions(runs, { transactionsMax, bytesMax });
      assert.deepEqual(
        selected.map(({ idHex }) => idHex),
        selectNaively(runs, transactionsMax, bytesMax).map(({ idHex }) => idHex),
      );
      assert.ok(selected.length <= transactionsMax);
      assert.ok(selected.reduce((sum, { bytes }) => sum + bytes.length + 4, 0) <= bytesMax);
      const next = new Map<string, number>();
      for (const { senderHex, transaction } of selected) {
        assert.equal(transaction.sequence, next.get(senderHex) ?? 0);
        next.set(senderHex, transaction.sequence + 1);
      }
    }),
    { numRuns: 500 },
  );
});

test("an account whose next one is too large does not hold up the others", () => {
  const [large, small] = [
    signed({ from: 0, sequence: 0, fee: 9000n, dataBytes: 3000 }),
    signed({ from: 1, sequence: 0 }),
  ];
  const after = signed({ from: 0, sequence: 1, fee: 9000n });
  const runs = [[pendingOf(large, 0, 0), pendingOf(after, 1, 0)], [pendingOf(small, 2, 0)]];
  assert.deepEqual(selectTransactions(runs, { transactionsMax: 10, bytesMax: 1000 }), [small]);
});
