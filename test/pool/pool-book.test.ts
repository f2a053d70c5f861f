/** The books over a disk: what was acknowledged is there after any crash, and a disk that fails is survived. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromHex } from "../../src/base/bytes.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { PoolBook } from "../../src/payouts/pool-book.ts";
import { PoolError } from "../../src/payouts/pool-error.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { accounts, eventOf, steps, terms, tightLimits } from "./book-events.ts";
import { type BookImage, MemoryBooks, rowsOf } from "./memory-books.ts";

const keys = accounts.map((account) => fromHex(account)!);
const [pool, ann, ben, cat] = keys as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

const newStore = (image?: BookImage) =>
  new MemoryBooks(terms.poolAccount, tightLimits, image ? { image } : {});

async function openOver(store: MemoryBooks, clock = createSimulatedClock(0)) {
  const book = new PoolBook(store, terms, { clock, logger: silentLogger });
  return { book, clock };
}

describe("the books on a disk", () => {
  it("are, after a crash at any batch, as they were before or after some event, with all that was acknowledged", async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 9 }), async (life, atOnce) => {
        const store = newStore();
        const { book } = await openOver(store);
        // The same events in other books, to know how the books look after each.
        const model = newStore();
        const after = [model.rows.text()];
        const acknowledgements: { readonly events: number; readonly batches: number }[] = [];
        let running: Promise<unknown>[] = [];
        let serial = 0;
        for (const step of life) {
          const event = eventOf(step, model, serial);
          serial += 1;
          model.tables.apply(event, terms);
          after.push(model.rows.text());
          const events = serial;
          const stored = book.record([event]).then(() => {
            acknowledgements.push({ events, batches: store.history.length - 1 });
          });
          running.push(stored);
          if (running.length >= atOnce) {
            await Promise.all(running);
            running = [];
          }
        }
        await Promise.all(running);
        await book.close();
        for (const [batch, image] of store.history.entries()) {
          // Opening them holds them against their sums.
          const { rows } = newStore(image);
          const acknowledged = acknowledgements.filter(({ batches }) => batches <= batch);
          // At least as late as the last event that was acknowledged before the next batch was there.
          const earliest = Math.max(0, ...acknowledged.map(({ events }) => events));
          const position = after.indexOf(rows.text(), earliest);
          assert.notEqual(position, -1, "no state of the books from then on looks like this");
        }
        assert.equal(rowsOf(store.history.at(-1)!).text(), after.at(-1));
      }),
      { numRuns: 60 },
    );
  });

  it("put shares that come while the disk is busy into one batch", async () => {
    const store = newStore();
    const { book } = await openOver(store);
    const first = book.recordShare({ account: ann, work: 1n });
    await Promise.resolve();
    const others = [ben, ann, ben, cat].map((account) => book.recordShare({ account, work: 1n }));
    await Promise.all([first, ...others]);
    assert.ok(store.history.length - 1 <= 2, "two batches for five shares");
    assert.equal(rowsOf(store.history.at(-1)!).totals.next_share, 5);
    await book.close();
  });

  it("write rejected shares with the next one, or when they are closed", async () => {
    const store = newStore();
    const { book } = await openOver(store);
    await book.recordShare({ account: ann, work: 1n });
    book.recordRejected(ann);
    book.recordRejected(ben);
    assert.equal(rowsOf(store.history.at(-1)!).totals.shares_rejected, 0);
    assert.equal(book.members().length, 1, "who is no member does not become one by what is refused");
    await book.close();
    const rows = rowsOf(store.history.at(-1)!);
    assert.equal(rows.totals.shares_rejected, 2);
    assert.equal(rows.contents().get(`member/${accounts[1]!}`)?.shares_rejected, 1);
  });

  for (const failure of ["lost", "kept"] as const) {
    it(`go on after a failed write that was ${failure}, and lose nothing that was acknowledged`, async () => {
      const store = newStore();
      const { book, clock } = await openOver(store);
      await book.recordShare({ account: ann, work: 1n });
      store.failures.push(failure);
      const failing = [ann, ben].map((account) => book.recordShare({ account, work: 1n }));
      for (const outcome of await Promise.allSettled(failing)) assert.equal(outcome.status, "rejected");
      await assert.rejects(
        book.recordShare({ account: ann, work: 1n }),
        /does not like it/,
        "not tried at once",
      );
      assert.throws(() => book.openPayments(), /does not like it/);
      await clock.advance(1_000);
      await book.recordShare({ account: cat, work: 1n });
      const shares = failure === "kept" ? 4 : 2;
      assert.equal(book.status().shares, shares);
      assert.equal(book.hasAccount(ben), failure === "kept");
      await book.close();
      assert.equal(rowsOf(store.history.at(-1)!).totals.next_share, shares);
    });
  }

  it("write nothing that came in between a failed write and its becoming known", async () => {
    // Between the failure and its last consequence lie some turns of promises: a share comes in each of them.
    const outcomeOf = (stored: Promise<void>) =>
      stored.then(
        () => "stored",
        (error: Error) => error.message,
      );
    for (let turns = 0; turns < 8; turns += 1) {
      const shares: Promise<string>[] = [];
      const store = new (class extends MemoryBooks {
        override async commit(): Promise<void> {
          try {
            await super.commit();
          } catch (thrown) {
            let left = turns;
            const come = () => {
              if (left === 0) shares.push(outcomeOf(book.recordShare({ account: ben, work: 1n })));
              else queueMicrotask(come);
              left -= 1;
            };
            if (shares.length === 0) come();
            throw thrown;
          }
        }
      })(terms.poolAccount, tightLimits);
      const { book } = await openOver(store);
      store.failures.push("lost");
      await assert.rejects(book.recordShare({ account: ann, work: 1n }), /does not like it/);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(shares.length, 1);
      assert.match(await shares[0]!, /does not like it/, `${turns} turns later`);
      await book.close();
    }
  });

  it("take a block's share for what it is when it comes again after a write that was kept", async () => {
    const store = newStore();
    const { book, clock } = await openOver(store);
    const block = { hash: new Uint8Array(32).fill(1), height: 7, earnedUnits: 1_000n, work: 500n };
    store.failures.push("kept");
    await assert.rejects(book.recordShare({ account: ann, work: 600n, block }));
    await clock.advance(1_000);
    await book.recordShare({ account: ann, work: 600n, block });
    const { shares, blocks } = book.status();
    assert.deepEqual({ shares, blocks }, { shares: 1, blocks: 1 });
    await book.close();
  });

  it("never lose an acknowledged share over a disk that fails again and again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom("fine", "lost", "kept"), { maxLength: 30 }), async (plan) => {
        const store = newStore();
        const { book, clock } = await openOver(store);
        let acknowledged = 0;
        let failed = 0;
        for (const outcome of plan) {
          if (outcome === "lost" || outcome === "kept") store.failures.push(outcome);
          try {
            await book.recordShare({ account: ann, work: 1n });
            acknowledged += 1;
          } catch {
            failed += 1;
            await clock.advance(1_000);
          }
        }
        await book.close();
        const { next_share: nextShare } = rowsOf(store.history.at(-1)!).totals;
        assert.ok(nextShare >= acknowledged && nextShare <= acknowledged + failed);
        assert.equal(failed, plan.filter((outcome) => outcome !== "fine").length);
      }),
    );
  });

  it("go on when a disk that was full has room again, and say what is wrong until then", async () => {
    const store = newStore();
    const { book, clock } = await openOver(store);
    const { db } = store.rows;
    const pages = Number(db.prepare("PRAGMA page_count").get()?.page_count);
    db.exec(`PRAGMA max_page_count = ${pages}`);
    let acknowledged = 0;
    const fill = async () => {
      for (let byte = 1; byte < 60; byte += 1) {
        const hash = new Uint8Array(32).fill(byte);
        await book.recordShare({
          account: ann,
          work: 1n,
          block: { hash, height: byte, earnedUnits: 9n, work: 1n },
        });
        acknowledged += 1;
      }
    };
    await assert.rejects(fill(), (error: PoolError) => {
      assert.equal(error.code, "pool/io");
      assert.match(error.message, /cannot be reached: writing: database or disk is full/);
      assert.match(error.next, /df -h/);
      return true;
    });
    assert.equal(book.status().shares, acknowledged);
    db.exec("PRAGMA max_page_count = 1000000");
    await clock.advance(1_000);
    await book.recordShare({ account: ann, work: 1n });
    assert.equal(book.status().shares, acknowledged + 1);
    assert.equal(store.imbalance(), undefined);
    await book.close();
  });

  it("refuse to open where they do not add up", async () => {
    const store = newStore();
    const { book } = await openOver(store);
    await book.recordShare({ account: ann, work: 1n });
    await book.close();
    const { db } = rowsOf(store.history.at(-1)!);
    db.exec("DELETE FROM share");
    assert.throws(
      () => newStore(db.serialize()),
      (error: PoolError) => {
        assert.ok(error instanceof PoolError);
        assert.equal(error.code, "pool/damaged");
        assert.match(error.message, /0 shares are there, 1 should be/);
        return true;
      },
    );
  });
});

describe("what the books show", () => {
  it("is one row for each member, with what it is due and was paid, and the sums", async () => {
    const { book } = await openOver(newStore());
    await book.recordShare({ account: ann, work: 600n });
    book.recordRejected(ann);
    const block = { hash: new Uint8Array(32).fill(1), height: 7, earnedUnits: 1_000n, work: 500n };
    await book.recordShare({ account: ben, work: 200n, block });
    // 3 % of 1000 are kept; 970 split 1 : 3 is 242.5 and 727.5, and the half goes to the finder.
    const rowOf = (key: Uint8Array) =>
      book.members().find(({ member }) => Buffer.compare(member, key) === 0)!;
    assert.deepEqual([rowOf(ann).dueUnits, rowOf(ben).dueUnits], [727n, 243n]);
    assert.deepEqual([rowOf(ann).paidUnits, rowOf(ann).payoutTransaction], [0n, null]);
    assert.deepEqual(book.payable(1n), [], "nothing before the chain has decided");
    const [open] = book.openBlocks();
    await book.record([{ kind: "blockMoved", block: open!, to: "matured" }]);
    assert.deepEqual(book.payable(300n), [{ account: accounts[1]!, units: 727n }]);
    await book.record([
      {
        kind: "paymentSigned",
        account: accounts[1]!,
        sequence: 4,
        units: 727n,
        transactionId: "1d",
        transaction: "",
      },
    ]);
    assert.deepEqual(book.payable(300n), []);
    assert.equal(rowOf(ann).paidUnits, 0n, "signed is not paid");
    await book.record([{ kind: "paymentIncluded", sequence: 4, height: 9, hash: "00" }]);
    const row = rowOf(ann);
    assert.deepEqual(
      { ...row, hashesPerSecond: undefined },
      {
        poolAccount: pool,
        member: ann,
        sharesAccepted: 1,
        sharesRejected: 1,
        hashesPerSecond: undefined,
        blocksFound: 0,
        dueUnits: 727n,
        immatureUnits: 0n,
        paidUnits: 727n,
        payoutTransaction: "1d",
      },
    );
    await book.record([{ kind: "paymentSettled", sequence: 4 }]);
    assert.deepEqual([rowOf(ann).paidUnits, rowOf(ann).payoutTransaction], [727n, "1d"]);
    assert.equal(rowOf(ben).blocksFound, 1);
    const { hashesPerSecond, ...status } = book.status();
    assert.ok(hashesPerSecond > 0);
    assert.deepEqual(status, {
      members: 2,
      shares: 2,
      sharesRejected: 1,
      blocks: 1,
      blocksOrphaned: 0,
      dueUnits: 970n,
      immatureUnits: 0n,
      paidUnits: 727n,
      keptUnits: 30n,
      openPayments: 0,
    });
    for await (const piece of book.archivedBlocks()) {
      assert.deepEqual(
        piece.map(({ height, state }) => ({ height, state })),
        [{ height: 7, state: "matured" }],
      );
    }
    await book.close();
  });

  it("is a hash rate from the work of the last ten minutes", async () => {
    const { book, clock } = await openOver(newStore());
    // 5000 hashes each 5 s are 1000 a second.
    for (let share = 0; share < 240; share += 1) {
      await book.recordShare({ account: ann, work: 5_000n });
      await clock.advance(5_000);
    }
    const rate = () => book.members()[0]!.hashesPerSecond;
    assert.ok(Math.abs(rate() - 1_000) < 20, `${rate()}`);
    await clock.advance(300_000);
    assert.ok(Math.abs(rate() - 500) < 60, `${rate()}`);
    await clock.advance(300_000);
    assert.equal(rate(), 0);
    await book.close();
  });

  it("pays the pool's own account at once, and never by a transfer", async () => {
    const { book } = await openOver(newStore());
    const block = { hash: new Uint8Array(32).fill(1), height: 7, earnedUnits: 1_000n, work: 500n };
    await book.recordShare({ account: pool, work: 200n, block });
    assert.equal(book.members()[0]?.paidUnits, 0n);
    await book.record([{ kind: "blockMoved", block: book.openBlocks()[0]!, to: "matured" }]);
    assert.deepEqual(book.payable(1n), []);
    assert.deepEqual([book.members()[0]?.dueUnits, book.members()[0]?.paidUnits], [970n, 970n]);
    await book.close();
  });

  it("pays first whoever has been owed for longest", async () => {
    const { book } = await openOver(newStore());
    const find = async (account: Uint8Array, byte: number) => {
      const hash = new Uint8Array(32).fill(byte);
      await book.recordShare({
        account,
        work: 1_000n,
        block: { hash, height: byte, earnedUnits: 100n, work: 1n },
      });
      await book.record([{ kind: "blockMoved", block: book.openBlocks()[0]!, to: "matured" }]);
    };
    // Each block's window is full with its own share.
    await find(cat, 1);
    await find(ann, 2);
    await find(cat, 3);
    await find(ben, 4);
    const order = () => book.payable(1n).map(({ account }) => accounts.indexOf(account));
    assert.deepEqual(order(), [3, 1, 2]);
    const owed = book.payable(1n)[0]!;
    const payment = {
      kind: "paymentSigned" as const,
      ...owed,
      sequence: 0,
      transactionId: "1d",
      transaction: "",
    };
    await book.record([payment]);
    assert.deepEqual(order(), [1, 2]);
    await book.record([{ kind: "paymentVoided", sequence: 0 }]);
    assert.deepEqual(order(), [3, 1, 2], "its place in the row is not lost with the payment");
    await book.close();
  });
});
