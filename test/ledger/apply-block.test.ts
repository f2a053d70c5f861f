/** Blocks as a whole: AUR is conserved, amounts stay in range, faults leave no trace, and the same in gives the same out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyBlock, BlockExecution } from "../../src/ledger/apply-block.ts";
import type { Entry, LedgerView } from "../../src/ledger/entry.ts";
import { encodeStateChange } from "../../src/ledger/entry-codec.ts";
import { LedgerState } from "../../src/ledger/ledger-state.ts";
import { uint64Max } from "../../src/protocol/codec.ts";
import {
  alice,
  attemptArbitrary,
  attempted,
  bob,
  carol,
  contextAt,
  executeAttempts,
  fundedAccount,
  issueAsset,
  ledgerOfAlice,
  producer,
  record,
  registerUser,
  send,
  transfer,
} from "./sample-transactions.ts";

function entriesOf(ledger: LedgerView & Pick<LedgerState, "entryAt">): Entry[] {
  return Array.from({ length: ledger.entryCount }, (_, index) => ledger.entryAt(index));
}

/** Sums of all balances: AUR under "AUR", assets under their ids; fails where one is out of range. */
function totals(ledger: LedgerView & Pick<LedgerState, "entryAt">): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const entry of entriesOf(ledger)) {
    if (entry.type !== "account" && entry.type !== "assetBalance") continue;
    assert.ok(entry.balance >= 0n && entry.balance <= uint64Max);
    const asset = entry.type === "account" ? "AUR" : entry.assetId;
    sums.set(asset, (sums.get(asset) ?? 0n) + entry.balance);
  }
  return sums;
}

const blockArbitrary = fc.array(attemptArbitrary, { maxLength: 25 });

test("AUR is conserved but for the reward, every asset sums up to its supply, nothing leaves its range", () => {
  fc.assert(
    fc.property(
      fc.array(blockArbitrary, { maxLength: 4 }),
      fc.bigInt({ min: 0n, max: 50n }),
      fc.constantFrom(2_000n, uint64Max - 1_000n),
      (blocks, rewardUnits, wealth) => {
        const state = LedgerState.fromEntries([fundedAccount(alice, wealth), fundedAccount(bob, 300n)]);
        for (const [number, attempts] of blocks.entries()) {
          const aurBefore = totals(state).get("AUR") ?? 0n;
          const assetIds = entriesOf(state).flatMap((entry) =>
            entry.type === "asset" ? [Buffer.from(entry.assetId, "hex")] : [],
          );
          const context = contextAt(number + 1, { rewardUnits });
          const { change } = executeAttempts(state, attempts, context, assetIds);
          const draft = state.draft();
          draft.apply(change);
          const producerBalance = draft.account(producer.hex)?.balance ?? 0n;
          const aurAfter = totals(draft).get("AUR") ?? 0n;
          if (producerBalance < uint64Max) assert.equal(aurAfter, aurBefore + rewardUnits);
          else assert.ok(aurAfter <= aurBefore + rewardUnits);
          for (const entry of entriesOf(draft)) {
            if (entry.type === "asset") assert.equal(totals(draft).get(entry.assetId), entry.supply);
          }
          state.commit(draft);
        }
      },
    ),
    { numRuns: 80 },
  );
});

test("what a producer included makes the same change at an importer, byte for byte", () => {
  fc.assert(
    fc.property(blockArbitrary, (attempts) => {
      const context = contextAt(3, { rewardUnits: 11n });
      const state = ledgerOfAlice();
      const rootBefore = state.stateRoot();
      const { change, included } = executeAttempts(state, attempts, context, []);
      assert.deepEqual(state.stateRoot(), rootBefore, "executing touches nothing");
      const imported = applyBlock(ledgerOfAlice().draft(), context, included, []);
      assert.ok(imported.ok);
      assert.deepEqual(imported.value, change);
      assert.deepEqual(encodeStateChange(imported.value), encodeStateChange(change));
    }),
    { numRuns: 60 },
  );
});

test("a transaction that faults leaves no trace, wherever it stands in the block", () => {
  fc.assert(
    fc.property(blockArbitrary, blockArbitrary, (attempts, strangers) => {
      const context = contextAt(3, { rewardUnits: 1n });
      const { change, included } = executeAttempts(ledgerOfAlice(), attempts, context, []);
      const execution = new BlockExecution(ledgerOfAlice(), context);
      for (const transaction of included) {
        for (const stranger of strangers) {
          // A sequence far ahead, an unknown asset, a name that breaks the rules: whatever it is, it cannot stand here.
          assert.ok(execution.apply(attempted(stranger, 1_000, [])));
        }
        assert.equal(execution.apply(transaction), undefined);
      }
      assert.deepEqual(execution.finish([]), change);
    }),
    { numRuns: 20 },
  );
});

test("an importer names the first transaction that faults, with its place and id", () => {
  const good = send(alice, transfer(bob, 10n));
  const bad = send(bob, transfer(carol, 11n));
  assert.deepEqual(applyBlock(ledgerOfAlice(), contextAt(1), [good, bad, good], []), {
    ok: false,
    fault: {
      code: "block/transaction-invalid",
      position: 1,
      id: bad.idHex,
      fault: { code: "transaction/balance-too-low", asset: "AUR", balance: 10n, needed: 11n },
    },
  });
});

test("new entries take the next free indexes in the order in which they were first written", () => {
  const state = LedgerState.fromEntries([fundedAccount(bob, 5n)]);
  const issue = send(carol, issueAsset());
  const result = applyBlock(
    state,
    contextAt(1, { rewardUnits: 1n }),
    [
      send(alice, registerUser("alice")),
      issue,
      send(carol, transfer(bob, 1n, issue.id), { sequence: 1 }),
      send(bob, record()),
    ],
    [],
  );
  assert.ok(result.ok);
  const kinds = result.value.changes.map(({ index, after }) =>
    [index, after.type, "account" in after ? after.account : ""].join(" "),
  );
  assert.deepEqual(kinds, [
    `0 account ${bob.hex}`,
    `1 account ${alice.hex}`,
    `2 user ${alice.hex}`,
    `3 account ${carol.hex}`,
    "4 asset ",
    `5 assetBalance ${carol.hex}`,
    `6 assetBalance ${bob.hex}`,
    `7 account ${producer.hex}`,
  ]);
  assert.equal(result.value.entryCountBefore, 1);
  assert.equal(result.value.entryCountAfter, 8);
});

test("the producer is paid fees and reward at the end, and appears only to be paid", () => {
  const empty = applyBlock(ledgerOfAlice(), contextAt(1), [], []);
  assert.deepEqual(empty, { ok: true, value: { entryCountBefore: 1, entryCountAfter: 1, changes: [] } });
  const free = applyBlock(ledgerOfAlice(), contextAt(1), [send(alice, record())], []);
  assert.ok(free.ok);
  assert.equal(free.value.entryCountAfter, 1);
  const spentTooEarly = send(producer, transfer(bob, 5n));
  const early = applyBlock(ledgerOfAlice(), contextAt(1, { rewardUnits: 5n }), [spentTooEarly], []);
  assert.equal(early.ok ? undefined : early.fault.code, "block/transaction-invalid");
  const ownFee = applyBlock(
    ledgerOfAlice(),
    contextAt(1, { producerHex: alice.hex, rewardUnits: 5n }),
    [send(alice, transfer(bob, 10n), { fee: 3n })],
    [],
  );
  assert.ok(ownFee.ok);
  const account = ownFee.value.changes[0]?.after;
  assert.equal(account?.type === "account" ? account.balance : undefined, 1_000n - 10n + 5n);
});

test("a producer's account that is full stays full, and stops no block", () => {
  const state = LedgerState.fromEntries([fundedAccount(producer, uint64Max - 2n), fundedAccount(alice, 9n)]);
  const result = applyBlock(
    state,
    contextAt(1, { rewardUnits: uint64Max }),
    [send(alice, record(), { fee: 9n })],
    [],
  );
  assert.ok(result.ok);
  const account = result.value.changes[0]?.after;
  assert.equal(account?.type === "account" ? account.balance : undefined, uint64Max);
});

test("a finished block takes nothing more", () => {
  const execution = new BlockExecution(ledgerOfAlice(), contextAt(1));
  execution.finish([]);
  assert.throws(() => execution.apply(send(alice, record())), { name: "InvariantError" });
  assert.throws(() => execution.finish([]), { name: "InvariantError" });
});
