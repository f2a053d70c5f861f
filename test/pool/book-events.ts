/** Random lives of a pool's books: numbers from a generator, read as an event that can happen in the state as it is. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import type { BookLimits } from "../../src/pool/book-records.ts";
import type { BookState } from "../../src/pool/book-state.ts";
import type { BookEvent, BookTerms } from "../../src/pool/book-transitions.ts";

/** So small that every bound is met. */
export const tightLimits: BookLimits = {
  membersMax: 4,
  sharesMax: 8,
  openBlocksMax: 64,
  settledBlocksKept: 3,
};
export const accounts: readonly string[] = ["a", "b", "c", "d", "e", "f"].map((name) =>
  createHash("sha256").update(name).digest("hex"),
);
/** The first account is the pool's own. */
export const terms: BookTerms = { poolAccount: accounts[0]!, windowBlocks: 2, feePercent: 3 };

export interface Step {
  readonly what: number;
  readonly which: number;
  readonly amount: number;
}

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ what: fc.nat(15), which: fc.nat(1000), amount: fc.nat(1000) }),
  { minLength: 1, maxLength: 120, size: "max" },
);

/** @param serial tells blocks and payments apart */
export function eventOf({ what, which, amount }: Step, state: BookState, serial: number): BookEvent {
  const account = accounts[which % accounts.length]!;
  const share = { kind: "shareAccepted" as const, account, work: BigInt(amount + 1) };
  const block = pick(state.openBlocks(), which);
  const open = state.openPayments();
  const included = pick(
    open.filter(({ includedIn }) => includedIn),
    which,
  );
  const notIncluded = pick(
    open.filter(({ includedIn }) => !includedIn),
    which,
  );
  const owed = pick(
    [...state.members()].filter((member) => state.payableUnits(member) > 0n),
    which,
  );
  if (what === 0) return { kind: "shareRejected", account };
  if (what <= 3) {
    const found = { hash: `${serial}`, height: serial, earnedUnits: BigInt(amount) * 7n, work: 300n };
    return { ...share, block: found };
  }
  if (what <= 5 && block) return { kind: "blockMatured", hash: block.hash };
  if (what === 6 && block) return { kind: "blockOrphaned", hash: block.hash };
  if (what <= 9 && owed) {
    const payable = state.payableUnits(owed);
    const units = amount % 2 === 0 ? payable : 1n + (payable * BigInt(amount)) / 1001n;
    return {
      kind: "paymentSigned",
      account: owed.account,
      sequence: serial,
      units,
      transactionId: `id${serial}`,
      transaction: `bytes${serial}`,
    };
  }
  if (what <= 11 && notIncluded) {
    return { kind: "paymentIncluded", sequence: notIncluded.sequence, height: serial, hash: `${serial}` };
  }
  if (what === 12 && included) return { kind: "paymentReverted", sequence: included.sequence };
  if (what === 13 && included) return { kind: "paymentSettled", sequence: included.sequence };
  if (what === 14 && notIncluded) return { kind: "paymentVoided", sequence: notIncluded.sequence };
  return { ...share, block: undefined };
}

function pick<Item>(items: readonly Item[], which: number): Item | undefined {
  return items.length === 0 ? undefined : items[which % items.length];
}
