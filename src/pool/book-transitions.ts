/** What can happen to a pool's books, and what each event changes in them: pure, values in and changes out. */
import { invariant } from "../base/invariant.ts";
import type { BookChange, BookRecord, MemberRecord, SettledRecord } from "./book-records.ts";
import type { BookState } from "./book-state.ts";
import { splitEarnings } from "./pplns.ts";

export interface FoundBlock {
  /** In hex. */
  readonly hash: string;
  readonly height: number;
  /** Subsidy and fees. */
  readonly earnedUnits: bigint;
  /** Expected hashes behind a block of its target. */
  readonly work: bigint;
}

/** Accounts and hashes in hex. */
export type BookEvent =
  | {
      readonly kind: "shareAccepted";
      readonly account: string;
      readonly work: bigint;
      readonly block: FoundBlock | undefined;
    }
  | { readonly kind: "shareRejected"; readonly account: string }
  | { readonly kind: "blockMatured"; readonly hash: string }
  | { readonly kind: "blockOrphaned"; readonly hash: string }
  | {
      readonly kind: "paymentSigned";
      readonly account: string;
      readonly sequence: number;
      /** Amount and fee. */
      readonly units: bigint;
      readonly transactionId: string;
      readonly transaction: string;
    }
  | {
      readonly kind: "paymentIncluded";
      readonly sequence: number;
      readonly height: number;
      readonly hash: string;
    }
  /** The block that held it has left the chain. */
  | { readonly kind: "paymentReverted"; readonly sequence: number }
  /** In the chain for good. */
  | { readonly kind: "paymentSettled"; readonly sequence: number }
  /** Its sequence is used by another transaction for good. */
  | { readonly kind: "paymentVoided"; readonly sequence: number };

export interface BookTerms {
  /** Whose part of a block is paid at once: it has the coins already. */
  readonly poolAccount: string;
  /** Blocks' worth of work that the window holds. */
  readonly windowBlocks: number;
  readonly feePercent: number;
}

/**
 * What an event changes. An event that cannot be in this state, such as the maturing of a block that is not open, is
 * the caller's bug and throws; but a share of somebody for whom there is no room changes nothing.
 */
export function changesOf(state: BookState, event: BookEvent, terms: BookTerms): readonly BookChange[] {
  switch (event.kind) {
    case "shareAccepted":
      return shareAccepted(state, event, terms);
    case "shareRejected":
      return shareRejected(state, event.account);
    case "blockMatured":
      return blockMatured(state, event.hash, terms);
    case "blockOrphaned":
      return blockOrphaned(state, event.hash);
    case "paymentSigned":
      return paymentSigned(state, event);
    case "paymentIncluded": {
      const { height, hash } = event;
      return [put({ ...openPayment(state, event.sequence), includedIn: { height, hash } })];
    }
    case "paymentReverted":
      return [put({ ...openPayment(state, event.sequence), includedIn: null })];
    case "paymentSettled":
      return paymentSettled(state, event.sequence);
    case "paymentVoided":
      return paymentVoided(state, event.sequence);
  }
}

/** Whether a share of the account would be taken: it is a member, or there is room for one. */
export function hasRoomFor(state: BookState, account: string): boolean {
  return (
    state.member(account) !== undefined ||
    state.memberCount < state.limits.membersMax ||
    state.forgettable() !== undefined
  );
}

type EventOf<Kind extends BookEvent["kind"]> = Extract<BookEvent, { kind: Kind }>;

function shareAccepted(
  state: BookState,
  { account, work, block }: EventOf<"shareAccepted">,
  { windowBlocks, feePercent }: BookTerms,
): readonly BookChange[] {
  if (!hasRoomFor(state, account)) return [];
  const { totals, limits } = state;
  const known = state.member(account);
  const forgotten = known || state.memberCount < limits.membersMax ? undefined : state.forgettable();
  const member = known ?? newMember(account);
  const share = { kind: "share" as const, number: totals.nextShare, account, work };
  const changes: BookChange[] = [
    ...(forgotten ? [remove(forgotten)] : []),
    put({
      ...member,
      sharesAccepted: member.sharesAccepted + 1,
      blocksFound: member.blocksFound + (block ? 1 : 0),
    }),
    put(share),
    put({
      ...totals,
      nextShare: totals.nextShare + 1,
      membersJoined: totals.membersJoined + (known ? 0 : 1),
      membersForgotten: totals.membersForgotten + (forgotten ? 1 : 0),
      blocksFound: totals.blocksFound + (block ? 1 : 0),
    }),
  ];
  if (!block) return changes;
  const { hash, height, earnedUnits } = block;
  invariant(state.block(hash) === undefined, "a block is found once");
  const windowWork = block.work * BigInt(windowBlocks);
  const window = withFirst(share, state.sharesNewestFirst(), limits.sharesMax);
  const split = splitEarnings(window, { earnedUnits, windowWork, feePercent });
  changes.push(put({ kind: "block", hash, height, finder: account, earnedUnits, ...split }));
  return changes;
}

function* withFirst<Item>(first: Item, rest: Iterable<Item>, countMax: number): Generator<Item> {
  yield first;
  let left = countMax - 1;
  for (const item of rest) {
    if (left === 0) return;
    left -= 1;
    yield item;
  }
}

/** Only a member's are counted with its name: a record that costs no work would be free to make. */
function shareRejected(state: BookState, account: string): readonly BookChange[] {
  const { totals } = state;
  const member = state.member(account);
  const counted = put({ ...totals, sharesRejected: totals.sharesRejected + 1 });
  return member ? [counted, put({ ...member, sharesRejected: member.sharesRejected + 1 })] : [counted];
}

function blockMatured(state: BookState, hash: string, { poolAccount }: BookTerms): readonly BookChange[] {
  const block = openBlock(state, hash);
  const { totals } = state;
  let { maturedUnits, paidUnits } = totals;
  const members = block.parts.map(([account, units]) => {
    const member = knownMember(state, account);
    const isPool = account === poolAccount;
    maturedUnits += units;
    if (isPool) paidUnits += units;
    return put({
      ...member,
      maturedUnits: member.maturedUnits + units,
      paidUnits: member.paidUnits + (isPool ? units : 0n),
      dueSince: state.payableUnits(member) === 0n ? totals.blocksMatured : member.dueSince,
    });
  });
  return [
    remove(block),
    ...members,
    put(settledOf(state, hash, "matured")),
    put({
      ...totals,
      blocksMatured: totals.blocksMatured + 1,
      keptUnits: totals.keptUnits + block.keptUnits,
      maturedUnits,
      paidUnits,
    }),
  ];
}

function blockOrphaned(state: BookState, hash: string): readonly BookChange[] {
  const block = openBlock(state, hash);
  const { totals } = state;
  // Gone where the block was worth nothing to it.
  const finder = state.member(block.finder);
  return [
    remove(block),
    ...(finder ? [put({ ...finder, blocksFound: finder.blocksFound - 1 })] : []),
    put(settledOf(state, hash, "orphaned")),
    put({ ...totals, blocksOrphaned: totals.blocksOrphaned + 1 }),
  ];
}

function settledOf(state: BookState, hash: string, outcome: SettledRecord["outcome"]): SettledRecord {
  const { height, finder, earnedUnits } = openBlock(state, hash);
  const number = state.totals.blocksMatured + state.totals.blocksOrphaned;
  return { kind: "settled", number, hash, height, finder, earnedUnits, outcome };
}

function paymentSigned(
  state: BookState,
  { account, sequence, units, transactionId, transaction }: EventOf<"paymentSigned">,
): readonly BookChange[] {
  const member = knownMember(state, account);
  const { totals } = state;
  invariant(units > 0n && units <= state.payableUnits(member), "nobody is paid more than is due");
  invariant(state.payment(sequence) === undefined, "no two open payments have one sequence");
  const { dueSince } = member;
  const includedIn = null;
  return [
    put({
      kind: "payment",
      sequence,
      account,
      units,
      transactionId,
      transaction,
      dueSince,
      includedIn,
    }),
    put({ ...totals, paymentsSigned: totals.paymentsSigned + 1 }),
  ];
}

function paymentSettled(state: BookState, sequence: number): readonly BookChange[] {
  const payment = openPayment(state, sequence);
  invariant(payment.includedIn, "only a payment in the chain is settled");
  const member = knownMember(state, payment.account);
  const { totals } = state;
  return [
    remove(payment),
    put({
      ...member,
      paidUnits: member.paidUnits + payment.units,
      payoutTransaction: payment.transactionId,
    }),
    put({
      ...totals,
      paymentsSettled: totals.paymentsSettled + 1,
      paidUnits: totals.paidUnits + payment.units,
    }),
  ];
}

function paymentVoided(state: BookState, sequence: number): readonly BookChange[] {
  const payment = openPayment(state, sequence);
  const member = knownMember(state, payment.account);
  const { totals } = state;
  return [
    remove(payment),
    put({ ...member, dueSince: Math.min(member.dueSince, payment.dueSince) }),
    put({ ...totals, paymentsVoided: totals.paymentsVoided + 1 }),
  ];
}

function newMember(account: string): MemberRecord {
  return {
    kind: "member",
    account,
    sharesAccepted: 0,
    sharesRejected: 0,
    blocksFound: 0,
    maturedUnits: 0n,
    paidUnits: 0n,
    payoutTransaction: null,
    dueSince: 0,
  };
}

function knownMember(state: BookState, account: string): MemberRecord {
  const member = state.member(account);
  invariant(member, `${account} is a member as long as a block or a payment names it`);
  return member;
}

function openBlock(state: BookState, hash: string) {
  const block = state.block(hash);
  invariant(block, `the block ${hash} is open`);
  return block;
}

function openPayment(state: BookState, sequence: number) {
  const payment = state.payment(sequence);
  invariant(payment, `the payment with sequence ${sequence} is open`);
  return payment;
}

function put(record: BookRecord): BookChange {
  return { type: "put", record };
}

function remove(record: BookRecord): BookChange {
  return { type: "remove", record };
}
