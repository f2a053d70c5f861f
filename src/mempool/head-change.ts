/** What a new head makes stale: whose queues to look at, and what of them cannot stay. */
import { toHex } from "../base/bytes.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { AccountQueue } from "./account-queue.ts";
import { balanceTooLow, type Dropped, type MempoolHead, outdatedFault } from "./admission.ts";

/** Whose sequence or balance a change of the head may have turned against what they have pending. */
export function touchedAccounts(
  connected: readonly DecodedTransaction[],
  disconnected: readonly DecodedTransaction[],
): Set<string> {
  const touched = new Set<string>();
  for (const { senderHex } of connected) touched.add(senderHex);
  for (const { senderHex, payload } of disconnected) {
    touched.add(senderHex);
    if (payload.kind === "transfer") touched.add(toHex(payload.to));
  }
  return touched;
}

/**
 * What of an account's queue cannot stay at a new head: used sequences, and from the first transaction on that the
 * balance does not reach for, all the rest, since none of them can come before it.
 */
export function staleTransactions(accountHex: string, queue: AccountQueue, head: MempoolHead): Dropped[] {
  const balance = head.view.account(accountHex)?.balance ?? 0n;
  const stale: Dropped[] = [];
  let needed = 0n;
  for (const pending of queue.values()) {
    const outdated = outdatedFault(pending, head);
    if (!outdated) needed += pending.aurNeeded;
    const fault = outdated ?? (balance < needed ? balanceTooLow(balance, needed) : undefined);
    if (fault) stale.push({ pending, fault });
  }
  return stale;
}
