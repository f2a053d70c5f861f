/** Laws that hold after any sequence of adds, drops, blocks and reorganizations over a real ledger. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { silentLogger } from "../../src/base/logger.ts";
import { createMempool, type Mempool, type MempoolOptions } from "../../src/mempool/mempool.ts";
import type { DecodedTransaction, Transfer } from "../../src/protocol/transaction.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { accounts, signed, spoiled, TestLedger, type TestTransaction } from "./test-ledger.ts";

const verifier = createInlineVerifier();
const signedOnce = new Map<string, DecodedTransaction>();
function transactionOf(wanted: TestTransaction): DecodedTransaction {
  const key = Object.entries(wanted).join();
  const known = signedOnce.get(key) ?? signed(wanted);
  signedOnce.set(key, known);
  return known;
}

const terms = {
  from: fc.integer({ min: 0, max: 3 }),
  sequence: fc.integer({ min: 0, max: 7 }),
  fee: fc.constantFrom(0n, 1n, 5n, 90n),
  validUntil: fc.constantFrom(0, 0, 0, 3, 5),
};
/** These two may be issued by the first two accounts with one of their first two sequences, or never. */
const issues: TestTransaction[] = [0, 1].flatMap((from) =>
  [0, 1].map((sequence) => ({ from, sequence, fee: 5n, supply: 10n })),
);
const wanted: fc.Arbitrary<TestTransaction> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ ...terms, amount: fc.constantFrom(1n, 100n, 400n) }) },
  { weight: 2, arbitrary: fc.record({ ...terms, name: fc.constantFrom("alice", "bob") }) },
  { weight: 2, arbitrary: fc.constantFrom(...issues) },
  {
    weight: 4,
    arbitrary: fc
      .record({ ...terms, amount: fc.constantFrom(1n, 6n), issue: fc.constantFrom(...issues) })
      .map(({ issue, ...transfer }) => ({ ...transfer, asset: transactionOf(issue).idHex })),
  },
);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("add" as const), batch: fc.array(wanted, { maxLength: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("add spoiled" as const), one: wanted }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), at: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("seal" as const), transactionsMax: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("reorganize" as const),
      depth: fc.integer({ min: 1, max: 3 }),
      /** How many of the lost blocks' transactions the new branch takes over, from the first. */
      kept: fc.nat(4),
    }),
  },
);

function isAur({ assetId }: Transfer): boolean {
  return assetId.every((byte) => byte === 0);
}

type Action = typeof step extends fc.Arbitrary<infer One> ? One : never;

interface Run {
  readonly ledger: TestLedger;
  readonly mempool: Mempool;
  /** Every transaction that was ever pending or in a block. */
  readonly seen: Map<string, DecodedTransaction>;
}

async function perform({ ledger, mempool, seen }: Run, action: Action): Promise<void> {
  switch (action.do) {
    case "add": {
      const batch = action.batch.map(transactionOf);
      const outcomes = await mempool.addMany(batch);
      assert.equal(outcomes.length, batch.length);
      for (const [index, transaction] of batch.entries()) {
        if (outcomes[index]?.ok) seen.set(transaction.idHex, transaction);
      }
      return;
    }
    case "add spoiled": {
      const before = mempool.ids();
      const outcome = await mempool.add(spoiled(transactionOf(action.one)));
      assert.equal(outcome.ok, false);
      assert.deepEqual(mempool.ids().sort(), before.sort());
      return;
    }
    case "drop": {
      const ids = mempool.ids();
      const id = ids[action.at % Math.max(1, ids.length)];
      if (id) mempool.drop(id, { code: "transaction/amount-overflow" });
      return;
    }
    case "seal": {
      const limits = { transactionsMax: action.transactionsMax, bytesMax: 100_000 };
      const execution = ledger.begin();
      const block = mempool.select(limits, (transaction) => execution.apply(transaction) === undefined);
      mempool.headChanged(ledger.move(0, [block]));
      return;
    }
    case "reorganize": {
      const depth = Math.min(action.depth, ledger.blocks.length);
      const first = ledger.blocks.slice(ledger.blocks.length - depth).flat();
      mempool.headChanged(ledger.move(depth, [first.slice(0, action.kept), []]));
    }
  }
}

function checkLaws(
  { ledger, mempool, seen }: Run,
  limits: Required<Pick<MempoolOptions, "transactionsMax" | "perAccountMax">>,
) {
  const pending = mempool.transactions();
  assert.ok(mempool.count <= limits.transactionsMax);
  assert.equal(mempool.count, pending.length);
  assert.equal(
    mempool.bytes,
    pending.reduce((sum, { bytes }) => sum + bytes.length, 0),
  );
  const { view, height } = ledger.head();
  for (const account of accounts) {
    const own = pending.filter(({ senderHex }) => senderHex === account);
    assert.ok(own.length <= limits.perAccountMax);
    const entry = view.account(account);
    assert.ok(entry);
    const sequences = own.map(({ transaction }) => transaction.sequence);
    assert.equal(new Set(sequences).size, own.length, "one transaction a sequence");
    assert.ok(sequences.every((sequence) => sequence >= entry.sequence));
    assert.ok(own.every(({ transaction: { validUntil } }) => validUntil === 0 || validUntil > height));
    const needed = own.reduce(
      (sum, { transaction, payload }) =>
        sum + transaction.fee + (payload.kind === "transfer" && isAur(payload) ? payload.amount : 0n),
      0n,
    );
    assert.ok(needed <= entry.balance);
    // What waits without a gap can be executed on the head, all of it.
    const execution = ledger.begin();
    let next = entry.sequence;
    for (; ; next += 1) {
      const transaction = own.find((one) => one.transaction.sequence === next);
      if (!transaction) break;
      assert.equal(execution.apply(transaction), undefined);
    }
    assert.equal(mempool.pendingSequence(account), next);
  }
  const selected = mempool.select({ transactionsMax: 1000, bytesMax: 1_000_000 });
  const ready = pending.filter(({ idHex }) => {
    const status = mempool.status(idHex);
    return status?.status === "pending" && status.ready;
  });
  assert.deepEqual(new Set(selected), new Set(ready));
  // Nothing is lost: each waits, or is in the chain, or was dropped for a reason; and only one of these.
  const included = new Set(ledger.blocks.flat().map(({ idHex }) => idHex));
  for (const idHex of seen.keys()) {
    const places = [mempool.has(idHex), included.has(idHex), mempool.status(idHex)?.status === "dropped"];
    assert.equal(places.filter(Boolean).length, 1, `a transaction is in one place: ${places}`);
  }
}

async function checkRuns(limits: { transactionsMax: number; perAccountMax: number }) {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (actions) => {
      const ledger = new TestLedger(1500n);
      const mempool = createMempool(
        { ...limits, sequenceGapMax: 6 },
        { clock: createSimulatedClock(0), verifier, ledger: ledger.head, logger: silentLogger },
      );
      const run: Run = { ledger, mempool, seen: new Map() };
      for (const action of actions) {
        await perform(run, action);
        checkLaws(run, limits);
      }
      mempool.close();
    }),
    { numRuns: 120 },
  );
}

test("with room for all", () => checkRuns({ transactionsMax: 1000, perAccountMax: 100 }));

test("with room for few", () => checkRuns({ transactionsMax: 6, perAccountMax: 3 }));
