/** A round of payments as a plan: who, how much, and with which sequences. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { PaymentRecord } from "../../src/payouts/book-records.ts";
import { planRound, type RoundTerms } from "../../src/payouts/payout-plan.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, signTransaction } from "../../src/protocol/transaction.ts";

const sender = keyPairFromSeed(new Uint8Array(32).fill(1));

function payment(sequence: number, units: bigint, isIncluded: boolean): PaymentRecord {
  const includedIn = isIncluded ? { height: 1, hash: "00" } : null;
  const texts = { account: "member", transactionId: `${sequence}`, transaction: "" };
  const state = "open" as const;
  return { state, sequence, units, includedIn, withdrawnBy: null, ...texts };
}

function byHand(sequence: number, amount: bigint): DecodedTransaction {
  const payload = {
    kind: "transfer" as const,
    to: new Uint8Array(32).fill(2),
    assetId: new Uint8Array(32),
    amount,
    memo: new Uint8Array(0),
  };
  const draft = { payload, sequence, fee: 1n, validUntil: 0, timestampMs: 0 };
  return signTransaction(draft, sender, new Uint8Array(32));
}

const terms: RoundTerms = {
  payable: [],
  openPayments: [],
  waiting: [],
  balance: 1_000n,
  sequence: 7,
  fee: 1n,
  minimumUnits: 10n,
  waitingMax: 5,
};

describe("a round of payments", () => {
  it("fills the sequences that are free, from the account's next one on", () => {
    const payable = ["a", "b", "c"].map((account) => ({ account, units: 20n }));
    const openPayments = [payment(8, 10n, false), payment(6, 10n, true)];
    const planned = planRound({ ...terms, payable, openPayments, waiting: [byHand(10, 5n)] });
    assert.deepEqual(planned, [
      { account: "a", sequence: 7, units: 20n },
      { account: "b", sequence: 9, units: 20n },
      { account: "c", sequence: 11, units: 20n },
    ]);
  });

  it("keeps back what is on its way, and pays the last one in part where that is worth it", () => {
    const payable = [
      { account: "a", units: 30n },
      { account: "b", units: 30n },
      { account: "c", units: 30n },
    ];
    const on = { ...terms, payable, openPayments: [payment(7, 40n, false), payment(6, 500n, true)] };
    // 40 of the payment and 6 of the transfer are bespoken; 54 are left.
    const planned = planRound({ ...on, balance: 100n, waiting: [byHand(8, 5n)] });
    assert.deepEqual(
      planned.map(({ account, units }) => [account, units]),
      [
        ["a", 30n],
        ["b", 24n],
      ],
    );
    const less = planRound({ ...on, balance: 85n, waiting: [byHand(8, 5n)] });
    assert.deepEqual(
      less.map(({ units }) => units),
      [30n],
      "9 are less than the minimum",
    );
  });

  it("has no more payments waiting than the mempool takes, and none that the fee would eat up", () => {
    const payable = Array.from({ length: 9 }, (_, index) => ({ account: `${index}`, units: 20n }));
    const openPayments = [payment(7, 10n, false), payment(6, 10n, true)];
    assert.equal(planRound({ ...terms, payable, openPayments }).length, 4);
    assert.deepEqual(planRound({ ...terms, payable, fee: 20n }), []);
  });

  it("lets nobody wait behind one whom the fee would eat up", () => {
    const payable = [
      { account: "dust", units: 2n },
      { account: "worth it", units: 20n },
    ];
    const planned = planRound({ ...terms, payable, fee: 2n, minimumUnits: 0n });
    assert.deepEqual(planned, [{ account: "worth it", sequence: 7, units: 20n }]);
  });

  it("never spends more than there is, pays more than is owed, or uses a sequence twice", () => {
    const units = fc.bigInt(0n, 300n);
    fc.assert(
      fc.property(
        fc.array(units, { maxLength: 8 }),
        fc.uniqueArray(fc.record({ sequence: fc.nat(12), units, isIncluded: fc.boolean() }), {
          selector: ({ sequence }) => sequence,
        }),
        fc.bigInt(0n, 2_000n),
        (owed, open, balance) => {
          const payable = owed.map((one, index) => ({ account: `${index}`, units: one }));
          const openPayments = open.map((one) => payment(one.sequence, one.units, one.isIncluded));
          const planned = planRound({
            ...terms,
            payable,
            openPayments,
            balance,
            sequence: 3,
            waitingMax: 100,
          });
          const waiting = openPayments.filter(({ includedIn }) => !includedIn);
          const spent = [...planned, ...waiting].reduce((sum, one) => sum + one.units, 0n);
          assert.ok(planned.length === 0 || spent <= balance);
          for (const one of planned) {
            assert.ok(one.units >= terms.minimumUnits && one.units <= owed[Number(one.account)]!);
            assert.ok(one.sequence >= 3);
          }
          const sequences = [...planned, ...openPayments].map(({ sequence }) => sequence);
          assert.equal(new Set(sequences).size, sequences.length);
        },
      ),
    );
  });
});
