/** Members are paid by ordinary transfers, once, whatever becomes of blocks, branches and processes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import type { Entry } from "../../src/ledger/entry.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { decodeTransaction } from "../../src/protocol/transaction.ts";
import {
  ann,
  aur,
  ben,
  cat,
  fee,
  other,
  PayoutRig,
  type PayoutRigOptions,
  poolAccount,
  poolKeys,
} from "./payout-rig.ts";

/** Runs a test over a rig, and ends the rig whatever comes of it. */
function paying(options: PayoutRigOptions, body: (rig: PayoutRig) => Promise<void>): () => Promise<void> {
  return async () => {
    const rig = await PayoutRig.create(options);
    try {
      await body(rig);
    } finally {
      await rig.end();
    }
  };
}

describe("the payout controller", () => {
  it(
    "pays what a block is worth once it is mature, and settles it once it is deep",
    paying({}, async (rig) => {
      await rig.find([
        [ann, 300n],
        [ben, 100n],
      ]);
      assert.equal(rig.row(ann).dueUnits, (15n * aur) / 4n, "due from the start, three quarters of 5");
      await rig.mine();
      assert.deepEqual(rig.submitted, [], "one block deep is not two");
      await rig.mine();
      assert.equal(rig.submitted.length, 2, "signed and submitted with the block that makes it mature");
      assert.equal(rig.row(ann).paidUnits, 0n, "and not paid before it is in a block");
      await rig.mine();
      assert.equal(rig.balance(ann), (15n * aur) / 4n - fee);
      assert.equal(rig.balance(ben), (5n * aur) / 4n - fee);
      assert.equal(rig.row(ann).paidUnits, rig.row(ann).dueUnits);
      assert.deepEqual([rig.row(ann).payoutTransaction], rig.paidOnChain(ann).ids);
      assert.equal(rig.book.status().openPayments, 2);
      const { ids } = rig.paidOnChain(ann);
      await rig.mine(20);
      assert.equal(rig.book.status().openPayments, 0);
      assert.equal(rig.row(ann).paidUnits, (15n * aur) / 4n);
      assert.deepEqual([rig.row(ann).payoutTransaction], ids);
      assert.deepEqual(rig.paidOnChain(ann).ids, ids, "once");
      assert.deepEqual(await rig.archivedStates(), ["matured"]);
    }),
  );

  it(
    "waits where a member is owed less than the minimum, and from one round to the next",
    paying({ desk: { intervalBlocks: 5, minimumUnits: 6n * aur } }, async (rig) => {
      await rig.find([[ann, 1n]]);
      await rig.mine(6);
      assert.deepEqual(rig.submitted, [], "5 AUR are below the minimum");
      await rig.find([[ann, 1n]]);
      // Rounds are at the heads 0, 5, 10; the second block, of height 8, matures with 10.
      await rig.mine(1);
      assert.deepEqual(rig.submitted, []);
      await rig.mine(1);
      assert.equal(rig.submitted.length, 1);
      await rig.mine(1);
      assert.equal(rig.balance(ann), 10n * aur - fee);
      await rig.find([
        [ben, 1n],
        [ben, 1n],
      ]);
      await rig.find([[ben, 1n]]);
      assert.equal(rig.submitted.length, 1);
    }),
  );

  it(
    "owes nothing for a block that another one took the place of",
    paying({}, async (rig) => {
      await rig.mine(2);
      const ours = rig.build(rig.head, []);
      await rig.record(ours, [[ann, 1n]]);
      assert.equal(rig.row(ann).blocksFound, 1);
      await rig.mine(1, cat);
      assert.equal(rig.row(ann).dueUnits, 0n, "as soon as the chain says so");
      await rig.mine(2, cat);
      assert.equal(rig.row(ann).dueUnits, 0n);
      assert.equal(rig.row(ann).blocksFound, 0);
      assert.deepEqual(await rig.archivedStates(), ["orphaned"]);
      await rig.mine(5);
      assert.deepEqual(rig.submitted, []);
      const { blocks, blocksOrphaned, dueUnits } = rig.book.status();
      assert.deepEqual({ blocks, blocksOrphaned, dueUnits }, { blocks: 0, blocksOrphaned: 1, dueUnits: 0n });
    }),
  );

  it(
    "takes a payment back when a reorganization does, and the same bytes are included again",
    paying({}, async (rig) => {
      await rig.find([[ann, 1n]]);
      await rig.mine(3);
      const { ids } = rig.paidOnChain(ann);
      assert.equal(ids.length, 1);
      // The block that holds it gives way to two empty ones.
      const base = rig.below(1);
      const first = rig.build(base, [], { producer: cat });
      await rig.give(first);
      const second = rig.build(first, [], { producer: cat });
      assert.equal(await rig.give(second), "head");
      assert.equal(rig.balance(ann), 0n);
      assert.equal(rig.row(ann).paidUnits, 0n);
      assert.equal(rig.row(ann).payoutTransaction, null);
      await rig.mine(25);
      assert.deepEqual(rig.paidOnChain(ann).ids, ids);
      assert.equal(rig.row(ann).paidUnits, 5n * aur);
      assert.equal(rig.balance(ann), 5n * aur - fee);
    }),
  );

  it(
    "submits after a restart what it had signed before, and signs nothing anew",
    paying({}, async (rig) => {
      rig.isCutOff = true;
      await rig.find([[ann, 1n]]);
      await rig.mine(2);
      const signed = rig.book.openPayments().map(({ transactionId }) => transactionId);
      assert.equal(signed.length, 1);
      await rig.stopPool();
      rig.isCutOff = false;
      await rig.startPool();
      assert.deepEqual(
        rig.book.openPayments().map(({ transactionId }) => transactionId),
        signed,
      );
      await rig.mine(25);
      assert.deepEqual(rig.paidOnChain(ann).ids, signed);
      assert.deepEqual(new Set(rig.submitted), new Set(signed));
    }),
  );

  it(
    "submits again, with the next head, what the mempool has forgotten",
    paying({ desk: { intervalBlocks: 20 } }, async (rig) => {
      await rig.find([[ann, 1n]]);
      await rig.mine(19);
      const [signed] = rig.book.openPayments();
      assert.ok(signed && rig.mempool.drop(signed.transactionId, { code: "mempool/expired", expiryMs: 1 }));
      await rig.mine(1);
      assert.ok(rig.mempool.has(signed.transactionId));
      await rig.mine(1);
      assert.deepEqual(rig.paidOnChain(ann).ids, [signed.transactionId]);
    }),
  );

  it(
    "signs and sends nothing while its chain is behind, and still follows it",
    paying({}, async (rig) => {
      rig.isBehind = true;
      await rig.find([[ann, 1n]]);
      await rig.mine(5);
      assert.deepEqual(await rig.archivedStates(), ["matured"]);
      assert.deepEqual([rig.book.openPayments(), rig.submitted], [[], []]);
      rig.isBehind = false;
      await rig.mine(2);
      assert.equal(rig.paidOnChain(ann).units, 5n * aur);
    }),
  );

  it(
    "makes a new payment where the operator used its sequence, once no reorganization can bring the old one back",
    paying({}, async (rig) => {
      rig.isCutOff = true;
      await rig.find([[ann, 1n]]);
      await rig.mine(2);
      const [old] = rig.book.openPayments();
      assert.equal(old?.sequence, 0);
      rig.isCutOff = false;
      const byHand = rig.byHand(0, aur / 10n);
      assert.equal(await rig.give(rig.build(rig.head, [byHand])), "head");
      await rig.mine(19);
      assert.deepEqual(rig.book.openPayments(), [old], "19 deep it could still come back");
      await rig.mine(1);
      const [anew] = rig.book.openPayments();
      assert.equal(anew?.sequence, 1);
      await rig.mine(25);
      assert.deepEqual(rig.paidOnChain(ann).ids, [anew?.transactionId]);
      assert.equal(rig.paidOnChain(ann).units, 5n * aur);
      assert.equal(rig.row(ann).paidUnits, 5n * aur);
    }),
  );

  it(
    "keeps the old payment where the operator's transaction leaves the chain again",
    paying({}, async (rig) => {
      rig.isCutOff = true;
      await rig.find([[ann, 1n]]);
      await rig.mine(2);
      const [old] = rig.book.openPayments();
      rig.isCutOff = false;
      const fork = rig.head;
      await rig.give(rig.build(fork, [rig.byHand(0, aur / 10n)]));
      await rig.mine(10, cat);
      const bytes = Buffer.from(old!.transaction, "hex");
      const payment = decodeTransaction(bytes, rig.open.chain.spec.chainId);
      assert.ok(payment.ok);
      let tip = rig.build(fork, [payment.value], { producer: ben });
      await rig.give(tip);
      for (let count = 0; count < 13; count += 1) {
        tip = rig.build(tip, [], { producer: ben });
        await rig.give(tip);
      }
      assert.equal(rig.open.chain.head.hashHex, tip.block.hashHex);
      await rig.mine(25);
      assert.deepEqual(rig.paidOnChain(ann).ids, [old?.transactionId]);
      assert.equal(rig.row(ann).paidUnits, 5n * aur);
    }),
  );

  it(
    "pays as far as the balance goes, who has waited longest first, and the rest when there is more",
    paying({ spec: { rewardMaturityBlocks: 0 }, desk: { intervalBlocks: 10 } }, async (rig) => {
      // Each fills the window of its block alone: 5 AUR for each.
      for (const member of [ben, ann, cat]) await rig.find([[member, 20_000n]]);
      await rig.give(rig.build(rig.head, [rig.byHand(0, 8n * aur)], { producer: other }));
      assert.equal(rig.balance(poolKeys), 7n * aur - fee);
      await rig.mine(6, other);
      const planned = () =>
        rig.book.openPayments().map(({ account, sequence, units }) => ({ account, sequence, units }));
      const to = (member: KeyPair) => toHex(member.publicKey);
      assert.deepEqual(planned(), [
        { account: to(ben), sequence: 1, units: 5n * aur },
        { account: to(ann), sequence: 2, units: 2n * aur - fee },
      ]);
      await rig.mine(1, other);
      assert.equal(rig.balance(poolKeys), 0n);
      // Two blocks of the pool that no member has worked for.
      await rig.mine(2);
      await rig.mine(8, other);
      assert.deepEqual(
        [ben, ann, cat].map((member) => rig.paidOnChain(member).units),
        [5n * aur, 5n * aur, 5n * aur],
      );
      assert.equal(rig.paidOnChain(ann).ids.length, 2);
    }),
  );

  it(
    "leaves alone what the operator has waiting, its sequence and its coins",
    paying({ spec: { rewardMaturityBlocks: 0 }, desk: { intervalBlocks: 3 } }, async (rig) => {
      await rig.find([[ann, 1n]]);
      const byHand = rig.byHand(0, 3n * aur);
      assert.ok((await rig.mempool.add(byHand)).ok);
      for (let empty = 0; empty < 2; empty += 1) {
        await rig.give(rig.build(rig.head, [], { producer: other }));
      }
      const [payment] = rig.book.openPayments();
      assert.deepEqual([payment?.sequence, payment?.units], [1, 2n * aur - fee]);
      await rig.mine(1, other);
      assert.ok(rig.open.chain.transaction(byHand.id));
      assert.equal(rig.paidOnChain(ann).units, 2n * aur - fee);
    }),
  );

  it(
    "transfers nothing to the pool's own account",
    paying({}, async (rig) => {
      await rig.find([
        [ann, 1n],
        [poolKeys, 3n],
      ]);
      await rig.mine(5);
      assert.deepEqual(rig.paidOnChain(poolKeys).ids, []);
      assert.equal(rig.row(poolKeys).paidUnits, (15n * aur) / 4n);
      assert.equal(rig.paidOnChain(ann).units, (5n * aur) / 4n);
    }),
  );

  it(
    "goes on with the next head where a payment could not be written down, having sent nothing",
    paying({}, async (rig) => {
      const { book } = rig;
      const record = book.record.bind(book);
      let refusals = 0;
      book.record = async (events) => {
        if (refusals === 0 && events.some(({ kind }) => kind === "paymentSigned")) {
          refusals += 1;
          throw new Error("the disk is full");
        }
        await record(events);
      };
      await rig.find([[ann, 1n]]);
      await rig.mine(2);
      assert.equal(refusals, 1);
      assert.deepEqual(rig.submitted, []);
      await rig.mine(2);
      assert.equal(rig.paidOnChain(ann).units, 5n * aur);
    }),
  );
});

describe("a payout controller whose disk refuses", () => {
  it(
    "looks again after a while, also without a new head",
    paying({}, async (rig) => {
      const { book } = rig;
      const record = book.record.bind(book);
      let isFull = false;
      book.record = async (events) => {
        if (isFull) throw new Error("the disk is full");
        await record(events);
      };
      await rig.find([[ann, 1n]]);
      await rig.mine(1);
      isFull = true;
      await rig.mine(1);
      assert.deepEqual(rig.submitted, []);
      isFull = false;
      await rig.open.clock.advance(10_000);
      await rig.desk.idle();
      assert.equal(rig.submitted.length, 1);
      assert.equal(rig.book.openPayments().length, 1);
    }),
  );
});

/** A small generator of its own, so that a failing life can be run again by its seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe("over random lives with forks, transfers by hand and restarts, a member is", () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(
      `paid what the books say and never more than it is due (seed ${seed})`,
      paying({ feePercent: seed % 3, desk: { intervalBlocks: 2 } }, async (rig) => {
        const random = numbers(seed);
        const members = [ann, ben, cat];
        const { chain } = rig.open;
        const check = () => {
          for (const row of rig.book.members()) {
            const member = members.find(({ publicKey }) => toHex(publicKey) === toHex(row.member));
            assert.ok(member);
            const { units, ids } = rig.paidOnChain(member);
            assert.equal(row.paidUnits, units);
            assert.equal(row.payoutTransaction, ids.at(-1) ?? null);
            assert.ok(units <= row.dueUnits);
          }
        };
        let byHandCount = 0;
        let reorganizations = 0;
        for (let step = 0; step < 70; step += 1) {
          const what = random(10);
          if (what < 4) {
            const shares = Array.from(
              { length: 1 + random(3) },
              () => [members[random(3)]!, BigInt(1 + random(9_000))] as const,
            );
            await rig.find(shares);
          } else if (what < 7) {
            await rig.mine(1 + random(3), random(2) === 0 ? poolKeys : other);
          } else if (what === 7) {
            const account = chain.ledger.account(poolAccount);
            if (account && account.balance > 2n * fee) {
              const outcome = await rig.mempool.add(rig.byHand(account.sequence, 1n, 2n * fee));
              if (outcome.ok) byHandCount += 1;
            }
          } else if (what === 8) {
            // A fork of one block more than it replaces; it may hold a transfer by hand.
            const depth = 1 + random(3);
            let tip = rig.below(depth);
            const before = chain.head.hashHex;
            const sequence = sequenceAt(tip.entries);
            for (let count = 0; count <= depth; count += 1) {
              const byHand = random(3) === 0 ? [rig.byHand(sequence + count, 1n, fee)] : [];
              tip = rig.build(tip, byHand, { producer: other, laterMs: 4_000 + random(3) });
              await rig.give(tip);
            }
            if (chain.head.hashHex !== before) reorganizations += 1;
          } else {
            rig.isCutOff = random(2) === 0;
            await rig.stopPool();
            await rig.startPool();
          }
          check();
        }
        rig.isCutOff = false;
        assert.ok(reorganizations > 0 && byHandCount > 0);
        // Blocks of the pool that nobody has worked for: what is owed can be paid, and all is settled in the end.
        await rig.mine(60);
        check();
        assert.equal(rig.book.status().openPayments, 0);
        for (const { dueUnits, paidUnits } of rig.book.members()) assert.ok(dueUnits - paidUnits < aur);
      }),
    );
  }
});

function sequenceAt(entries: readonly Entry[]): number {
  const found = entries.find((entry) => entry.type === "account" && entry.account === poolAccount);
  return found?.type === "account" ? found.sequence : 0;
}
