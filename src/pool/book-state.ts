/** A pool's books in memory: all records but the archive, and what follows from them by member. It changes only by applying changes. */
import {
  type BlockRecord,
  type BookChange,
  type BookLimits,
  type BookRecord,
  bookLimits,
  emptyTotals,
  isArchived,
  type MemberRecord,
  type PaymentRecord,
  type ShareRecord,
  type TipRecord,
  type TotalsRecord,
} from "./book-records.ts";

/** What a member has in the window, in blocks that have not matured, and in payments that are not settled. */
export interface Tally {
  readonly shares: number;
  readonly immatureUnits: bigint;
  /** Signed, in a block or not. */
  readonly openUnits: bigint;
  /** The part of it that is in the canonical chain. */
  readonly includedUnits: bigint;
}

const emptyTally: Tally = { shares: 0, immatureUnits: 0n, openUnits: 0n, includedUnits: 0n };

export class BookState {
  readonly limits: BookLimits;
  #totals: TotalsRecord = emptyTotals;
  readonly #members = new Map<string, MemberRecord>();
  /** By number modulo the bound. */
  readonly #shares: (ShareRecord | undefined)[];
  readonly #blocks = new Map<string, BlockRecord>();
  #tip: TipRecord | undefined;
  readonly #payments = new Map<number, PaymentRecord>();
  readonly #tallies = new Map<string, Tally>();

  constructor(limits: BookLimits = bookLimits) {
    this.limits = limits;
    this.#shares = new Array<ShareRecord | undefined>(limits.sharesMax).fill(undefined);
  }

  static fromRecords(records: Iterable<BookRecord>, limits: BookLimits = bookLimits): BookState {
    const state = new BookState(limits);
    for (const record of records) state.apply([{ type: "put", record }]);
    return state;
  }

  get totals(): TotalsRecord {
    return this.#totals;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  member(account: string): MemberRecord | undefined {
    return this.#members.get(account);
  }

  members(): IterableIterator<MemberRecord> {
    return this.#members.values();
  }

  tally(account: string): Tally {
    return this.#tallies.get(account) ?? emptyTally;
  }

  /** How far the books follow the chain; undefined before the first time. */
  get tip(): TipRecord | undefined {
    return this.#tip;
  }

  /**
   * What a member can be paid now: matured, and neither paid nor in a payment that is under way. Below zero if a block
   * left the chain after its earnings were paid: the next earnings make up for it.
   */
  payableUnits({ account, maturedUnits, paidUnits }: MemberRecord): bigint {
    return maturedUnits - paidUnits - this.tally(account).openUnits;
  }

  *sharesNewestFirst(): Generator<ShareRecord> {
    const { nextShare } = this.#totals;
    for (let number = nextShare - 1; number >= Math.max(0, nextShare - this.limits.sharesMax); number -= 1) {
      const share = this.#shares[number % this.limits.sharesMax];
      if (share?.number === number) yield share;
    }
  }

  block(hash: string): BlockRecord | undefined {
    return this.#blocks.get(hash);
  }

  /** Blocks that have not matured, orphaned ones not among them. */
  openBlocks(): BlockRecord[] {
    return [...this.#blocks.values()];
  }

  payment(sequence: number): PaymentRecord | undefined {
    return this.#payments.get(sequence);
  }

  /** Payments that are not settled, lowest sequence first. */
  openPayments(): PaymentRecord[] {
    return [...this.#payments.values()].sort((left, right) => left.sequence - right.sequence);
  }

  /** A member can go where nobody loses anything by it, not even what is to be looked up later. */
  #isForgettable({ account, maturedUnits, paidUnits }: MemberRecord): boolean {
    const { shares, immatureUnits, openUnits } = this.tally(account);
    // What was paid for a block that left the chain is still to be made up for.
    return (
      shares === 0 && immatureUnits === 0n && openUnits === 0n && maturedUnits === 0n && paidUnits === 0n
    );
  }

  /** A member whose place a new one may take. */
  forgettable(): MemberRecord | undefined {
    for (const member of this.#members.values()) if (this.#isForgettable(member)) return member;
    return undefined;
  }

  apply(changes: readonly BookChange[]): void {
    for (const { type, record } of changes) this.#apply(record, type === "put");
  }

  /** Every record that is not in the archive once, in no order. */
  *records(): Generator<BookRecord> {
    yield this.#totals;
    yield* this.#members.values();
    yield* this.#shares.filter((share) => share !== undefined);
    yield* this.#blocks.values();
    yield* this.#payments.values();
    if (this.#tip) yield this.#tip;
  }

  /** What does not add up, in words: records are missing then, or the program has a fault. */
  imbalance(): string | undefined {
    const { totals, limits } = this;
    const sums = { maturedUnits: 0n, paidUnits: 0n };
    for (const member of this.#members.values()) {
      sums.maturedUnits += member.maturedUnits;
      sums.paidUnits += member.paidUnits;
    }
    const counts: readonly (readonly [what: string, there: number | bigint, expected: number | bigint])[] = [
      ["members", this.#members.size, totals.membersJoined - totals.membersForgotten],
      ["shares", countOf(this.sharesNewestFirst()), Math.min(totals.nextShare, limits.sharesMax)],
      ["open blocks", this.#blocks.size, totals.blocksFound - totals.blocksMatured - totals.blocksOrphaned],
      [
        "open payments",
        this.#payments.size,
        totals.paymentsSigned - totals.paymentsSettled - totals.paymentsVoided,
      ],
      ["units due", sums.maturedUnits, totals.maturedUnits],
      ["units paid", sums.paidUnits, totals.paidUnits],
    ];
    const wrong = counts.find(([, there, expected]) => there !== expected);
    return wrong && `${wrong[1]} ${wrong[0]} are there, ${wrong[2]} should be`;
  }

  #apply(record: BookRecord, isPut: boolean): void {
    switch (record.kind) {
      case "totals":
        this.#totals = record;
        return;
      case "member":
        if (isPut) this.#members.set(record.account, record);
        else this.#members.delete(record.account);
        return;
      case "share": {
        const slot = record.number % this.limits.sharesMax;
        const before = this.#shares[slot];
        if (before) this.#count(before.account, { shares: -1 });
        this.#shares[slot] = record;
        this.#count(record.account, { shares: 1 });
        return;
      }
      case "block":
        if (isArchived(record)) return;
        this.#countParts(this.#blocks.get(record.hash), -1n);
        this.#blocks.delete(record.hash);
        if (!isPut) return;
        this.#countParts(record, 1n);
        this.#blocks.set(record.hash, record);
        return;
      case "tip":
        this.#tip = record;
        return;
      case "payment": {
        if (isArchived(record)) return;
        const before = this.#payments.get(record.sequence);
        if (before) this.#count(before.account, paymentUnits(before, -1n));
        this.#payments.delete(record.sequence);
        if (!isPut) return;
        this.#count(record.account, paymentUnits(record, 1n));
        this.#payments.set(record.sequence, record);
      }
    }
  }

  #countParts(block: BlockRecord | undefined, sign: bigint): void {
    for (const [account, units] of block?.parts ?? []) this.#count(account, { immatureUnits: sign * units });
  }

  #count(account: string, by: Partial<Tally>): void {
    const before = this.tally(account);
    const after: Tally = {
      shares: before.shares + (by.shares ?? 0),
      immatureUnits: before.immatureUnits + (by.immatureUnits ?? 0n),
      openUnits: before.openUnits + (by.openUnits ?? 0n),
      includedUnits: before.includedUnits + (by.includedUnits ?? 0n),
    };
    const isEmpty = after.shares === 0 && after.immatureUnits === 0n && after.openUnits === 0n;
    if (isEmpty) this.#tallies.delete(account);
    else this.#tallies.set(account, after);
  }
}

function paymentUnits({ units, includedIn }: PaymentRecord, sign: bigint): Partial<Tally> {
  return { openUnits: sign * units, includedUnits: includedIn ? sign * units : 0n };
}

function countOf(items: Iterable<unknown>): number {
  let count = 0;
  for (const _ of items) count += 1;
  return count;
}
