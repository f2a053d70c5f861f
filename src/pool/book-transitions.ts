/** What can happen to a pool's books, and what each event changes in them: pure, values in and changes out. */
import { invariant } from "../base/invariant.ts";
import type {
  BlockRecord,
  BlockState,
  BookChange,
  BookRecord,
  MemberRecord,
  PaymentRecord,
  SignedBytes,
  TotalsRecord,
} from "./book-records.ts";
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
  /** The chain says another thing of a block than before; the record is as the books have it. */
  | { readonly kind: "blockMoved"; readonly block: BlockRecord; readonly to: BlockState }
  | ({
      readonly kind: "paymentSigned";
      readonly account: string;
      readonly sequence: number;
      /** Amount and fee. */
      readonly units: bigint;
    } & SignedBytes)
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
  | { readonly kind: "paymentVoided"; readonly sequence: number }
  /** A reorganization reaches a payment that was settled or void: it may be included, or not. */
  | { readonly kind: "paymentReopened"; readonly payment: PaymentRecord }
  /** It is not owed any more: this transaction with its sequence is sent instead. */
  | ({ readonly kind: "paymentWithdrawn"; readonly sequence: number } & SignedBytes)
  /** Up to this block the records say what the chain says; above it, too, if it is complete. */
  | {
      readonly kind: "chainFollowed";
      readonly height: number;
      readonly hash: string;
      readonly isComplete: boolean;
    };

export interface BookTerms {
  /** Whose part of a block is paid at once: it has the coins already. */
  readonly poolAccount: string;
  /** Blocks' worth of work that the window holds. */
  readonly windowBlocks: number;
  readonly feePercent: number;
}

/**
 * What an event changes. An event that cannot be in this state, such as the settling of a payment that is not
 * open, is the caller's bug and throws; but a share of somebody for whom there is no room changes nothing.
 */
export function changesOf(state: BookState, event: BookEvent, terms: BookTerms): readonly BookChange[] {
  switch (event.kind) {
    case "shareAccepted":
      return shareAccepted(state, event, terms);
    case "shareRejected":
      return shareRejected(state, event.account);
    case "blockMoved":
      return blockMoved(state, event, terms);
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
    case "paymentReopened":
      return paymentReopened(state, event.payment);
    case "paymentWithdrawn": {
      const { transactionId, transaction } = event;
      const withdrawnBy = { transactionId, transaction };
      return [put({ ...openPayment(state, event.sequence), withdrawnBy })];
    }
    case "chainFollowed": {
      const { height, hash, isComplete } = event;
      return [put({ kind: "tip", height, hash, isComplete })];
    }
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
  changes.push(put({ kind: "block", state: "found", hash, height, finder: account, earnedUnits, ...split }));
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

/** Takes back what the old state had counted, and counts what the new one does. */
function blockMoved(
  state: BookState,
  { block, to }: EventOf<"blockMoved">,
  { poolAccount }: BookTerms,
): readonly BookChange[] {
  if (block.state === to) return [];
  const members = new Map<string, MemberRecord>();
  let { totals } = state;
  const memberOf = (account: string): MemberRecord | undefined =>
    members.get(account) ?? state.member(account);
  const count = (sign: 1 | -1) => {
    for (const [account, units] of block.parts) {
      let member = memberOf(account);
      if (!member) {
        // Forgotten while the block was worth nothing to it.
        member = newMember(account);
        totals = { ...totals, membersJoined: totals.membersJoined + 1 };
      }
      members.set(account, withPart(state, member, { block, units: BigInt(sign) * units, poolAccount }));
    }
    totals = withMatured(totals, block, sign, poolAccount);
  };
  const countOrphan = (sign: 1 | -1) => {
    const finder = memberOf(block.finder);
    // Gone if the block was worth nothing to it.
    if (finder) {
      members.set(block.finder, { ...finder, blocksFound: Math.max(0, finder.blocksFound - sign) });
    }
    totals = { ...totals, blocksOrphaned: totals.blocksOrphaned + sign };
  };
  if (block.state === "matured") count(-1);
  if (block.state === "orphaned") countOrphan(-1);
  if (to === "matured") count(1);
  if (to === "orphaned") countOrphan(1);
  return [
    remove(block),
    put({ ...block, state: to }),
    ...Array.from(members.values(), (member) => put(member)),
    put(totals),
  ];
}

function withPart(
  state: BookState,
  member: MemberRecord,
  { block, units, poolAccount }: { block: BlockRecord; units: bigint; poolAccount: string },
): MemberRecord {
  const owesNothing = state.payableUnits(member) <= 0n;
  return {
    ...member,
    maturedUnits: member.maturedUnits + units,
    paidUnits: member.paidUnits + (member.account === poolAccount ? units : 0n),
    dueSince: units > 0n && owesNothing ? block.height : member.dueSince,
  };
}

function withMatured(
  totals: TotalsRecord,
  { parts, keptUnits }: BlockRecord,
  sign: 1 | -1,
  poolAccount: string,
): TotalsRecord {
  let { maturedUnits, paidUnits } = totals;
  for (const [account, units] of parts) {
    maturedUnits += BigInt(sign) * units;
    if (account === poolAccount) paidUnits += BigInt(sign) * units;
  }
  return {
    ...totals,
    blocksMatured: totals.blocksMatured + sign,
    keptUnits: totals.keptUnits + BigInt(sign) * keptUnits,
    maturedUnits,
    paidUnits,
  };
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
      state: "open",
      sequence,
      account,
      units,
      transactionId,
      transaction,
      dueSince,
      includedIn,
      withdrawnBy: null,
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
    put({ ...payment, state: "settled", settledAfter: member.payoutTransaction }),
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
    put({ ...payment, state: "void" }),
    put({ ...member, dueSince: Math.min(member.dueSince, payment.dueSince) }),
    put({ ...totals, paymentsVoided: totals.paymentsVoided + 1 }),
  ];
}

function paymentReopened(state: BookState, payment: PaymentRecord): readonly BookChange[] {
  invariant(payment.state !== "open", "only a payment that was closed is opened again");
  invariant(state.payment(payment.sequence) === undefined, "no two open payments have one sequence");
  const { totals } = state;
  const opened = [remove(payment), put({ ...payment, state: "open" as const, includedIn: null })];
  if (payment.state === "void") {
    // Nothing that is void keeps a member from being forgotten.
    const isForgotten = state.member(payment.account) === undefined;
    return [
      ...opened,
      ...(isForgotten ? [put(newMember(payment.account))] : []),
      put({
        ...totals,
        paymentsVoided: totals.paymentsVoided - 1,
        membersJoined: totals.membersJoined + (isForgotten ? 1 : 0),
      }),
    ];
  }
  const member = knownMember(state, payment.account);
  return [
    ...opened,
    put({
      ...member,
      paidUnits: member.paidUnits - payment.units,
      payoutTransaction:
        member.payoutTransaction === payment.transactionId
          ? (payment.settledAfter ?? null)
          : member.payoutTransaction,
    }),
    put({
      ...totals,
      paymentsSettled: totals.paymentsSettled - 1,
      paidUnits: totals.paidUnits - payment.units,
    }),
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
