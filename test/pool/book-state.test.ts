/** The books' events over random lives: what is due, paid and remembered always adds up. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { BookRecord, MemberRecord } from "../../src/pool/book-records.ts";
import { decodeRecord, encodeRecord } from "../../src/pool/book-records.ts";
import { BookState } from "../../src/pool/book-state.ts";
import { type BookEvent, changesOf, hasRoomFor } from "../../src/pool/book-transitions.ts";
import { Archive, accounts, eventOf, steps, terms, tightLimits } from "./book-events.ts";
import { textOf } from "./memory-pool-store.ts";

/** The same money, counted from the events alone. */
class Counter {
  readonly due = new Map<string, bigint>();
  readonly paid = new Map<string, bigint>();

  follow(event: BookEvent, state: BookState): void {
    if (event.kind === "blockMoved") {
      const { block, to } = event;
      if (block.state === to) return;
      for (const [account, units] of block.parts) {
        if (block.state === "matured") this.#add(this.due, account, -units);
        if (to === "matured") this.#add(this.due, account, units);
      }
    }
    if (event.kind === "paymentReopened" && event.payment.state === "settled") {
      this.#add(this.paid, event.payment.account, -event.payment.units);
    }
    if (event.kind === "paymentIncluded" || event.kind === "paymentReverted") {
      const { account, units, includedIn } = state.payment(event.sequence)!;
      if (includedIn) this.#add(this.paid, account, -units);
      if (event.kind === "paymentIncluded") this.#add(this.paid, account, units);
    }
  }

  #add(sums: Map<string, bigint>, account: string, units: bigint): void {
    sums.set(account, (sums.get(account) ?? 0n) + units);
  }
}

const emptyMember = { account: "", maturedUnits: 0n, paidUnits: 0n } as MemberRecord;

describe("the books", () => {
  it("owe each member its parts of the blocks that are mature now, less what was paid", () => {
    fc.assert(
      fc.property(steps, (life) => {
        const state = new BookState(tightLimits);
        const archive = new Archive();
        const counter = new Counter();
        for (const [serial, step] of life.entries()) {
          const event = eventOf(step, state, archive, serial);
          counter.follow(event, state);
          const before = state.payableUnits(state.member(accounts[1]!) ?? emptyMember);
          const changes = changesOf(state, event, terms);
          state.apply(changes);
          archive.apply(changes);
          if (event.kind === "paymentSigned" && event.account === accounts[1]) {
            assert.ok(event.units <= before, "nobody is promised more than is owed");
          }
          assert.equal(state.imbalance(), undefined);
          for (const member of state.members()) {
            const { account } = member;
            const { openUnits, includedUnits } = state.tally(account);
            const due = counter.due.get(account) ?? 0n;
            assert.equal(member.maturedUnits, due);
            const own = account === terms.poolAccount ? due : 0n;
            assert.equal(member.paidUnits + includedUnits, own + (counter.paid.get(account) ?? 0n));
            assert.equal(state.payableUnits(member), member.maturedUnits - member.paidUnits - openUnits);
          }
          const sum = [...state.members()].reduce((units, member) => units + member.maturedUnits, 0n);
          assert.equal(
            sum,
            [...counter.due.values()].reduce((units, due) => units + due, 0n),
          );
          for (const block of state.openBlocks()) {
            const parts = block.parts.reduce((units, [, part]) => units + part, 0n);
            assert.equal(parts + block.keptUnits, block.earnedUnits);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("stay within their bounds, and never forget who has something coming", () => {
    fc.assert(
      fc.property(steps, (life) => {
        const state = new BookState(tightLimits);
        const archive = new Archive();
        let cameBack = 0;
        for (const [serial, step] of life.entries()) {
          const before = [...state.members()];
          const event = eventOf(step, state, archive, serial);
          const changes = changesOf(state, event, terms);
          state.apply(changes);
          archive.apply(changes);
          // Who was forgotten and has a part in a block or a payment that comes back is taken in whatever the room.
          if (event.kind === "blockMoved" || event.kind === "paymentReopened")
            cameBack += Math.max(0, state.memberCount - before.length);
          assert.ok(state.memberCount <= tightLimits.membersMax + cameBack);
          assert.ok([...state.sharesNewestFirst()].length <= tightLimits.sharesMax);
          for (const gone of before.filter(({ account }) => !state.member(account))) {
            assert.equal(gone.maturedUnits, 0n);
            assert.equal(gone.paidUnits, 0n, "what was paid too much is still to be made up for");
            assert.equal(state.tally(gone.account).openUnits, 0n);
            assert.equal(state.tally(gone.account).immatureUnits, 0n);
            assert.equal(state.tally(gone.account).shares, 0);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("are the same when they are built from their records, in any order and through their text", () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (life, isReversed) => {
        const state = new BookState(tightLimits);
        const archive = new Archive();
        for (const [serial, step] of life.entries()) {
          const changes = changesOf(state, eventOf(step, state, archive, serial), terms);
          state.apply(changes);
          archive.apply(changes);
        }
        const records: BookRecord[] = Array.from(state.records(), (record) =>
          decodeRecord(encodeRecord(record)),
        );
        const again = BookState.fromRecords(isReversed ? records.reverse() : records, tightLimits);
        assert.equal(textOf(again.records(), tightLimits), textOf(state.records(), tightLimits));
        assert.equal(again.imbalance(), undefined);
        for (const account of accounts) assert.deepEqual(again.tally(account), state.tally(account));
      }),
    );
  });

  it("notice where one of their records is missing", () => {
    const state = new BookState(tightLimits);
    const [pool, member] = accounts as [string, string];
    const share = { kind: "shareAccepted" as const, account: member, work: 100n };
    const block = (hash: string) => ({ hash, height: 1, earnedUnits: 1_000n, work: 100n });
    const events: (() => BookEvent)[] = [
      () => ({ ...share, account: pool, block: undefined }),
      () => ({ ...share, block: block("first") }),
      () => ({ ...share, block: block("second") }),
      () => ({ kind: "blockMoved", block: state.block("first")!, to: "matured" }),
      () => ({
        kind: "paymentSigned",
        account: member,
        sequence: 0,
        units: 5n,
        transactionId: "id",
        transaction: "bytes",
      }),
    ];
    for (const event of events) state.apply(changesOf(state, event(), terms));
    const records = [...state.records()];
    assert.deepEqual(new Set(records.map(({ kind }) => kind)).size, 5);
    for (const missing of records) {
      const rest = BookState.fromRecords(
        records.filter((record) => record !== missing),
        tightLimits,
      );
      assert.ok(rest.imbalance(), `without ${encodeRecord(missing)}`);
    }
  });

  it("take nobody in when every member has something coming", () => {
    const state = new BookState(tightLimits);
    for (const account of accounts.slice(0, 4)) {
      state.apply(changesOf(state, { kind: "shareAccepted", account, work: 1n, block: undefined }, terms));
    }
    const late: BookEvent = { kind: "shareAccepted", account: accounts[5]!, work: 1n, block: undefined };
    assert.equal(hasRoomFor(state, accounts[5]!), false);
    assert.deepEqual(changesOf(state, late, terms), []);
    // The first one's only share leaves the window, and with it the first one.
    for (let count = 0; count < tightLimits.sharesMax - 3; count += 1) {
      const share: BookEvent = { kind: "shareAccepted", account: accounts[1]!, work: 1n, block: undefined };
      state.apply(changesOf(state, share, terms));
    }
    assert.equal(hasRoomFor(state, accounts[5]!), true);
    state.apply(changesOf(state, late, terms));
    assert.equal(state.member(accounts[0]!), undefined);
    assert.ok(state.member(accounts[5]!));
    assert.equal(state.totals.membersForgotten, 1);
  });
});
