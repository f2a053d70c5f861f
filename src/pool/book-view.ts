/** What a pool's books show of members and sums: pure, from the books in memory. */
import type { BookState } from "./book-state.ts";

/** A member as the `mining_pool` table shows it. */
export interface PoolMemberRow {
  /** Public keys. */
  readonly poolAccount: Uint8Array;
  readonly member: Uint8Array;
  readonly sharesAccepted: number;
  readonly sharesRejected: number;
  /** From its accepted work in the last ten minutes of this process. */
  readonly hashesPerSecond: number;
  /** Blocks that another block took the place of are not counted. */
  readonly blocksFound: number;
  /** All that it has earned: its parts of blocks in the chain, mature or not, and of blocks on their way there. */
  readonly dueUnits: bigint;
  /** The part of it that stands in blocks that have not matured. */
  readonly immatureUnits: bigint;
  /** In payments that stand in the canonical chain, their fees included; more than what is due if paid blocks left. */
  readonly paidUnits: bigint;
  /** The last payment's transaction id in hex. */
  readonly payoutTransaction: string | null;
}

export interface PoolStatus {
  readonly members: number;
  readonly hashesPerSecond: number;
  readonly shares: number;
  readonly sharesRejected: number;
  /** Found, orphaned ones not counted. */
  readonly blocks: number;
  readonly blocksOrphaned: number;
  /** As in {@link PoolMemberRow}, of all members. */
  readonly dueUnits: bigint;
  /** The part of it that stands in blocks that have not matured. */
  readonly immatureUnits: bigint;
  readonly paidUnits: bigint;
  /** The pool's fee, of blocks that matured. */
  readonly keptUnits: bigint;
  /** Signed and not settled. */
  readonly openPayments: number;
}

export interface MemberRowTerms {
  /** Public key in hex. */
  readonly poolAccount: string;
  readonly hashesPerSecond: (account: string) => number;
}

/** A row for each member, in no order. */
export function memberRows(
  state: BookState,
  { poolAccount, hashesPerSecond }: MemberRowTerms,
): PoolMemberRow[] {
  const pool = fromKeyHex(poolAccount);
  const lastPayment = new Map<string, string>();
  for (const { account, includedIn, transactionId } of state.openPayments()) {
    if (includedIn) lastPayment.set(account, transactionId);
  }
  return Array.from(state.members(), (member) => {
    const { account, sharesAccepted, sharesRejected, blocksFound } = member;
    const { immatureUnits, includedUnits } = state.tally(account);
    return {
      poolAccount: pool,
      member: fromKeyHex(account),
      sharesAccepted,
      sharesRejected,
      hashesPerSecond: hashesPerSecond(account),
      blocksFound,
      dueUnits: member.maturedUnits + immatureUnits,
      immatureUnits,
      paidUnits: member.paidUnits + includedUnits,
      payoutTransaction: lastPayment.get(account) ?? member.payoutTransaction,
    };
  });
}

/** Sums and counts of all members. */
export function poolStatus(state: BookState, hashesPerSecond: number): PoolStatus {
  const { nextShare, sharesRejected, blocksFound, blocksOrphaned, keptUnits, ...totals } = state.totals;
  const payments = state.openPayments();
  const immatureUnits = sumOf(
    state.openBlocks().map(({ earnedUnits, ...block }) => earnedUnits - block.keptUnits),
  );
  const includedUnits = sumOf(payments.map(({ units, includedIn }) => (includedIn ? units : 0n)));
  return {
    members: state.memberCount,
    hashesPerSecond,
    shares: nextShare,
    sharesRejected,
    blocks: blocksFound - blocksOrphaned,
    blocksOrphaned,
    dueUnits: totals.maturedUnits + immatureUnits,
    immatureUnits,
    paidUnits: totals.paidUnits + includedUnits,
    keptUnits,
    openPayments: payments.length,
  };
}

function fromKeyHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

function sumOf(units: readonly bigint[]): bigint {
  return units.reduce((sum, one) => sum + one, 0n);
}
