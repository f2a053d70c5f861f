/** The rules by which a transaction may wait, against the ledger at the head and what its account has waiting. */

import { expiryFault, statelessFault } from "../ledger/apply-transaction.ts";
import type { LedgerView } from "../ledger/entry.ts";
import { aurSymbol } from "../protocol/amount.ts";
import type { MempoolFault, TransactionFault } from "../protocol/faults.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { AccountQueue } from "./account-queue.ts";
import type { Displaced } from "./pending-set.ts";
import type { PendingTransaction } from "./pending-transaction.ts";

export type AdmissionFault = TransactionFault | MempoolFault;

/** The head that the next block builds on. */
export interface MempoolHead {
  readonly view: LedgerView;
  readonly height: number;
  readonly minimumFee: bigint;
  /** Why an authority vote would change nothing in the next block; undefined for every other transaction. */
  readonly voteFault: (transaction: DecodedTransaction) => TransactionFault | undefined;
}

/** Why a transaction left the pool, or never came to be in it. */
export interface Dropped extends Omit<Displaced, "fault"> {
  readonly fault: AdmissionFault;
}

/** The sequence that the account's next transaction must have. */
export function expectedSequence(view: LedgerView, accountHex: string): number {
  return view.account(accountHex)?.sequence ?? 0;
}

/**
 * What keeps a transaction out; undefined where nothing does. Its signature, the pool's bounds and a rival with the
 * same sequence are not looked at here.
 *
 * @param queue what the sender has pending
 * @param sequenceGapMax how far its sequence may be ahead of the ledger's
 */
export function admissionFault(
  pending: PendingTransaction,
  queue: AccountQueue | undefined,
  head: MempoolHead,
  sequenceGapMax: number,
): AdmissionFault | undefined {
  return (
    statelessFault(pending.decoded, head.minimumFee) ??
    outdatedFault(pending, head) ??
    distanceFault(pending, head, sequenceGapMax) ??
    balanceFault(pending, queue, head)
  );
}

/** Whether the chain has gone past a transaction: by height, by another one with its sequence, or by the set of authorities. */
export function outdatedFault(
  { decoded, sequence }: PendingTransaction,
  { view, height, voteFault }: MempoolHead,
): TransactionFault | undefined {
  const expired = expiryFault(decoded, height + 1);
  if (expired) return expired;
  const expected = expectedSequence(view, decoded.senderHex);
  if (sequence < expected) return { code: "transaction/sequence-used", expected, actual: sequence };
  return voteFault(decoded);
}

function distanceFault(
  { decoded, sequence }: PendingTransaction,
  { view }: MempoolHead,
  sequenceGapMax: number,
): MempoolFault | undefined {
  const expected = expectedSequence(view, decoded.senderHex);
  return sequence > expected + sequenceGapMax
    ? { code: "mempool/sequence-too-far", expected, actual: sequence }
    : undefined;
}

/** Those behind it do not count: none of them can come before it, and they give way where the balance ends. */
function balanceFault(
  pending: PendingTransaction,
  queue: AccountQueue | undefined,
  { view }: MempoolHead,
): TransactionFault | undefined {
  const { senderHex } = pending.decoded;
  const balance = view.account(senderHex)?.balance ?? 0n;
  // The usual case, without adding up.
  if (balance >= (queue?.aurNeeded ?? 0n) + pending.aurNeeded) return undefined;
  const needed = (queue?.aurNeededBefore(pending.sequence) ?? 0n) + pending.aurNeeded;
  if (balance >= needed) return undefined;
  const immature = view.immatureOf(senderHex);
  return { ...balanceTooLow(balance, needed), ...(immature > 0n ? { immature } : {}) };
}

export function balanceTooLow(balance: bigint, needed: bigint) {
  return { code: "transaction/balance-too-low" as const, asset: aurSymbol, balance, needed };
}
