/** The rules by which a transaction may wait that need nothing but itself and the head. */

import { expiryFault, statelessFault } from "../ledger/apply-transaction.ts";
import type { LedgerView } from "../ledger/entry.ts";
import { aurSymbol } from "../protocol/amount.ts";
import type { MempoolFault, TransactionFault } from "../protocol/faults.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { PendingTransaction } from "./pending-transaction.ts";

export type AdmissionFault = TransactionFault | MempoolFault;

/** The head that the next block builds on. */
export interface MempoolHead {
  readonly view: LedgerView;
  readonly height: number;
  readonly minimumFee: bigint;
  /** Of the largest transaction that a block has room for. */
  readonly transactionBytesMax: number;
  /** Why an authority vote would change nothing in the next block; undefined for every other transaction. */
  readonly voteFault: (transaction: DecodedTransaction) => TransactionFault | undefined;
}

/** Why a transaction left the pool, or never came to be in it. */
export interface Dropped {
  readonly pending: PendingTransaction;
  readonly fault: AdmissionFault;
}

/** The sequence that the account's next transaction must have. */
export function expectedSequence(view: LedgerView, accountHex: string): number {
  return view.account(accountHex)?.sequence ?? 0;
}

/**
 * What keeps a transaction out whatever its account has waiting; undefined if nothing does. Its signature, the pool's
 * bounds and a rival with the same sequence are not looked at here.
 *
 * @param sequenceGapMax how far its sequence may be ahead of the ledger's
 */
export function admissionFault(
  pending: PendingTransaction,
  head: MempoolHead,
  sequenceGapMax: number,
): AdmissionFault | undefined {
  return (
    statelessFault(pending.decoded, head.minimumFee) ??
    sizeFault(pending, head) ??
    outdatedFault(pending, head) ??
    distanceFault(pending, head, sequenceGapMax)
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

/** What no block has room for would wait for nothing, and its account's others behind it. */
function sizeFault(
  { bytes }: PendingTransaction,
  { transactionBytesMax }: MempoolHead,
): MempoolFault | undefined {
  if (bytes <= transactionBytesMax) return undefined;
  return { code: "mempool/too-large", bytes, bytesMax: transactionBytesMax };
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

/**
 * An account's AUR does not reach for all that it has waiting. People see one balance, the ledger's, so what comes
 * before counts as needed.
 *
 * @param left what those before leave of it
 * @param needed of what is left
 */
export function balanceTooLow(
  accountHex: string,
  left: bigint,
  needed: bigint,
  { view }: MempoolHead,
): TransactionFault {
  const balance = view.account(accountHex)?.balance ?? 0n;
  const immature = view.immatureOf(accountHex);
  return {
    code: "transaction/balance-too-low",
    asset: aurSymbol,
    balance,
    needed: needed + (balance - left),
    ...(immature > 0n ? { immature } : {}),
  };
}
