/** A pool's books as SQL: what each event changes in the tables, and what the pool asks of them. */
import type { DatabaseSync } from "node:sqlite";
import { invariant } from "../base/invariant.ts";
import type {
  BlockRecord,
  BlockState,
  BookEvent,
  BookLimits,
  BookTerms,
  PaymentRecord,
  PoolMemberRow,
  PoolStatus,
  TipRecord,
} from "./book-records.ts";
import { splitEarnings, type WindowShare } from "./pplns.ts";
import { type Row, Statements } from "./statements.ts";

type EventOf<Kind extends BookEvent["kind"]> = Extract<BookEvent, { kind: Kind }>;
type MemberSums = Omit<PoolMemberRow, "member" | "poolAccount" | "hashesPerSecond">;

export class BookTables {
  readonly limits: BookLimits;
  readonly #sql: Statements;

  constructor(db: DatabaseSync, limits: BookLimits) {
    this.#sql = new Statements(db);
    this.limits = limits;
  }

  /**
   * Writes down an event. An event that cannot be in this state, such as the settling of a payment that is not open,
   * is the caller's bug: it throws before anything is changed. A share for whose account there is no room changes nothing.
   */
  apply(event: BookEvent, terms: BookTerms): void {
    switch (event.kind) {
      case "shareAccepted":
        this.#acceptShare(event, terms);
        break;
      case "shareRejected":
        this.#sql.run`UPDATE books SET shares_rejected = shares_rejected + 1`;
        // Only a member's are counted with its name: a record that costs no work would be free to make.
        this.#sql.run`UPDATE member SET shares_rejected = shares_rejected + 1
        WHERE account = ${event.account}`;
        break;
      case "blockMoved":
        this.#moveBlock(event.block.hash, event.to, terms);
        break;
      case "paymentSigned":
        this.#signPayment(event);
        break;
      case "paymentIncluded":
        this.#include(event.sequence, event.height, event.hash);
        break;
      case "paymentReverted":
        this.#include(event.sequence, null, null);
        break;
      case "paymentSettled":
        this.#settlePayment(event.sequence);
        break;
      case "paymentVoided":
        this.#voidPayment(event.sequence);
        break;
      case "paymentReopened":
        this.#reopenPayment(event.payment.sequence);
        break;
      case "paymentWithdrawn": {
        const { transactionId, transaction } = event;
        const { sequence } = this.#payment(event.sequence, true);
        this.#sql.run`UPDATE payment SET withdrawn_id = ${transactionId}, withdrawn_bytes = ${transaction}
        WHERE sequence = ${sequence}`;
        break;
      }
      case "chainFollowed": {
        const { height, hash, isComplete } = event;
        this.#sql.run`UPDATE books SET tip_height = ${height}, tip_hash = ${hash},
        tip_is_complete = ${Number(isComplete)}`;
      }
    }
  }

  hasMember(account: string): boolean {
    return this.#sql.get`SELECT 1 FROM member WHERE account = ${account}` !== undefined;
  }

  /** Whether a share of the account would be taken: it is a member, or there is room for one. */
  hasRoomFor(account: string): boolean {
    return (
      this.hasMember(account) ||
      this.#memberCount() < this.limits.membersMax ||
      this.#forgettable() !== undefined
    );
  }

  hasBlock(hash: string): boolean {
    return this.#sql.get`SELECT 1 FROM block WHERE hash = ${hash}` !== undefined;
  }

  /** How far the books follow the chain; undefined before the first time. */
  tip(): TipRecord | undefined {
    const { tip_height: height, tip_hash: hash, tip_is_complete: isComplete } = this.#sums();
    return hash === null ? undefined : { height, hash, isComplete: isComplete === 1 };
  }

  /** Blocks that have not matured, orphaned ones not among them. */
  openBlocks(): BlockRecord[] {
    return this.#sql.all`SELECT hash, height, state FROM block
        WHERE state IN ('found', 'immature') ORDER BY height` as BlockRecord[];
  }

  openBlockCount(): number {
    return this.#sql.one`SELECT count(*) AS count FROM block WHERE state IN ('found', 'immature')`.count;
  }

  /** Decided blocks higher than `above`, the highest first; `after` is the last one of the piece before. */
  decidedBlocks(above: number, after: BlockRecord | undefined): BlockRecord[] {
    const { height, hash } = after ?? { height: Number.MAX_SAFE_INTEGER, hash: "" };
    return this.#sql.all`SELECT hash, height, state FROM block
      WHERE state IN ('matured', 'orphaned') AND height > ${above} AND (height, hash) < (${height}, ${hash})
      ORDER BY height DESC, hash DESC LIMIT ${this.limits.archivePieceMax}` as BlockRecord[];
  }

  /** Payments that are not settled, lowest sequence first. */
  openPayments(): PaymentRecord[] {
    return this.#sql.all`SELECT * FROM payment WHERE state = 'open' ORDER BY sequence`.map(paymentOf);
  }

  /** Payments that are settled or void with a sequence below `before`, the highest first. */
  closedPayments(before: number): PaymentRecord[] {
    return this.#sql.all`SELECT * FROM payment WHERE state <> 'open' AND sequence < ${before}
      ORDER BY sequence DESC LIMIT ${this.limits.archivePieceMax}`.map(paymentOf);
  }

  /**
   * What each member can be paid now, the one that has waited longest first: what matured and is neither paid nor in a
   * payment that is under way. Below zero if a block left the chain after its earnings were paid: the next earnings
   * make up for it.
   */
  payable(): { readonly account: string; readonly units: bigint }[] {
    const owed = this.#sql.all`SELECT * FROM owed
        WHERE matured_units <> paid_units OR open_units <> '0' ORDER BY due_since`;
    return owed.map((row) => ({ account: row.account, units: payableUnits(row) }));
  }

  /** What the books have of each member, in no order. */
  members(): (MemberSums & { readonly account: string })[] {
    const rows = this.#sql
      .all`SELECT member.*, ifnull(immature.units, 0) AS immature_units, ifnull(included.units, 0) AS included_units,
        ifnull((SELECT transaction_id FROM payment WHERE sequence = included.last), payout_transaction) AS payout
      FROM member LEFT JOIN immature USING (account) LEFT JOIN included USING (account)`;
    return rows.map((row) => ({
      account: row.account,
      sharesAccepted: row.shares_accepted,
      sharesRejected: row.shares_rejected,
      blocksFound: row.blocks_found,
      dueUnits: BigInt(row.matured_units) + BigInt(row.immature_units),
      immatureUnits: BigInt(row.immature_units),
      paidUnits: BigInt(row.paid_units) + BigInt(row.included_units),
      payoutTransaction: row.payout,
    }));
  }

  /** Sums and counts of all members. */
  status(): Omit<PoolStatus, "hashesPerSecond"> {
    const sums = this.#sql.one`SELECT *,
      (SELECT plus(sum_units(earned_units), -1, sum_units(kept_units)) FROM block WHERE state IN ('found', 'immature')) AS immature,
      (SELECT sum_units(units) FROM included) AS included,
      (SELECT count(*) FROM payment WHERE state = 'open') AS open_payments FROM books`;
    return {
      members: sums.members_joined - sums.members_forgotten,
      shares: sums.next_share,
      sharesRejected: sums.shares_rejected,
      blocks: sums.blocks_found - sums.blocks_orphaned,
      blocksOrphaned: sums.blocks_orphaned,
      dueUnits: BigInt(sums.matured_units) + BigInt(sums.immature),
      immatureUnits: BigInt(sums.immature),
      paidUnits: BigInt(sums.paid_units) + BigInt(sums.included),
      keptUnits: BigInt(sums.kept_units),
      openPayments: sums.open_payments,
    };
  }

  #acceptShare({ account, work, block }: EventOf<"shareAccepted">, terms: BookTerms): void {
    if (!this.hasRoomFor(account)) return;
    invariant(!block || !this.hasBlock(block.hash), "a block is found once");
    if (!this.hasMember(account) && this.#memberCount() >= this.limits.membersMax) {
      this.#sql.run`DELETE FROM member WHERE account = ${this.#forgettable() as string}`;
      this.#sql.run`UPDATE books SET members_forgotten = members_forgotten + 1`;
    }
    this.#takeIn(account);
    const number: number = this.#sums().next_share;
    const blocks = block ? 1 : 0;
    this.#sql
      .run`UPDATE member SET shares_accepted = shares_accepted + 1, blocks_found = blocks_found + ${blocks}, ties = ties + 1
      WHERE account = ${account}`;
    // In a ring: a new share takes the place of the oldest one.
    const oldest = this.#sql.get`DELETE FROM share
        WHERE number = ${number - this.limits.sharesMax} RETURNING account`;
    if (oldest) this.#tie(oldest.account, -1);
    this.#sql.run`INSERT INTO share (number, account, work) VALUES (${number}, ${account}, ${`${work}`})`;
    this.#sql.run`UPDATE books SET next_share = next_share + 1, blocks_found = blocks_found + ${blocks}`;
    if (!block) return;
    const { hash, height, earnedUnits } = block;
    const windowWork = block.work * BigInt(terms.windowBlocks);
    const { keptUnits, parts } = splitEarnings(this.#window(), {
      earnedUnits,
      windowWork,
      feePercent: terms.feePercent,
    });
    this.#sql.run`INSERT INTO block (hash, height, state, finder, earned_units, kept_units, parts)
      VALUES (${hash}, ${height}, 'found', ${account}, ${`${earnedUnits}`}, ${`${keptUnits}`}, ${partsText(parts)})`;
    this.#countBlock(this.#block(hash), 1, terms);
  }

  /** The newest share first, in pieces: a window seldom needs all of them. */
  *#window(): Generator<WindowShare> {
    for (let before = Number.MAX_SAFE_INTEGER; before > 0; ) {
      const piece = this.#sql.prepared`SELECT number, account, work FROM share
        WHERE number < ? ORDER BY number DESC LIMIT 4096`;
      // Half the time that rows as objects take.
      piece.setReturnArrays(true);
      const shares = piece.all(before) as unknown as [number: number, account: string, work: string][];
      for (const [, account, work] of shares) yield { account, work: BigInt(work) };
      before = shares.at(-1)?.[0] ?? 0;
    }
  }

  /** Takes back what the old state had counted, and counts what the new one does. */
  #moveBlock(hash: string, to: BlockState, terms: BookTerms): void {
    const block = this.#block(hash);
    if (block.state === to) return;
    this.#countBlock(block, -1, terms);
    this.#sql.run`UPDATE block SET state = ${to} WHERE hash = ${hash}`;
    this.#countBlock({ ...block, state: to }, 1, terms);
  }

  #countBlock(
    { hash, state, height, finder, earned, kept }: Row,
    sign: 1 | -1,
    { poolAccount }: BookTerms,
  ): void {
    if (state === "orphaned") {
      // The finder may have been forgotten since the block was worth nothing to it.
      this.#sql.run`UPDATE member SET blocks_found = max(0, blocks_found - ${sign})
        WHERE account = ${finder}`;
      this.#sql.run`UPDATE books SET blocks_orphaned = blocks_orphaned + ${sign}`;
      return;
    }
    const forgotten = this.#sql.all`SELECT account FROM part
        WHERE hash = ${hash} EXCEPT SELECT account FROM member`;
    for (const { account } of forgotten) this.#takeIn(account);
    if (state !== "matured") {
      this.#sql.run`UPDATE member SET ties = ties + ${sign} WHERE account IN (SELECT account FROM part
        WHERE hash = ${hash})`;
      return;
    }
    this.#sql.run`UPDATE member SET matured_units = plus(member.matured_units, ${sign}, part.units),
        paid_units = iif(member.account = ${poolAccount}, plus(member.paid_units, ${sign}, part.units), member.paid_units),
        due_since = iif(${sign} > 0 AND is_owed(owed.matured_units, owed.paid_units, open_units) = 0, ${height}, member.due_since)
      FROM part JOIN owed USING (account) WHERE part.hash = ${hash} AND part.account = member.account`;
    this.#sql
      .run`UPDATE books SET blocks_matured = blocks_matured + ${sign}, kept_units = plus(kept_units, ${sign}, ${kept}),
        matured_units = plus(matured_units, ${sign}, plus(${earned}, -1, ${kept})),
        paid_units = plus(paid_units, ${sign}, (SELECT sum_units(units) FROM part WHERE hash = ${hash} AND account = ${poolAccount}))`;
  }

  #signPayment({ account, sequence, units, transactionId, transaction }: EventOf<"paymentSigned">): void {
    const member = this.#sql.one`SELECT * FROM owed WHERE account = ${account}`;
    invariant(units > 0n && units <= payableUnits(member), "nobody is paid more than is due");
    const isNew = this.#sql.get`SELECT 1 FROM payment WHERE sequence = ${sequence}` === undefined;
    invariant(isNew, "no two payments have one sequence");
    this.#sql
      .run`INSERT INTO payment (sequence, state, account, units, transaction_id, transaction_bytes, due_since)
      VALUES (${sequence}, 'open', ${account}, ${`${units}`}, ${transactionId}, ${transaction}, ${member.due_since})`;
    this.#tie(account, 1);
    this.#sql.run`UPDATE books SET payments_signed = payments_signed + 1`;
  }

  #include(sequence: number, height: number | null, hash: string | null): void {
    this.#payment(sequence, true);
    this.#sql.run`UPDATE payment SET included_height = ${height}, included_hash = ${hash}
        WHERE sequence = ${sequence}`;
  }

  #settlePayment(sequence: number): void {
    const { account, units, included_height: height, transaction_id: id } = this.#payment(sequence, true);
    invariant(height !== null, "only a payment in the chain is settled");
    this.#sql.run`UPDATE payment SET state = 'settled',
      settled_after = (SELECT payout_transaction FROM member WHERE account = ${account}) WHERE sequence = ${sequence}`;
    this.#sql.run`UPDATE member SET paid_units = plus(paid_units, 1, ${units}), payout_transaction = ${id}
        WHERE account = ${account}`;
    this.#tie(account, -1);
    this.#sql
      .run`UPDATE books SET payments_settled = payments_settled + 1, paid_units = plus(paid_units, 1, ${units})`;
  }

  #voidPayment(sequence: number): void {
    const { account, due_since: since } = this.#payment(sequence, true);
    this.#sql.run`UPDATE payment SET state = 'void' WHERE sequence = ${sequence}`;
    this.#sql.run`UPDATE member SET due_since = min(due_since, ${since}) WHERE account = ${account}`;
    this.#tie(account, -1);
    this.#sql.run`UPDATE books SET payments_voided = payments_voided + 1`;
  }

  #reopenPayment(sequence: number): void {
    const {
      state,
      account,
      units,
      transaction_id: id,
      settled_after: before,
    } = this.#payment(sequence, false);
    // A void payment does not keep a member from being forgotten.
    this.#takeIn(account);
    this.#sql.run`UPDATE payment SET state = 'open', included_height = NULL, included_hash = NULL
        WHERE sequence = ${sequence}`;
    this.#tie(account, 1);
    if (state === "void") {
      this.#sql.run`UPDATE books SET payments_voided = payments_voided - 1`;
      return;
    }
    this.#sql.run`UPDATE member SET paid_units = plus(paid_units, -1, ${units}),
      payout_transaction = iif(payout_transaction = ${id}, ${before}, payout_transaction) WHERE account = ${account}`;
    this.#sql
      .run`UPDATE books SET payments_settled = payments_settled - 1, paid_units = plus(paid_units, -1, ${units})`;
  }

  #takeIn(account: string): void {
    if (this.hasMember(account)) return;
    this.#sql.run`INSERT INTO member (account) VALUES (${account})`;
    this.#sql.run`UPDATE books SET members_joined = members_joined + 1`;
  }

  /** What a member has in the window, in open blocks or in open payments keeps it from being forgotten. */
  #tie(account: string, sign: 1 | -1): void {
    this.#sql.run`UPDATE member SET ties = ties + ${sign} WHERE account = ${account}`;
  }

  /** A member that has nothing in the books but counts of its shares: a new member may take its place. */
  #forgettable(): string | undefined {
    return this.#sql.get`SELECT account FROM member
        WHERE ties = 0 AND matured_units = '0' AND paid_units = '0' LIMIT 1`?.account;
  }

  #memberCount(): number {
    const { members_joined: joined, members_forgotten: forgotten } = this.#sums();
    return joined - forgotten;
  }

  #sums(): Row {
    return this.#sql.one`SELECT * FROM books`;
  }

  #block(hash: string): Row {
    return this.#sql
      .one`SELECT hash, height, state, finder, earned_units AS earned, kept_units AS kept FROM block
        WHERE hash = ${hash}`;
  }

  #payment(sequence: number, isOpen: boolean): Row {
    const payment = this.#sql.get`SELECT * FROM payment WHERE sequence = ${sequence}`;
    invariant(payment, `there is a payment with sequence ${sequence}`);
    invariant(
      (payment.state === "open") === isOpen,
      `the payment ${sequence} is ${isOpen ? "open" : "closed"}`,
    );
    return payment;
  }
}

function payableUnits({ matured_units: matured, paid_units: paid, open_units: open }: Row): bigint {
  return BigInt(matured) - BigInt(paid) - BigInt(open);
}

/** As the column `parts` holds a split. */
export function partsText(parts: readonly (readonly [account: string, units: bigint])[]): string {
  return JSON.stringify(parts.map(([account, units]) => [account, `${units}`]));
}

function paymentOf(row: Row): PaymentRecord {
  const {
    included_height: height,
    included_hash: hash,
    withdrawn_id: withdrawal,
    withdrawn_bytes: bytes,
  } = row;
  return {
    state: row.state,
    sequence: row.sequence,
    account: row.account,
    units: BigInt(row.units),
    transactionId: row.transaction_id,
    transaction: row.transaction_bytes,
    includedIn: height === null ? null : { height, hash },
    withdrawnBy: withdrawal === null ? null : { transactionId: withdrawal, transaction: bytes },
  };
}
