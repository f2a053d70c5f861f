/** Random lives of a pool's books: numbers from a generator, read as an event that can happen in the state as it is. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import type {
  BlockRecord,
  BookEvent,
  BookLimits,
  BookTerms,
  PaymentRecord,
} from "../../src/payouts/book-records.ts";
import type { MemoryBooks } from "./memory-books.ts";

/** So small that every bound is met. */
export const tightLimits: BookLimits = {
  membersMax: 4,
  sharesMax: 8,
  openBlocksMax: 64,
  archivePieceMax: 2,
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
  fc.record({ what: fc.nat(20), which: fc.nat(1000), amount: fc.nat(1000) }),
  { minLength: 1, maxLength: 120, size: "max" },
);

/** @param serial tells blocks and payments apart */
export function eventOf(
  { what, which, amount }: Step,
  { rows, tables }: MemoryBooks,
  serial: number,
): BookEvent {
  const account = accounts[which % accounts.length]!;
  const share = { kind: "shareAccepted" as const, account, work: BigInt(amount + 1) };
  const block = pick(tables.openBlocks(), which);
  const open = tables.openPayments();
  const included = pick(
    open.filter(({ includedIn }) => includedIn),
    which,
  );
  const notIncluded = pick(
    open.filter(({ includedIn }) => !includedIn),
    which,
  );
  const owed = pick(
    rows.members().filter(({ payableUnits }) => payableUnits > 0n),
    which,
  );
  if (what === 0) return { kind: "shareRejected", account };
  if (what <= 3) {
    const found = { hash: `${serial}`, height: serial, earnedUnits: BigInt(amount) * 7n, work: 300n };
    return { ...share, block: found };
  }
  const decided = rows.blocks().filter(({ state }) => state === "matured" || state === "orphaned");
  const closed: BlockRecord | undefined = pick(decided, which);
  const closedPayment = pick(
    rows.payments().filter(({ state }) => state !== "open") as PaymentRecord[],
    which,
  );
  if (what <= 5 && block) return { kind: "blockMoved", block, to: "matured" };
  if (what === 6 && block) return { kind: "blockMoved", block, to: amount % 2 ? "orphaned" : "immature" };
  if (what >= 16 && what <= 17 && closed) {
    const to = (["immature", "matured", "orphaned"] as const)[amount % 3]!;
    return { kind: "blockMoved", block: closed, to };
  }
  if (what === 18 && closedPayment) return { kind: "paymentReopened", payment: closedPayment };
  if (what === 19 && notIncluded) {
    const bytes = { transactionId: `no${serial}`, transaction: `none${serial}` };
    return { kind: "paymentWithdrawn", sequence: notIncluded.sequence, ...bytes };
  }
  if (what === 20) {
    return { kind: "chainFollowed", height: serial, hash: `${serial}`, isComplete: amount % 2 === 0 };
  }
  if (what <= 9 && owed) {
    const payable = owed.payableUnits;
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
