/** State and drafts against a plain list of entries: reads, roots, undo, commits, over random blocks and reorganizations. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteVectorType, ListCompositeType } from "@chainsafe/ssz";
import fc from "fast-check";
import { type Entry, entryKey, type LedgerView, type StateChange } from "../../src/ledger/entry.ts";
import { decodeStateChange, encodeStateChange, entryLeaf } from "../../src/ledger/entry-codec.ts";
import { type LedgerDraft, LedgerState } from "../../src/ledger/ledger-state.ts";
import { verifyProof } from "../../src/ledger/state-tree.ts";
import { issuedAssetId } from "../../src/protocol/transaction.ts";
import {
  alice,
  attemptArbitrary,
  bob,
  carol,
  commitBlock,
  contextAt,
  executeAttempts,
  fundedAccount,
  ledgerOfAlice,
  producer,
  send,
  transfer,
} from "./sample-transactions.ts";

const oracle = new ListCompositeType(new ByteVectorType(32), 2 ** 32);

/** Every read of a ledger must say what a plain list of its entries says. */
function assertReadsAs(ledger: LedgerView & Pick<LedgerState, "entryAt">, model: readonly Entry[]): void {
  assert.equal(ledger.entryCount, model.length);
  assert.deepEqual(ledger.stateRoot(), oracle.hashTreeRoot(model.map(entryLeaf)));
  for (const [index, entry] of model.entries()) {
    assert.deepEqual(ledger.entryAt(index), entry);
    assert.deepEqual(ledger.locate(entryKey(entry)), { index, entry });
  }
  for (const { hex } of [alice, bob, carol, producer]) {
    const find = (type: Entry["type"]) =>
      model.find((entry) => entry.type === type && "account" in entry && entry.account === hex);
    assert.deepEqual(ledger.account(hex), find("account"));
    assert.deepEqual(ledger.userOfAccount(hex), find("user"));
    assert.deepEqual(ledger.authority(hex), find("authority"));
    const balances = model.filter((entry) => entry.type === "assetBalance" && entry.account === hex);
    assert.deepEqual(ledger.assetBalancesOf(hex), balances);
    const waiting = model.flatMap((entry) =>
      entry.type === "reward" && entry.account === hex ? [entry.amount] : [],
    );
    assert.equal(
      ledger.immatureOf(hex),
      waiting.reduce((sum, amount) => sum + amount, 0n),
    );
  }
  for (const name of ["alice@example.com", "bob@example.com", "ünal"]) {
    assert.deepEqual(
      ledger.userByName(name),
      model.find((entry) => entry.type === "user" && entry.name === name),
    );
  }
  for (const entry of model) {
    if (entry.type === "asset") assert.deepEqual(ledger.asset(entry.assetId), entry);
    if (entry.type === "assetBalance") {
      assert.deepEqual(ledger.assetBalance(entry.account, entry.assetId), entry);
    }
  }
}

function applied(model: readonly Entry[], change: StateChange): Entry[] {
  const after = [...model];
  for (const { index, after: entry } of change.changes) after[index] = entry;
  return after;
}

const blockArbitrary = fc.array(attemptArbitrary, { maxLength: 12 });
const stepArbitrary = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("block" as const), attempts: blockArbitrary }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("revert" as const), blocks: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("commit" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abandon" as const) }) },
);

test("state and drafts read as a plain list does, through blocks, undone blocks and commits", () => {
  fc.assert(
    fc.property(
      fc.array(stepArbitrary, { maxLength: 12 }),
      fc.nat({ max: 4 }),
      (steps, rewardMaturityBlocks) => {
        const genesis = [fundedAccount(alice, 5_000n), fundedAccount(carol, 700n)];
        const state = LedgerState.fromEntries(genesis);
        let line: { change: StateChange; before: Entry[] }[] = [];
        let model: Entry[] = genesis;
        let committed = { line, model };
        let draft = state.draft();
        for (const [number, step] of steps.entries()) {
          if (step.kind === "block") {
            const assetIds = model.flatMap((entry) =>
              entry.type === "asset" ? [Buffer.from(entry.assetId, "hex")] : [],
            );
            const producerHex = (number % 2 === 0 ? producer : carol).hex;
            const rewards = { rewardUnits: BigInt(number % 3), rewardMaturityBlocks, producerHex };
            const context = contextAt(line.length + 1, rewards);
            const { change } = executeAttempts(draft, step.attempts, context, assetIds);
            line = [...line, { change, before: model }];
            model = applied(model, change);
            draft.apply(change);
          } else if (step.kind === "revert") {
            for (const { change, before } of line.slice(line.length - step.blocks).reverse()) {
              // An undo record is what the store gives back.
              const stored = decodeStateChange(encodeStateChange(change));
              assert.ok(stored.ok);
              draft.revert(stored.value);
              model = before;
              line = line.slice(0, -1);
            }
          } else if (step.kind === "commit") {
            assertEntriesOfDraft(draft, committed.model, model);
            state.commit(draft);
            committed = { line, model };
            draft = state.draft();
          } else {
            ({ line, model } = committed);
            draft = state.draft();
          }
          assertReadsAs(draft, model);
          assertReadsAs(state, committed.model);
        }
      },
    ),
    { numRuns: 60 },
  );
});

/** The base's entries with the draft's changes on top, cut to the draft's count, are the draft's entries. */
function assertEntriesOfDraft(draft: LedgerDraft, base: readonly Entry[], model: readonly Entry[]): void {
  const merged = base.slice(0, draft.entryCount);
  for (const [index, entry] of draft.changedEntries()) {
    assert.ok(index < draft.entryCount);
    merged[index] = entry;
  }
  assert.deepEqual(merged, model);
}

test("roots asked for late are the roots asked for at every step", () => {
  fc.assert(
    fc.property(fc.array(blockArbitrary, { minLength: 1, maxLength: 5 }), (blocks) => {
      const [eager, late] = [ledgerOfAlice().draft(), ledgerOfAlice().draft()];
      const changes: StateChange[] = [];
      for (const [number, attempts] of blocks.entries()) {
        const context = contextAt(number + 1, { rewardUnits: 3n, rewardMaturityBlocks: 2 });
        const { change } = executeAttempts(eager, attempts, context, []);
        changes.push(change);
        for (const draft of [eager, late]) draft.apply(change);
        eager.stateRoot();
      }
      assert.deepEqual(late.stateRoot(), eager.stateRoot());
      for (const change of changes.reverse()) late.revert(change);
      assert.deepEqual(late.stateRoot(), ledgerOfAlice().stateRoot());
      assert.equal(late.entryCount, 1);
    }),
    { numRuns: 40 },
  );
});

test("a name that a reorganization took back is free again", () => {
  const state = ledgerOfAlice();
  const change = commitBlock(state, [
    send(bob, { kind: "registerUser", name: Buffer.from("bob@example.com") }),
  ]);
  assert.equal(state.userByName("bob@example.com")?.account, bob.hex);
  const draft = state.draft();
  draft.revert(change);
  assert.equal(draft.userByName("bob@example.com"), undefined);
  assert.equal(draft.userOfAccount(bob.hex), undefined);
  assert.equal(draft.account(bob.hex), undefined);
  assert.equal(state.userByName("bob@example.com")?.account, bob.hex);
  state.commit(draft);
  assert.equal(state.userByName("bob@example.com"), undefined);
  assert.deepEqual(state.stateRoot(), ledgerOfAlice().stateRoot());
});

test("a draft ends when its state has moved on", () => {
  const state = ledgerOfAlice();
  const stale = state.draft();
  const change = commitBlock(state, [send(alice, transfer(bob, 1n))]);
  const uses: (() => unknown)[] = [
    () => stale.account(alice.hex),
    () => stale.userOfAccount(alice.hex),
    () => stale.assetBalancesOf(alice.hex),
    () => stale.immatureOf(alice.hex),
    () => stale.entryAt(0),
    () => stale.apply(change),
    () => stale.revert(change),
    () => stale.stateRoot(),
    () => state.commit(stale),
  ];
  for (const use of uses) assert.throws(use, { name: "InvariantError" });
  assert.throws(() => ledgerOfAlice().commit(state.draft()), { name: "InvariantError" });
});

test("a change that does not belong on top of a draft throws", () => {
  const state = ledgerOfAlice();
  const change = commitBlock(state, [send(alice, transfer(bob, 1n))]);
  assert.throws(() => state.draft().apply(change), { name: "InvariantError" });
  assert.throws(() => ledgerOfAlice().draft().revert(change), { name: "InvariantError" });
  assert.throws(() => ledgerOfAlice(999n).draft().apply(change), { name: "InvariantError" });
  assert.throws(() => LedgerState.fromEntries([fundedAccount(bob, 1n), fundedAccount(bob, 2n)]), {
    name: "InvariantError",
  });
  assert.throws(() => state.entryAt(2), { name: "InvariantError" });
  assert.throws(() => state.draft().entryAt(2), { name: "InvariantError" });
});

test("a proof of an account's entry leads to the state root, in state and draft", () => {
  const state = ledgerOfAlice();
  const issue = send(alice, {
    kind: "issueAsset",
    symbol: Buffer.from("GLD"),
    name: Buffer.from("Gold"),
    decimals: 0,
    supply: 5n,
    metadata: new Uint8Array(0),
  });
  commitBlock(state, [issue, send(alice, transfer(bob, 7n), { sequence: 1 })]);
  const draft = state.draft();
  const { change } = executeAttempts(draft, [], contextAt(2, { rewardUnits: 9n }), [issuedAssetId(issue)]);
  draft.apply(change);
  for (const ledger of [state, draft]) {
    for (let index = 0; index < ledger.entryCount; index += 1) {
      const proof = ledger.proof(index);
      assert.deepEqual(proof.leaf, entryLeaf(ledger.entryAt(index)));
      assert.equal(verifyProof(ledger.stateRoot(), proof), true);
    }
  }
  assert.equal(draft.account(producer.hex)?.balance, 9n);
});
