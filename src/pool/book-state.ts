/** A pool's books in memory: all records, and what follows from them by member. It changes only by applying changes. */
import {
  type BlockRecord,
  type BookChange,
  type BookLimits,
  type BookRecord,
  bookLimits,
  emptyTotals,
  type MemberRecord,
  type PaymentRecord,
  type SettledRecord,
  type ShareRecord,
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
  readonly #settled: SettledRecord[] = [];
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

  /** What a member can be paid now: matured, and neither paid nor in a payment that is under way. */
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

  /** Found blocks that the chain has not decided on. */
  openBlocks(): BlockRecord[] {
    return [...this.#blocks.values()];
  }

  /** The last ones, newest first. */
  settledBlocks(): SettledRecord[] {
    return this.#settled.toSorted((left, right) => right.number - left.number);
  }

  payment(sequence: number): PaymentRecord | undefined {
    return this.#payments.get(sequence);
  }

  /** Payments that are not settled, lowest sequence first. */
  openPayments(): PaymentRecord[] {
    return [...this.#payments.values()].sort((left, right) => left.sequence - right.sequence);
  }

  /** A member can go where nobody loses anything by it, not even what is to be looked up later. */
  #isForgettable({ account, maturedUnits }: MemberRecord): boolean {
    const { shares, immatureUnits } = this.tally(account);
    return shares === 0 && immatureUnits === 0n && maturedUnits === 0n;
  }

  /** A member whose place a new one may take. */
  forgettable(): MemberRecord | undefined {
    for (const member of this.#members.values()) if (this.#isForgettable(member)) return member;
    return undefined;
  }

  apply(changes: readonly BookChange[]): void {
    for (const { type, record } of changes) this.#apply(record, type === "put");
  }

  /** Every record once, in no order. */
  *records(): Generator<BookRecord> {
    yield this.#totals;
    yield* this.#members.values();
    yield* this.#shares.filter((share) => share !== undefined);
    yield* this.#blocks.values();
    yield* this.#settled.filter((settled) => settled !== undefined);
    yield* this.#payments.values();
  }

  /** What does not add up, in words: records are missing then, or the program has a fault. */
  imbalance(): string | undefined {
    const { totals, limits } = this;
    const sums = { maturedUnits: 0n, paidUnits: 0n };
    for (const member of this.#members.values()) {
      sums.maturedUnits += member.maturedUnits;
      sums.paidUnits += member.paidUnits;
      if (this.payableUnits(member) < 0n) return `member ${member.account} is paid more than it was due`;
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
        for (const [account, units] of record.parts) {
          this.#count(account, { immatureUnits: isPut ? units : -units });
        }
        if (isPut) this.#blocks.set(record.hash, record);
        else this.#blocks.delete(record.hash);
        return;
      case "settled":
        this.#settled[record.number % this.limits.settledBlocksKept] = record;
        return;
      case "payment": {
        const before = this.#payments.get(record.sequence);
        if (before) this.#count(before.account, paymentUnits(before, -1n));
        this.#payments.delete(record.sequence);
        if (!isPut) return;
        this.#count(record.account, paymentUnits(record, 1n));
        this.#payments.set(record.sequence, record);
      }
    }
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
