/** The runs of all accounts, and what of an account's queue cannot stay. */
import type { MempoolFault, TransactionFault } from "../protocol/faults.ts";
import type { AccountQueue } from "./account-queue.ts";
import { AccountRun } from "./account-run.ts";
import {
  balanceTooLow,
  type Dropped,
  expectedSequence,
  type MempoolHead,
  outdatedFault,
} from "./admission.ts";
import type { PendingSet } from "./pending-set.ts";
import type { PendingTransaction } from "./pending-transaction.ts";

/** What a new head did to an account. "moved": to its own entries; "stale": to others that its transactions depend on. */
export type Concern = "moved" | "stale";

export class AccountRuns {
  readonly #pending: PendingSet;
  /** None is empty. */
  readonly #runs = new Map<string, AccountRun>();

  constructor(pending: PendingSet) {
    this.#pending = pending;
  }

  /** Accounts with something that a block can take now. */
  get size(): number {
    return this.#runs.size;
  }

  values(): Iterable<AccountRun> {
    return this.#runs.values();
  }

  /** The sequence that follows what an account has executed and waiting. */
  nextSequence(accountHex: string, head: MempoolHead): number {
    return this.#runs.get(accountHex)?.nextSequence ?? expectedSequence(head.view, accountHex);
  }

  /**
   * Why a transaction could not be executed after those of its account that come before it; of one that leaves a gap
   * only the AUR is looked at. Changes nothing.
   *
   * @param isVerified whether its signature is known to be good: nobody else makes this look at a run from its begin
   */
  faultOf(
    candidate: PendingTransaction,
    head: MempoolHead,
    isVerified: boolean,
  ): TransactionFault | MempoolFault | undefined {
    const { sequence, decoded } = candidate;
    const run = this.#runs.get(decoded.senderHex) ?? new AccountRun(decoded.senderHex, head.view);
    const next = run.nextSequence;
    if (sequence === next) return run.faultOf(candidate, head);
    if (sequence < next) return isVerified ? run.before(sequence).faultOf(candidate, head) : undefined;
    const queue = this.#pending.account(decoded.senderHex);
    return heldFault(candidate, run, queue, head);
  }

  /** Takes back an executed transaction that has left the queue, and those behind it. */
  truncate({ decoded, sequence }: PendingTransaction): void {
    const run = this.#runs.get(decoded.senderHex);
    run?.truncate(sequence);
    if (run?.length === 0) this.#runs.delete(decoded.senderHex);
  }

  /**
   * Executes what an account has next. Takes out of its queue the one that cannot be executed, and of those that wait
   * for a missing sequence the ones that its AUR does not reach for.
   */
  settle(accountHex: string, head: MempoolHead): Dropped[] {
    const queue = this.#pending.account(accountHex);
    if (!queue) {
      this.#runs.delete(accountHex);
      return [];
    }
    const run = this.#runs.get(accountHex) ?? new AccountRun(accountHex, head.view);
    const failed = run.extend(queue, head);
    const dropped: Dropped[] = failed ? [failed] : [];
    if (failed) this.#pending.remove(failed.pending);
    const uncovered = uncoveredBehind(run, queue, head);
    for (const { pending } of uncovered) this.#pending.remove(pending);
    if (run.length > 0) this.#runs.set(accountHex, run);
    else this.#runs.delete(accountHex);
    return [...dropped, ...uncovered];
  }

  /** Follows a new head for one account, whose transactions of the blocks that joined are in its queue no more. */
  follow(accountHex: string, concern: Concern, included: ReadonlySet<string>, head: MempoolHead): Dropped[] {
    const run = this.#runs.get(accountHex);
    if (run && (!run.follow(included, head.view) || concern === "stale")) run.truncate(0);
    const outdated: Dropped[] = [];
    const expected = expectedSequence(head.view, accountHex);
    for (const pending of this.#pending.account(accountHex)?.values() ?? []) {
      if (concern === "moved" && pending.sequence >= expected) break;
      const fault = outdatedFault(pending, head);
      if (fault) outdated.push({ pending, fault });
    }
    for (const { pending } of outdated) {
      this.#pending.remove(pending);
      run?.truncate(pending.sequence);
    }
    return [...outdated, ...this.settle(accountHex, head)];
  }
}

/** Those behind it do not count: none of them can come before it, and they give way if the AUR ends. */
function heldFault(
  { sequence, aurNeeded, decoded }: PendingTransaction,
  run: AccountRun,
  queue: AccountQueue | undefined,
  head: MempoolHead,
): TransactionFault | undefined {
  const left = run.aurLeft;
  // The usual case, without adding up.
  if (left >= (queue?.aurNeeded ?? 0n) - run.aurNeeded + aurNeeded) return undefined;
  const needed = (queue?.aurNeededBefore(sequence) ?? 0n) - run.aurNeeded + aurNeeded;
  return left < needed ? balanceTooLow(decoded.senderHex, left, needed, head) : undefined;
}

function uncoveredBehind(run: AccountRun, queue: AccountQueue, head: MempoolHead): Dropped[] {
  const left = run.aurLeft;
  if (left >= queue.aurNeeded - run.aurNeeded) return [];
  const uncovered: Dropped[] = [];
  const next = run.nextSequence;
  let needed = 0n;
  for (const pending of queue.values()) {
    if (pending.sequence < next) continue;
    const withIt = needed + pending.aurNeeded;
    if (withIt <= left) needed = withIt;
    else
      uncovered.push({
        pending,
        fault: balanceTooLow(pending.decoded.senderHex, left, withIt, head),
      });
  }
  return uncovered;
}
