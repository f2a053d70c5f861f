/** What blocks earn: it waits for as many blocks as the chain says, and each unit is at any time in one place. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyBlock } from "../../src/ledger/apply-block.ts";
import type { BlockContext } from "../../src/ledger/apply-transaction.ts";
import { entryKeys, type StateChange } from "../../src/ledger/entry.ts";
import { LedgerState } from "../../src/ledger/ledger-state.ts";
import { uint64Max } from "../../src/protocol/codec.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import {
  type Actor,
  alice,
  bob,
  carol,
  commitBlock,
  contextAt,
  fundedAccount,
  ledgerOfAlice,
  producer,
  record,
  send,
  transfer,
} from "./sample-transactions.ts";

const miners = [bob, carol, producer] as const;

/** A block to be executed: who produces it, and what it earns by fee and by reward. */
interface Earning {
  readonly miner: number;
  readonly fee: bigint;
  readonly rewardUnits: bigint;
}

const earningArbitrary: fc.Arbitrary<Earning> = fc.record({
  miner: fc.nat({ max: 2 }),
  fee: fc.constantFrom(0n, 0n, 3n),
  rewardUnits: fc.constantFrom(0n, 0n, 50n, 7n),
});

test("after every block, and every block undone, what is mature is a balance and the rest waits", () => {
  fc.assert(
    fc.property(
      fc.array(earningArbitrary, { maxLength: 25 }),
      fc.nat({ max: 6 }),
      (earnings, rewardMaturityBlocks) => {
        const draft = ledgerOfAlice().draft();
        const changes: StateChange[] = [];
        const roots = [draft.stateRoot()];
        const assertPaid = (height: number) => {
          for (const [number, miner] of miners.entries()) {
            const earned = (from: number, to: number) =>
              earnings
                .slice(Math.max(0, from), Math.max(0, to))
                .reduce((sum, one) => (one.miner === number ? sum + one.fee + one.rewardUnits : sum), 0n);
            const matureHeight = height - rewardMaturityBlocks;
            assert.equal(draft.account(miner.hex)?.balance ?? 0n, earned(0, matureHeight));
            assert.equal(draft.immatureOf(miner.hex), earned(matureHeight, height));
          }
          assert.deepEqual(draft.stateRoot(), roots[height]);
        };
        for (const [index, { miner, fee, rewardUnits }] of earnings.entries()) {
          const { hex } = miners[miner] as Actor;
          const context = contextAt(index + 1, { producerHex: hex, rewardUnits, rewardMaturityBlocks });
          const transaction = send(alice, record(), { sequence: index, fee });
          const applied = applyBlock(draft, context, [transaction], []);
          assert.ok(applied.ok);
          changes.push(applied.value);
          draft.apply(applied.value);
          roots.push(draft.stateRoot());
          assertPaid(index + 1);
        }
        for (let height = earnings.length; height > 0; height -= 1) {
          draft.revert(changes[height - 1] as StateChange);
          assertPaid(height - 1);
        }
      },
    ),
    { numRuns: 100 },
  );
});

function afterBlocks(
  state: LedgerState,
  heights: number,
  context: Partial<BlockContext>,
  transactions: Readonly<Record<number, DecodedTransaction[]>> = {},
): StateChange[] {
  return Array.from({ length: heights }, (_, index) =>
    commitBlock(state, transactions[index + 1] ?? [], contextAt(index + 1, context)),
  );
}

test("a reward can be spent from the block after the one that it matures with", () => {
  const context = { producerHex: bob.hex, rewardUnits: 5n, rewardMaturityBlocks: 3 };
  const state = ledgerOfAlice();
  afterBlocks(state, 3, context);
  const spend = send(bob, transfer(carol, 5n));
  const early = applyBlock(state, contextAt(4, context), [spend], []);
  assert.equal(early.ok ? undefined : early.fault.code, "block/transaction-invalid");
  commitBlock(state, [], contextAt(4, context));
  assert.equal(state.account(bob.hex)?.balance, 5n);
  commitBlock(state, [spend], contextAt(5, context));
  assert.equal(state.account(carol.hex)?.balance, 5n);
});

test("the ring takes as many entries as it has slots, however long the chain", () => {
  const state = ledgerOfAlice();
  afterBlocks(state, 12, { rewardUnits: 5n, rewardMaturityBlocks: 4 });
  assert.equal(state.entryCount, 1 + 4 + 1);
  assert.deepEqual(state.locate(entryKeys.reward(3))?.entry, {
    type: "reward",
    slot: 3,
    account: producer.hex,
    amount: 5n,
    height: 11,
  });
});

test("a block that earns nothing empties its slot, and writes none that is empty", () => {
  const state = ledgerOfAlice();
  const pays = { 2: [send(alice, record(), { fee: 4n })] };
  const changes = afterBlocks(state, 6, { rewardMaturityBlocks: 2 }, pays);
  assert.deepEqual(
    changes.map((change) => change.changes.map(({ after }) => after.type)),
    [[], ["account", "reward"], [], ["reward", "account"], [], []],
  );
  assert.deepEqual(state.locate(entryKeys.reward(0))?.entry, {
    type: "reward",
    slot: 0,
    account: producer.hex,
    amount: 0n,
    height: 4,
  });
  assert.equal(state.account(producer.hex)?.balance, 4n);
});

test("of fees and reward that are more than a uint64 holds, and of what a full account gets, the rest is cut", () => {
  const state = LedgerState.fromEntries([fundedAccount(producer, 3n), fundedAccount(alice, 9n)]);
  const pays = { 1: [send(alice, record(), { fee: 9n })] };
  const context = { rewardUnits: uint64Max, rewardMaturityBlocks: 1 };
  afterBlocks(state, 1, context, pays);
  assert.equal(state.immatureOf(producer.hex), uint64Max);
  commitBlock(state, [], contextAt(2, { rewardMaturityBlocks: 1 }));
  assert.equal(state.account(producer.hex)?.balance, uint64Max);
});
