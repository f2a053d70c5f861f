/** The books' events over random lives: what is due, paid and remembered always adds up. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { BookEvent } from "../../src/payouts/book-records.ts";
import { accounts, eventOf, steps, terms, tightLimits } from "./book-events.ts";
import { type BookRows, MemoryBooks, rowsOf } from "./memory-books.ts";

const newBooks = () => new MemoryBooks(terms.poolAccount, tightLimits);

/** The same money, counted from the events alone. */
class Counter {
  readonly due = new Map<string, bigint>();
  readonly paid = new Map<string, bigint>();

  follow(event: BookEvent, rows: BookRows): void {
    if (event.kind === "blockMoved") {
      const { to } = event;
      const block = rows.blocks().find(({ hash }) => hash === event.block.hash)!;
      if (block.state === to) return;
      for (const [account, units] of block.parts) {
        if (block.state === "matured") this.#add(this.due, account, -units);
        if (to === "matured") this.#add(this.due, account, units);
      }
    }
    if (event.kind === "paymentReopened" && event.payment.state === "settled") {
      this.#add(this.paid, event.payment.account, -BigInt(event.payment.units));
    }
    if (event.kind === "paymentIncluded" || event.kind === "paymentReverted") {
      const payment = rows.payments().find(({ sequence }) => sequence === event.sequence)!;
      const units = BigInt(payment.units);
      if (payment.included_height !== null) this.#add(this.paid, payment.account, -units);
      if (event.kind === "paymentIncluded") this.#add(this.paid, payment.account, units);
    }
  }

  #add(sums: Map<string, bigint>, account: string, units: bigint): void {
    sums.set(account, (sums.get(account) ?? 0n) + units);
  }
}

describe("the books", () => {
  it("owe each member its parts of the blocks that are mature now, less what was paid", () => {
    fc.assert(
      fc.property(steps, (life) => {
        const books = newBooks();
        const { rows } = books;
        const counter = new Counter();
        for (const [serial, step] of life.entries()) {
          const event = eventOf(step, books, serial);
          counter.follow(event, rows);
          const before = rows.members().find(({ account }) => account === accounts[1])?.payableUnits ?? 0n;
          books.tables.apply(event, terms);
          if (event.kind === "paymentSigned" && event.account === accounts[1]) {
            assert.ok(event.units <= before, "nobody is promised more than is owed");
          }
          assert.equal(books.imbalance(), undefined);
          const members = rows.members();
          for (const member of members) {
            const { account, maturedUnits, paidUnits, payableUnits, ties } = member;
            const { shares, openUnits, immatureUnits, includedUnits } = member;
            const due = counter.due.get(account) ?? 0n;
            assert.equal(maturedUnits, due);
            const own = account === terms.poolAccount ? due : 0n;
            assert.equal(paidUnits + includedUnits, own + (counter.paid.get(account) ?? 0n));
            assert.equal(payableUnits, maturedUnits - paidUnits - openUnits);
            assert.equal(ties > 0, shares > 0 || openUnits > 0n || immatureUnits > 0n);
          }
          const sum = members.reduce((units, member) => units + member.maturedUnits, 0n);
          assert.equal(
            sum,
            [...counter.due.values()].reduce((units, due) => units + due, 0n),
          );
          for (const block of rows.blocks()) {
            const parts = block.parts.reduce((units, [, part]) => units + part, 0n);
            assert.equal(parts + block.keptUnits, block.earnedUnits);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it("stay within their bounds, and never forget who has something coming", () => {
    fc.assert(
      fc.property(steps, (life) => {
        const books = newBooks();
        const { rows } = books;
        let cameBack = 0;
        for (const [serial, step] of life.entries()) {
          const before = rows.members();
          const event = eventOf(step, books, serial);
          books.tables.apply(event, terms);
          const members = rows.members();
          // Who was forgotten and has a part in a block or a payment that comes back is taken in whatever the room.
          if (event.kind === "blockMoved" || event.kind === "paymentReopened")
            cameBack += Math.max(0, members.length - before.length);
          assert.ok(members.length <= tightLimits.membersMax + cameBack);
          assert.ok(rows.shares().length <= tightLimits.sharesMax);
          for (const gone of before.filter(
            (one) => !members.some(({ account }) => account === one.account),
          )) {
            assert.equal(gone.maturedUnits, 0n);
            assert.equal(gone.paidUnits, 0n, "what was paid too much is still to be made up for");
            assert.equal(gone.openUnits, 0n);
            assert.equal(gone.immatureUnits, 0n);
            assert.equal(gone.shares, 0);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it("are the same when they are opened again", () => {
    fc.assert(
      fc.property(steps, (life) => {
        const books = newBooks();
        for (const [serial, step] of life.entries()) books.tables.apply(eventOf(step, books, serial), terms);
        const again = new MemoryBooks(terms.poolAccount, tightLimits, { image: books.rows.db.serialize() });
        assert.equal(again.rows.text(), books.rows.text());
        assert.deepEqual(again.tables.members(), books.tables.members());
        assert.deepEqual(again.tables.status(), books.tables.status());
      }),
    );
  });

  it("notice where one of their records is missing", () => {
    const books = newBooks();
    const [pool, member] = accounts as [string, string];
    const share = { kind: "shareAccepted" as const, account: member, work: 100n };
    const block = (hash: string) => ({ hash, height: 1, earnedUnits: 1_000n, work: 100n });
    const events: BookEvent[] = [
      { ...share, account: pool, block: undefined },
      { ...share, block: block("first") },
      { ...share, block: block("second") },
      { kind: "blockMoved", block: { ...block("first"), state: "found" }, to: "matured" },
      {
        kind: "paymentSigned",
        account: member,
        sequence: 0,
        units: 5n,
        transactionId: "id",
        transaction: "bytes",
      },
    ];
    for (const event of events) books.tables.apply(event, terms);
    const image = books.rows.db.serialize();
    const keys = [...books.rows.contents()].filter(([, row]) => row.state !== "matured");
    assert.deepEqual(new Set(keys.map(([key]) => key.split("/")[0])).size, 5);
    for (const [name, row] of keys) {
      const { db } = rowsOf(image);
      const [column, key] = Object.entries(row)[0]!;
      db.prepare(`DELETE FROM ${name.split("/")[0]} WHERE ${column} = ?`).run(key);
      const missing = () => new MemoryBooks(terms.poolAccount, tightLimits, { image: db.serialize() });
      assert.throws(missing, /are damaged: /, `without ${name}`);
    }
  });

  it("take nobody in when every member has something coming", () => {
    const { tables, rows } = newBooks();
    const isMember = (account: string) => rows.members().some((one) => one.account === account);
    for (const account of accounts.slice(0, 4)) {
      tables.apply({ kind: "shareAccepted", account, work: 1n, block: undefined }, terms);
    }
    const late: BookEvent = { kind: "shareAccepted", account: accounts[5]!, work: 1n, block: undefined };
    assert.equal(tables.hasRoomFor(accounts[5]!), false);
    const before = rows.text();
    tables.apply(late, terms);
    assert.equal(rows.text(), before);
    // The first one's only share leaves the window, and with it the first one.
    for (let count = 0; count < tightLimits.sharesMax - 3; count += 1) {
      tables.apply({ kind: "shareAccepted", account: accounts[1]!, work: 1n, block: undefined }, terms);
    }
    assert.equal(tables.hasRoomFor(accounts[5]!), true);
    tables.apply(late, terms);
    assert.equal(isMember(accounts[0]!), false);
    assert.ok(isMember(accounts[5]!));
    assert.equal(rows.totals.members_forgotten, 1);
  });
});
