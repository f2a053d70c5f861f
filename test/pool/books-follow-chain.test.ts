/** A pool's books say what the chain says, whatever becomes of the chain: reorganizations of any depth, stops, a store anew. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { bookFileName } from "../../src/payouts/book-file.ts";
import { followChain } from "../../src/payouts/book-follower.ts";
import { bookLimits } from "../../src/payouts/book-records.ts";
import { PoolBook } from "../../src/payouts/pool-book.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { alice, type BuiltBlock } from "../chain/block-builder.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { type BookImage, MemoryBooks, rowsOf } from "./memory-books.ts";
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

/** More work than the window holds: who finds a block with it earns all of it. */
const wholeWindow = 30_000n;
const members = [ann, ben, cat];

function following(options: PayoutRigOptions, body: (rig: PayoutRig) => Promise<void>): () => Promise<void> {
  const allocations = { [addressOf(alice.publicKey)]: "1000", [addressOf(poolKeys.publicKey)]: "500" };
  return async () => {
    const rig = await PayoutRig.create({ ...options, spec: { allocations, ...options.spec } });
    try {
      await body(rig);
    } finally {
      await rig.end();
    }
  };
}

/** Holds the books against the chain. */
function assertBooksAreTheChain(rig: PayoutRig): void {
  const rows = rig.book.members();
  let dueUnits = 0n;
  let paidUnits = 0n;
  for (const member of members) {
    const row = rows.find((one) => toHex(one.member) === toHex(member.publicKey));
    const earned = rig.earnedOnChain(member);
    const { units, ids } = rig.paidOnChain(member);
    assert.equal(row?.dueUnits ?? 0n, earned.units, "earned is what blocks in the chain earned");
    assert.equal(row?.immatureUnits ?? 0n, earned.immatureUnits);
    assert.equal(row?.paidUnits ?? 0n, units, "paid is what the chain transferred");
    assert.equal(row?.payoutTransaction ?? null, ids.at(-1) ?? null);
    dueUnits += earned.units;
    paidUnits += units;
  }
  const status = rig.book.status();
  assert.deepEqual(
    { dueUnits: status.dueUnits, paidUnits: status.paidUnits },
    { dueUnits, paidUnits },
    "and so are the sums",
  );
}

/** A block of the pool without transactions: it earns 5 AUR, all of it for its finder. */
async function findEmpty(rig: PayoutRig, finder: KeyPair): Promise<void> {
  const built = rig.build(rig.head, []);
  await rig.record(built, [[finder, wholeWindow]]);
  assert.equal(await rig.give(built), "head");
}

/** Ten blocks of the pool on `base`, each found by ann alone, and enough on them that they are mature and paid. */
async function tenPaidBlocks(rig: PayoutRig): Promise<void> {
  for (let count = 0; count < 10; count += 1) await findEmpty(rig, ann);
  await rig.mine(30, other);
  assert.equal(rig.paidOnChain(ann).units, 50n * aur);
  assert.equal(rig.book.status().openPayments, 0, "settled: 20 deep");
  assertBooksAreTheChain(rig);
}

describe("earnings of blocks that left the chain", () => {
  it(
    "are void at any depth, and what was paid is made up for by the next earnings",
    following({}, async (rig) => {
      await rig.mine(1, other);
      const base = rig.head;
      await tenPaidBlocks(rig);
      await rig.forkFrom(base, other);
      assertBooksAreTheChain(rig);
      assert.equal(rig.row(ann).dueUnits, 0n);
      assert.equal(rig.row(ann).paidUnits, 0n, "what the lost branch had paid is not paid");
      assert.equal(rig.balance(ann), 0n);
      // A miner that offers what the mempool has: the payments of the lost branch are not in there.
      await rig.mine(30, other);
      assert.deepEqual(
        rig.paidOnChain(ann).ids,
        [],
        "no other funds of the pool pay for blocks that are not there",
      );
      assertBooksAreTheChain(rig);
      await findEmpty(rig, ann);
      await rig.mine(30, other);
      assert.equal(rig.paidOnChain(ann).units, 5n * aur, "one block, one payment");
      assertBooksAreTheChain(rig);
      assert.equal(rig.book.status().openPayments, 0);
    }),
  );

  it(
    "stay owed to the pool if the payments came into the other branch, too",
    following({}, async (rig) => {
      await rig.mine(1, other);
      const base = rig.head;
      await tenPaidBlocks(rig);
      const paid = rig.branchTo(rig.head).flatMap(({ block }) => block.transactions);
      await rig.forkFrom(base, other, () => paid);
      assertBooksAreTheChain(rig);
      assert.equal(rig.row(ann).paidUnits, 50n * aur, "they are in this chain");
      assert.equal(rig.row(ann).dueUnits, 0n);
      // Ten blocks only make up for it; the eleventh is paid.
      for (let count = 0; count < 10; count += 1) await findEmpty(rig, ann);
      await rig.mine(30, other);
      assert.equal(rig.paidOnChain(ann).units, 50n * aur);
      await findEmpty(rig, ann);
      await rig.mine(30, other);
      assert.equal(rig.paidOnChain(ann).units, 55n * aur);
      assertBooksAreTheChain(rig);
    }),
  );

  it(
    "take payments back that are signed and in no block yet",
    following({}, async (rig) => {
      await rig.mine(1, other);
      const base = rig.head;
      for (const member of [ann, ben]) await findEmpty(rig, member);
      // Blocks that take nothing from the mempool.
      for (let count = 0; count < 3; count += 1) await rig.give(rig.build(rig.head, [], { producer: other }));
      const signed = rig.book.openPayments();
      assert.equal(signed.length, 2);
      for (const { transactionId } of signed) assert.ok(rig.mempool.has(transactionId));
      await rig.forkFrom(base, other);
      for (const { transactionId } of signed) {
        assert.equal(rig.mempool.has(transactionId), false, "replaced in the mempool");
      }
      rig.submitted.length = 0;
      await rig.mine(30, other);
      assert.deepEqual([rig.paidOnChain(ann).ids, rig.paidOnChain(ben).ids], [[], []]);
      for (const { transactionId } of signed)
        assert.ok(!rig.submitted.includes(transactionId), "nor sent again");
      assert.equal(rig.book.status().openPayments, 0, "void for good");
      await findEmpty(rig, ben);
      await rig.mine(30, other);
      assert.equal(rig.paidOnChain(ben).units, 5n * aur, "the next payment is not held up");
      assertBooksAreTheChain(rig);
    }),
  );

  it(
    "are not paid by the block that this node drafts in the turn of the reorganization",
    following({}, async (rig) => {
      await rig.mine(1, other);
      const base = rig.head;
      await tenPaidBlocks(rig);
      // As the producer does: it listens from the node's start on, when the desk is there already.
      const offered: string[] = [];
      await rig.stopPool();
      await rig.startPool(() =>
        rig.open.chain.events.on("headChanged", () => {
          const drafted = rig.mempool.select({ transactionsMax: 1000, bytesMax: 1_000_000 });
          offered.push(...drafted.map(({ idHex }) => idHex));
        }),
      );
      const { ids } = rig.paidOnChain(ann);
      assert.equal(ids.length, 10);
      await rig.forkFrom(base, other);
      for (const id of ids) assert.ok(!offered.includes(id), "no draft has it");
    }),
  );

  it(
    "count as paid if another miner put a withdrawn payment into its block",
    following({}, async (rig) => {
      await rig.mine(1, other);
      const base = rig.head;
      await findEmpty(rig, ann);
      for (let count = 0; count < 3; count += 1) await rig.give(rig.build(rig.head, [], { producer: other }));
      const [signed] = rig.mempool.transactions();
      assert.ok(signed);
      await rig.forkFrom(base, other);
      assert.ok(rig.book.openPayments()[0]?.withdrawnBy);
      // Who had heard of the payment before the pool withdrew it.
      await rig.give(rig.build(rig.head, [signed], { producer: cat }));
      assert.equal(rig.row(ann).paidUnits, 5n * aur);
      assertBooksAreTheChain(rig);
      await rig.mine(30, other);
      await findEmpty(rig, ann);
      await rig.mine(30, other);
      assert.equal(rig.paidOnChain(ann).units, 5n * aur, "the next block makes up for it");
      assertBooksAreTheChain(rig);
    }),
  );

  it(
    "count again when the blocks come back",
    following({}, async (rig) => {
      await rig.mine(1, other);
      const base = rig.head;
      await tenPaidBlocks(rig);
      const first = rig.head;
      await rig.forkFrom(base, other);
      assert.equal(rig.row(ann).dueUnits, 0n);
      await rig.forkFrom(first, other);
      assertBooksAreTheChain(rig);
      assert.equal(rig.row(ann).dueUnits, 50n * aur);
      await rig.mine(30, other);
      assert.equal(rig.paidOnChain(ann).units, 50n * aur, "and are paid once");
      assertBooksAreTheChain(rig);
    }),
  );

  it(
    "are void if the pool was stopped while the chain was reorganized",
    following({}, async (rig) => {
      await rig.mine(1, other);
      const base = rig.head;
      await tenPaidBlocks(rig);
      await rig.stopPool();
      await rig.forkFrom(base, other);
      await rig.mine(5, other);
      await rig.startPool();
      assertBooksAreTheChain(rig);
      await rig.mine(30, other);
      assertBooksAreTheChain(rig);
    }),
  );

  for (const isPoolRunning of [true, false]) {
    it(
      `follow a chain store that was replaced, with the pool ${isPoolRunning ? "running" : "stopped"}`,
      following({}, async (rig) => {
        await rig.mine(1, other);
        const base = rig.head;
        await tenPaidBlocks(rig);
        const first = rig.head;
        let second: BuiltBlock = base;
        for (let count = 0; count < 20; count += 1) {
          second = rig.build(second, [], { producer: other });
        }
        // Another chain, and shorter; then the first one again, from zero.
        await rig.replaceChain(second, { isPoolRunning });
        assertBooksAreTheChain(rig);
        assert.equal(rig.row(ann).dueUnits, 0n);
        await rig.replaceChain(first, { isPoolRunning });
        assertBooksAreTheChain(rig);
        assert.equal(rig.row(ann).dueUnits, 50n * aur);
        await rig.mine(25, other);
        assert.equal(rig.paidOnChain(ann).units, 50n * aur);
        assertBooksAreTheChain(rig);
      }),
    );
  }
});

/** A small generator of its own, so that a failing life can be run again by its seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe("over random reorganizations of any depth, stops and kills in the middle of them, the books are the chain", () => {
  for (const seed of [11, 12, 13, 14, 15, 16]) {
    it(
      `at every head (seed ${seed})`,
      following({ feePercent: seed % 3, desk: { intervalBlocks: 1 + (seed % 3) } }, async (rig) => {
        const random = numbers(seed);
        const anyMember = (): KeyPair => members[random(3)]!;
        let reorganizations = 0;
        for (let step = 0; step < 40; step += 1) {
          const what = random(10);
          if (what < 4) await rig.find([[anyMember(), wholeWindow]]);
          else if (what < 6) await rig.mine(1 + random(8), random(2) === 0 ? poolKeys : other);
          else if (what < 8) {
            // On any block at all, up to block 0; on the way the pool finds some, and miners know some payments.
            const known = rig.branchTo(rig.head).flatMap(({ block }) => block.transactions);
            const offered = random(2) === 0 ? known : [];
            const isOffline = random(3) === 0;
            if (isOffline) await rig.stopPool();
            const isKilled = !isOffline && random(2) === 0;
            if (isKilled) rig.killAfter = { writes: 1 + random(6), isLastKept: random(2) === 0 };
            const head = rig.head;
            await rig.forkFrom(
              rig.anyBuilt(random(1_000_000)),
              random(2) === 0 ? poolKeys : other,
              () => offered,
              150,
            );
            if (isKilled) await rig.stopPool();
            rig.killAfter = undefined;
            if (isOffline || isKilled) await rig.startPool();
            if (
              toHex(rig.open.chain.hashAtHeight(head.record.header.height) ?? new Uint8Array()) !==
              head.block.hashHex
            ) {
              reorganizations += 1;
            }
          } else if (what === 8) {
            await rig.stopPool();
            await rig.startPool();
          } else if (random(4) === 0) {
            await rig.replaceChain(rig.head, { isPoolRunning: random(2) === 0 });
          }
          assertBooksAreTheChain(rig);
        }
        assert.ok(reorganizations > 0);
        // Nothing is left open in the end, and nobody who has earned it waits for an AUR.
        await rig.mine(80);
        assertBooksAreTheChain(rig);
        assert.equal(rig.book.status().openPayments, 0);
        for (const { dueUnits, paidUnits } of rig.book.members()) {
          assert.ok(dueUnits - paidUnits < aur + fee, `${dueUnits} ${paidUnits}`);
        }
      }),
    );
  }
});

describe("a pool killed while its books follow a reorganization", () => {
  it(
    "ends with the same books, whichever write was the last",
    following({}, async (rig) => {
      await rig.mine(1, other);
      const base = rig.head;
      await tenPaidBlocks(rig);
      for (const member of [ben, cat, ann]) await rig.find([[member, wholeWindow]]);
      await rig.mine(3, other);
      await rig.stopPool();
      const before = await imageOf(rig);
      // Back and forth: what a killed follower has half done must fit whatever the chain is next.
      const first = rig.head;
      await rig.forkFrom(base, other);
      const { image: voided, history } = await follow(rig, before);
      assert.ok(history.length > 2, `${history.length} states of the disk`);
      for (const killedAt of history) {
        assertEqualBooks((await follow(rig, killedAt)).image, voided);
      }
      await rig.forkFrom(first, other);
      const { image: back } = await follow(rig, before);
      for (const killedAt of history) {
        assertEqualBooks((await follow(rig, killedAt)).image, back);
      }
      await rig.startPool();
      assertBooksAreTheChain(rig);
    }),
  );
});

/** All that the books of a rig have on disk; the pool must be stopped. */
async function imageOf({ poolDirectory }: PayoutRig): Promise<BookImage> {
  const db = new DatabaseSync(join(poolDirectory, bookFileName));
  try {
    // The books in memory are of a chain of their own, and have no log.
    db.exec("PRAGMA journal_mode = DELETE");
    return db.serialize();
  } finally {
    db.close();
  }
}

/** Follows the chain with books that begin with this image: the images after each write, and at the end. */
async function follow(rig: PayoutRig, image: BookImage) {
  const chainId = toHex(rig.builder.spec.chainId);
  const store = new MemoryBooks(poolAccount, { ...bookLimits, archivePieceMax: 3 }, { image, chainId });
  const book = new PoolBook(store, {}, { clock: createSimulatedClock(0), logger: silentLogger });
  await followChain(book, rig.open.chain);
  await book.close();
  return { image: store.history.at(-1)!, history: store.history };
}

function assertEqualBooks(actual: BookImage, expected: BookImage): void {
  const [one, other] = [withoutWaiting(actual), withoutWaiting(expected)];
  for (const key of new Set([...one.keys(), ...other.keys()])) {
    assert.deepEqual(one.get(key), other.get(key), key);
  }
}

/** Without what depends on the way: who has waited longest is counted from when earnings came back. */
function withoutWaiting(image: BookImage) {
  const contents = rowsOf(image).contents();
  for (const [key, row] of contents)
    if (key.startsWith("member/")) contents.set(key, { ...row, due_since: 0 });
  return contents;
}
