/** What a pool has to write down and to pay, seen from the chain's head: pure decisions of the payout controller. */
import { fromHex, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { Chain } from "../chain/chain.ts";
import { aurSpentBy } from "../ledger/apply-transaction.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { BlockRecord, BlockState, BookEvent, PaymentRecord } from "./book-records.ts";

export type PayoutChain = Pick<
  Chain,
  "head" | "spec" | "ledger" | "hashAtHeight" | "blockAtHeight" | "transaction"
>;

/** Below a block with so many others on it no reorganization is expected. */
const settledDepthMin = 20;

/** How deep a found block has to be for its split to be due. */
export function maturityDepth(chain: PayoutChain): number {
  return Math.max(chain.spec.genesis.rewardMaturityBlocks, 1);
}

/** At this depth a payment is settled, or void if another transaction of that depth has its sequence. */
export function settledDepth(chain: PayoutChain): number {
  return Math.max(chain.spec.genesis.rewardMaturityBlocks, settledDepthMin);
}

/** What the chain says of a found block. */
export function stateOfBlock({ hash, height, state }: BlockRecord, chain: PayoutChain): BlockState {
  const headHeight = chain.head.header.height;
  if (isCanonical(chain, height, hash)) {
    return headHeight >= height + maturityDepth(chain) ? "matured" : "immature";
  }
  // Written down before the chain has it.
  return state === "found" && headHeight < height ? "found" : "orphaned";
}

/** The blocks of which the chain says another thing than the books. */
export function reviewBlocks(blocks: readonly BlockRecord[], chain: PayoutChain): BookEvent[] {
  const events: BookEvent[] = [];
  for (const block of blocks) {
    const to = stateOfBlock(block, chain);
    if (to !== block.state) events.push({ kind: "blockMoved", block, to });
  }
  // In the order of heights: a member's `due_since` is the height of the first block that it was owed for.
  return events.sort((left, right) => heightOf(left) - heightOf(right));
}

function heightOf(event: BookEvent): number {
  return event.kind === "blockMoved" ? event.block.height : 0;
}

/** Whether a payment was settled in a block of this height or below. */
export function isSettledAtHeight({ state, includedIn }: PaymentRecord, height: number): boolean {
  return state === "settled" && includedIn !== null && includedIn.height <= height;
}

/** What the chain says about payments that are not settled, in the order of their sequences. */
export function reviewPayments(
  payments: readonly PaymentRecord[],
  poolAccount: string,
  chain: PayoutChain,
): BookEvent[] {
  const settledHeight = chain.head.header.height - settledDepth(chain);
  const events: BookEvent[] = [];
  const superseded: number[] = [];
  const next = chain.ledger.account(poolAccount)?.sequence ?? 0;
  for (const { sequence, transactionId, includedIn } of payments) {
    // Sequences from the account's next one on are in no block.
    if (sequence >= next && !includedIn) continue;
    if (includedIn && isCanonical(chain, includedIn.height, includedIn.hash)) {
      if (includedIn.height <= settledHeight) events.push({ kind: "paymentSettled", sequence });
      continue;
    }
    const id = fromHex(transactionId);
    invariant(id, "a transaction's id is hex");
    const located = chain.transaction(id);
    if (located) {
      const { hashHex: hash, header } = located.block;
      events.push({ kind: "paymentIncluded", sequence, height: header.height, hash });
      if (header.height <= settledHeight) events.push({ kind: "paymentSettled", sequence });
      continue;
    }
    if (includedIn) events.push({ kind: "paymentReverted", sequence });
    if (sequence < next) superseded.push(sequence);
  }
  const reachable = recentlyUsed(superseded, poolAccount, settledHeight, chain);
  for (const sequence of superseded) {
    if (!reachable.has(sequence)) events.push({ kind: "paymentVoided", sequence });
  }
  return events;
}

/** Those of used sequences whose transaction stands above `settledHeight`, so that it might still leave the chain. */
function recentlyUsed(
  sequences: readonly number[],
  poolAccount: string,
  settledHeight: number,
  chain: PayoutChain,
): Set<number> {
  const found = new Set<number>();
  for (
    let height = chain.head.header.height;
    height > Math.max(0, settledHeight) && found.size < sequences.length;
    height -= 1
  ) {
    const block = chain.blockAtHeight(height);
    invariant(block, "a canonical block stands at every height up to the head's");
    for (const { senderHex, transaction } of block.transactions) {
      if (senderHex === poolAccount && sequences.includes(transaction.sequence)) {
        found.add(transaction.sequence);
      }
    }
  }
  return found;
}

/**
 * Which payments are to be withdrawn: of members that would be paid more than they have earned, those that no block
 * holds, the newest first, as many as make up for the difference. What was withdrawn before counts until it is void.
 */
export function planWithdrawals(
  overpaid: readonly { readonly account: string; readonly units: bigint }[],
  openPayments: readonly PaymentRecord[],
): PaymentRecord[] {
  const planned: PaymentRecord[] = [];
  const waiting = openPayments.filter(({ includedIn }) => includedIn === null).toReversed();
  for (const { account, units } of overpaid) {
    const own = waiting.filter((payment) => payment.account === account);
    let left = units;
    for (const payment of own) if (payment.withdrawnBy) left -= payment.units;
    for (const payment of own) {
      if (left <= 0n) break;
      if (payment.withdrawnBy) continue;
      planned.push(payment);
      left -= payment.units;
    }
  }
  return planned;
}

export interface RoundTerms {
  /** What members are owed, in the order in which they are to be paid. */
  readonly payable: readonly { readonly account: string; readonly units: bigint }[];
  readonly openPayments: readonly PaymentRecord[];
  /** Other transactions of the pool's account that wait for a block. */
  readonly waiting: readonly DecodedTransaction[];
  /** The balance of the pool's account at the head, and its next sequence. */
  readonly balance: bigint;
  readonly sequence: number;
  readonly fee: bigint;
  /** Nobody is paid less. */
  readonly minimumUnits: bigint;
  /** Payments that may wait for a block at once. */
  readonly waitingMax: number;
}

export interface PlannedPayment {
  readonly account: string;
  readonly sequence: number;
  /** Amount and fee. */
  readonly units: bigint;
}

/**
 * Who is paid in a round: in the order in which they are owed, as far as the balance goes; the last one in part where
 * that is worth a payment, so that nobody with much waits behind many with little. Sequences follow each other, past
 * those that are taken: by payments that may yet be included, and by what the operator has sent by hand.
 */
export function planRound(terms: RoundTerms): PlannedPayment[] {
  const { openPayments, waiting, fee } = terms;
  const notIncluded = openPayments.filter(({ includedIn }) => includedIn === null);
  const taken = new Set([
    ...openPayments.map(({ sequence }) => sequence),
    ...waiting.map(({ transaction }) => transaction.sequence),
  ]);
  let balance = terms.balance;
  for (const { units } of notIncluded) balance -= units;
  for (const { transaction, payload } of waiting) balance -= transaction.fee + aurSpentBy(payload);
  const leastUnits = terms.minimumUnits > fee ? terms.minimumUnits : fee + 1n;
  let { sequence } = terms;
  const planned: PlannedPayment[] = [];
  for (const { account, units: owed } of terms.payable) {
    // Nobody waits behind what the fee would eat up.
    if (owed < leastUnits) continue;
    const units = owed < balance ? owed : balance;
    if (planned.length + notIncluded.length >= terms.waitingMax) break;
    if (units < leastUnits) break;
    while (taken.has(sequence)) sequence += 1;
    planned.push({ account, sequence, units });
    sequence += 1;
    balance -= units;
  }
  return planned;
}

/** Whether a block stands in the canonical chain. */
export function isCanonical(chain: PayoutChain, height: number, hash: string): boolean {
  const canonical = height <= chain.head.header.height ? chain.hashAtHeight(height) : undefined;
  return canonical !== undefined && toHex(canonical) === hash;
}
