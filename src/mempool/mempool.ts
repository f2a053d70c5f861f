/** The mempool: transactions from wallets and peers on their way into a block, through every change of the head. */
import { EventEmitter } from "node:events";
import { BoundedMap } from "../base/bounded-map.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { expiryFault } from "../ledger/apply-transaction.ts";
import { describeFault } from "../protocol/faults.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { TransactionVerifier } from "../protocol/transaction-verifier.ts";
import {
  type AdmissionFault,
  admissionFault,
  type Dropped,
  expectedSequence,
  type MempoolHead,
  outdatedFault,
} from "./admission.ts";
import { staleTransactions, touchedAccounts } from "./head-change.ts";
import { type MempoolOptions, mempoolDefaults } from "./mempool-options.ts";
import { PendingSet } from "./pending-set.ts";
import { type PendingTransaction, pendingOf } from "./pending-transaction.ts";
import { type SelectionLimits, selectTransactions } from "./selection.ts";

export interface MempoolModules {
  readonly clock: Clock;
  readonly verifier: TransactionVerifier;
  /** The ledger at the head, as it is when called. */
  readonly ledger: () => MempoolHead;
  readonly logger: Logger;
}

export interface MempoolEvents {
  /** It waits now, for the first time or again after a reorganization. */
  added: [DecodedTransaction];
  /** It was pending, or in a block that left the chain, and is neither any more. */
  dropped: [DecodedTransaction, AdmissionFault];
}

export type { MempoolOptions } from "./mempool-options.ts";

export type AddOutcome = Result<"added" | "replaced", AdmissionFault>;

export type PendingStatus =
  /** `ready`: a block can take it now; else a lower sequence is missing. */
  | { readonly status: "pending"; readonly ready: boolean }
  | { readonly status: "dropped"; readonly reason: AdmissionFault };

/** The transactions of the blocks that joined and left the canonical chain. */
export interface HeadTransactions {
  readonly connected: readonly DecodedTransaction[];
  readonly disconnected: readonly DecodedTransaction[];
}

/** How much later than `expiryMs` a transaction may be dropped, as a part of it. */
const sweepsPerExpiry = 16;

export function createMempool(options: MempoolOptions, modules: MempoolModules): Mempool {
  return new Mempool({ ...mempoolDefaults, ...options }, modules);
}

export class Mempool {
  readonly events = new EventEmitter<MempoolEvents>();
  readonly #options: Required<MempoolOptions>;
  readonly #modules: MempoolModules;
  readonly #pending: PendingSet;
  readonly #dropped: BoundedMap<string, AdmissionFault>;
  #verifying = 0;
  #newestArrival = 0;
  /** What a reorganization brings back came before all that waits. */
  #oldestArrival = 0;
  #sweepTimer: Timer | undefined;
  #isClosed = false;

  constructor(options: Required<MempoolOptions>, modules: MempoolModules) {
    this.#options = options;
    this.#modules = modules;
    this.#pending = new PendingSet(options);
    this.#dropped = new BoundedMap(options.droppedRememberedMax);
  }

  get count(): number {
    return this.#pending.count;
  }

  /** Of the transactions' own encoding. */
  get bytes(): number {
    return this.#pending.bytes;
  }

  has(idHex: string): boolean {
    return this.#pending.get(idHex) !== undefined;
  }

  get(idHex: string): DecodedTransaction | undefined {
    return this.#pending.get(idHex)?.decoded;
  }

  ids(): string[] {
    return this.transactions().map(({ idHex }) => idHex);
  }

  /** A snapshot. */
  transactions(): DecodedTransaction[] {
    return Array.from(this.#pending.values(), ({ decoded }) => decoded);
  }

  status(idHex: string): PendingStatus | undefined {
    const pending = this.#pending.get(idHex);
    if (pending) {
      const ready = pending.sequence < this.pendingSequence(pending.decoded.senderHex);
      return { status: "pending", ready };
    }
    const reason = this.#dropped.get(idHex);
    return reason && { status: "dropped", reason };
  }

  /** The sequence that the account's next transaction should have: after those that are ready. */
  pendingSequence(accountHex: string): number {
    const expected = expectedSequence(this.#modules.ledger().view, accountHex);
    return expected + (this.#pending.account(accountHex)?.readyFrom(expected).length ?? 0);
  }

  async add(transaction: DecodedTransaction): Promise<AddOutcome> {
    const [outcome] = await this.addMany([transaction]);
    return outcome as AddOutcome;
  }

  /**
   * The cheap rules, one call of the verifier for all that keep them, and the rules again, since the head and the pool
   * may have moved meanwhile. One outcome for each, in order; rejects only where the verifier does.
   */
  async addMany(transactions: readonly DecodedTransaction[]): Promise<AddOutcome[]> {
    const refusals = this.#refuseCheaply(transactions);
    const promising = transactions.filter((_, index) => !refusals[index]);
    const verdicts = await this.#verify(promising);
    const added: PendingTransaction[] = [];
    const dropped: Dropped[] = [];
    const head = this.#modules.ledger();
    let next = 0;
    const outcomes = transactions.map((transaction, index): AddOutcome => {
      const refusal = refusals[index];
      if (refusal) return fail(refusal);
      const isValid = verdicts[next++] === true;
      if (!isValid) return fail({ code: "transaction/signature-invalid" });
      return this.#admit(transaction, head, added, dropped);
    });
    this.#announce(added, dropped);
    return outcomes;
  }

  /** What a block that builds on the head could take, best first, each account in sequence. */
  select(limits: SelectionLimits): DecodedTransaction[] {
    const { view, height } = this.#modules.ledger();
    const runs: PendingTransaction[][] = [];
    for (const [accountHex, queue] of this.#pending.accounts()) {
      const ready = queue.readyFrom(expectedSequence(view, accountHex));
      const expired = ready.findIndex(({ decoded }) => expiryFault(decoded, height + 1) !== undefined);
      runs.push(expired === -1 ? ready : ready.slice(0, expired));
    }
    return selectTransactions(runs, limits);
  }

  /** Whether a block could take anything; cheap, unlike {@link select}. */
  hasReady(): boolean {
    const { view } = this.#modules.ledger();
    for (const [accountHex, queue] of this.#pending.accounts()) {
      if (queue.at(expectedSequence(view, accountHex))) return true;
    }
    return false;
  }

  /** Drops one that turned out not to be executable; its successors stay until they expire. False where it is not pending. */
  drop(idHex: string, fault: AdmissionFault): boolean {
    const pending = this.#pending.get(idHex);
    if (!pending) return false;
    this.#pending.remove(pending);
    this.#announce([], [{ pending, fault }]);
    return true;
  }

  /** Follows the chain; to be called when `ledger` already answers with the new head. */
  headChanged({ connected, disconnected }: HeadTransactions): void {
    const head = this.#modules.ledger();
    const included = new Set<string>();
    for (const { idHex } of connected) {
      included.add(idHex);
      this.#dropped.delete(idHex);
      const pending = this.#pending.get(idHex);
      if (pending) this.#pending.remove(pending);
    }
    const added: PendingTransaction[] = [];
    const dropped: Dropped[] = [];
    // Backwards, so that each comes before the one after it.
    for (const transaction of disconnected.toReversed()) {
      if (!included.has(transaction.idHex)) this.#restore(transaction, head, added, dropped);
    }
    for (const accountHex of touchedAccounts(connected, disconnected)) {
      const queue = this.#pending.account(accountHex);
      if (queue) this.#remove(staleTransactions(accountHex, queue, head), dropped);
    }
    this.#remove(this.#expired(), dropped);
    this.#announce(added, dropped);
  }

  close(): void {
    this.#isClosed = true;
    this.#sweepTimer?.cancel();
  }

  #refuseCheaply(transactions: readonly DecodedTransaction[]): (AdmissionFault | undefined)[] {
    const { verifyingMax } = this.#options;
    const head = this.#modules.ledger();
    let free = verifyingMax - this.#verifying;
    return transactions.map((transaction) => {
      const candidate = this.#candidate(transaction);
      const fault = this.#fault(candidate, head) ?? this.#pending.placeFault(candidate);
      if (fault) return fault;
      free -= 1;
      return free < 0
        ? { code: "mempool/full", limit: `${verifyingMax} transactions being verified` }
        : undefined;
    });
  }

  async #verify(transactions: readonly DecodedTransaction[]): Promise<readonly boolean[]> {
    // A refusal does not wait behind a verifier that is busy.
    if (transactions.length === 0) return [];
    this.#verifying += transactions.length;
    try {
      return await this.#modules.verifier.verify(transactions);
    } finally {
      this.#verifying -= transactions.length;
    }
  }

  #candidate(transaction: DecodedTransaction): PendingTransaction {
    return pendingOf(transaction, this.#newestArrival + 1, this.#modules.clock.monotonicMs());
  }

  #fault(candidate: PendingTransaction, head: MempoolHead): AdmissionFault | undefined {
    const { idHex, senderHex } = candidate.decoded;
    if (this.has(idHex)) return { code: "mempool/known", id: idHex };
    return admissionFault(candidate, this.#pending.account(senderHex), head, this.#options.sequenceGapMax);
  }

  #admit(
    transaction: DecodedTransaction,
    head: MempoolHead,
    added: PendingTransaction[],
    dropped: Dropped[],
  ): AddOutcome {
    const candidate = this.#candidate(transaction);
    const fault = this.#fault(candidate, head);
    if (fault) return fail(fault);
    const placed = this.#pending.place(candidate);
    if (!placed.ok) return placed;
    this.#newestArrival = candidate.arrival;
    added.push(candidate);
    dropped.push(...placed.value);
    this.#dropUncovered(transaction.senderHex, head, dropped);
    return ok(placed.value.some((gone) => gone.fault.code === "mempool/replaced") ? "replaced" : "added");
  }

  /** One that came before others of its account may leave too little for them. */
  #dropUncovered(accountHex: string, head: MempoolHead, dropped: Dropped[]): void {
    const queue = this.#pending.account(accountHex);
    const balance = head.view.account(accountHex)?.balance ?? 0n;
    if (!queue || queue.aurNeeded <= balance) return;
    this.#remove(staleTransactions(accountHex, queue, head), dropped);
  }

  /** Puts back what a block that left the chain held: it was verified with that block. */
  #restore(
    transaction: DecodedTransaction,
    head: MempoolHead,
    added: PendingTransaction[],
    dropped: Dropped[],
  ): void {
    if (this.has(transaction.idHex)) return;
    this.#oldestArrival -= 1;
    const pending = pendingOf(transaction, this.#oldestArrival, this.#modules.clock.monotonicMs());
    const outdated = outdatedFault(pending, head);
    const placed = outdated ? fail(outdated) : this.#pending.place(pending);
    if (placed.ok) {
      added.push(pending);
      dropped.push(...placed.value);
    } else {
      dropped.push({ pending, fault: placed.fault });
    }
  }

  #expired(): Dropped[] {
    const { expiryMs } = this.#options;
    const nextHeight = this.#modules.ledger().height + 1;
    const nowMs = this.#modules.clock.monotonicMs();
    const expired: Dropped[] = [];
    for (const pending of this.#pending.values()) {
      const fault: AdmissionFault | undefined =
        nowMs - pending.addedMs >= expiryMs
          ? { code: "mempool/expired", expiryMs }
          : expiryFault(pending.decoded, nextHeight);
      if (fault) expired.push({ pending, fault });
    }
    return expired;
  }

  #remove(stale: readonly Dropped[], dropped: Dropped[]): void {
    for (const entry of stale) {
      this.#pending.remove(entry.pending);
      dropped.push(entry);
    }
  }

  /** Remembers the reasons and tells the listeners, when the pool is in order again. */
  #announce(added: readonly PendingTransaction[], dropped: readonly Dropped[]): void {
    for (const { pending, fault } of dropped) {
      const { idHex } = pending.decoded;
      this.#dropped.set(idHex, fault);
      this.#modules.logger.debug(
        { id: idHex, reason: describeFault(fault) },
        "a pending transaction was dropped",
      );
    }
    const stayed = added.filter((pending) => this.#pending.get(pending.decoded.idHex) === pending);
    this.#scheduleSweep();
    for (const { pending, fault } of dropped) this.events.emit("dropped", pending.decoded, fault);
    for (const { decoded } of stayed) this.events.emit("added", decoded);
  }

  #scheduleSweep(): void {
    if (this.#sweepTimer || this.#isClosed || this.count === 0) return;
    this.#sweepTimer = this.#modules.clock.schedule(this.#options.expiryMs / sweepsPerExpiry, () => {
      this.#sweepTimer = undefined;
      const dropped: Dropped[] = [];
      this.#remove(this.#expired(), dropped);
      this.#announce([], dropped);
      this.#scheduleSweep();
    });
  }
}
