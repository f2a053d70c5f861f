/** The mempool: transactions from wallets and peers on their way into a block, through every change of the head. */
import type { EventEmitter } from "node:events";
import { BoundedMap } from "../base/bounded-map.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { guardedEvents } from "../base/guarded-events.ts";
import type { Logger } from "../base/logger.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { expiryFault } from "../ledger/apply-transaction.ts";
import { describeFault } from "../protocol/faults.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { TransactionVerifier } from "../protocol/transaction-verifier.ts";
import { AccountRuns } from "./account-runs.ts";
import {
  type AdmissionFault,
  admissionFault,
  type Dropped,
  expectedSequence,
  type MempoolHead,
  outdatedFault,
} from "./admission.ts";
import { concernedAccounts } from "./head-change.ts";
import { type MempoolOptions, mempoolDefaults } from "./mempool-options.ts";
import type {
  AddOptions,
  AddOutcome,
  MempoolEvents,
  MempoolHeadChange,
  PendingStatus,
  WouldBe,
} from "./mempool-types.ts";
import { type Displaced, PendingSet } from "./pending-set.ts";
import { type PendingTransaction, pendingOf } from "./pending-transaction.ts";
import { type SelectionLimits, selectTransactions, type Take } from "./selection.ts";
import { WaitingView } from "./waiting-view.ts";

export interface MempoolModules {
  readonly clock: Clock;
  readonly verifier: TransactionVerifier;
  /** The ledger at the head, as it is when called. */
  readonly ledger: () => MempoolHead;
  readonly logger: Logger;
}

export type { MempoolOptions } from "./mempool-options.ts";
export type * from "./mempool-types.ts";

/** What an add or a new head does to the pool; told to the listeners when the pool is in order again. */
interface Changes {
  readonly added: PendingTransaction[];
  readonly dropped: Dropped[];
}

/** How much later than `expiryMs` a transaction may be dropped, as a part of it. */
const sweepsPerExpiry = 16;

export function createMempool(options: MempoolOptions, modules: MempoolModules): Mempool {
  return new Mempool({ ...mempoolDefaults, ...options }, modules);
}

export class Mempool {
  readonly events: EventEmitter<MempoolEvents>;
  /** What people are shown of all that waits. */
  readonly waiting: WaitingView;
  readonly #options: Required<MempoolOptions>;
  readonly #modules: MempoolModules;
  readonly #pending: PendingSet;
  readonly #runs: AccountRuns;
  readonly #dropped: BoundedMap<string, AdmissionFault>;
  /** Ids of dropped transactions by account and sequence: what those behind wait for in vain. */
  readonly #gone: BoundedMap<string, string>;
  #verifying = 0;
  #newestArrival = 0;
  /** What a reorganization brings back came before all that waits. */
  #oldestArrival = 0;
  #sweepTimer: Timer | undefined;
  #isClosed = false;

  constructor(options: Required<MempoolOptions>, modules: MempoolModules) {
    this.events = guardedEvents("mempool", modules.logger);
    this.#options = options;
    this.#modules = modules;
    this.#pending = new PendingSet(options);
    this.#runs = new AccountRuns(this.#pending);
    this.waiting = new WaitingView(this.#pending, modules.clock);
    this.#dropped = new BoundedMap(options.droppedRememberedMax);
    this.#gone = new BoundedMap(options.droppedRememberedMax);
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

  /** What waits with a sequence of an account. */
  at(accountHex: string, sequence: number): DecodedTransaction | undefined {
    return this.#pending.account(accountHex)?.at(sequence)?.decoded;
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
    if (!pending) {
      const reason = this.#dropped.get(idHex);
      return reason && { status: "dropped", reason };
    }
    const { senderHex } = pending.decoded;
    const missing = this.pendingSequence(senderHex);
    if (pending.sequence < missing) return { status: "pending", ready: true };
    const goneHex = this.#gone.get(placeOf(senderHex, missing));
    const reason = goneHex === undefined ? undefined : this.#dropped.get(goneHex);
    const gone = goneHex !== undefined && reason ? { gone: { idHex: goneHex, reason } } : {};
    return { status: "pending", ready: false, missing, ...gone };
  }

  /** The sequence that the account's next transaction should have: after those that a block can take. */
  pendingSequence(accountHex: string): number {
    return this.#runs.nextSequence(accountHex, this.#modules.ledger());
  }

  async add(transaction: DecodedTransaction, options: AddOptions = {}): Promise<AddOutcome> {
    const [outcome] = await this.addMany([transaction], options);
    return outcome as AddOutcome;
  }

  /**
   * The cheap rules, one call of the verifier for all that keep them, and the rules again, since the head and the pool
   * may have moved meanwhile. One outcome for each, in order; rejects only where the verifier does.
   */
  async addMany(
    transactions: readonly DecodedTransaction[],
    { replace = true }: AddOptions = {},
  ): Promise<AddOutcome[]> {
    const refusals = this.#refuseCheaply(transactions, replace);
    const promising = transactions.filter((_, index) => !refusals[index]);
    const verdicts = await this.#verify(promising);
    const changes: Changes = { added: [], dropped: [] };
    const head = this.#modules.ledger();
    let next = 0;
    const outcomes = transactions.map((transaction, index): AddOutcome => {
      const refusal = refusals[index];
      if (refusal) return fail(refusal);
      const isValid = verdicts[next++] === true;
      if (!isValid) return fail({ code: "transaction/signature-invalid" });
      return this.#admit(transaction, replace, head, changes);
    });
    this.#announce(changes);
    return outcomes;
  }

  /** What {@link add} would say, without adding it: all rules and its signature. Changes nothing. */
  async check(
    transaction: DecodedTransaction,
    { replace = true }: AddOptions = {},
  ): Promise<Result<WouldBe, AdmissionFault>> {
    const [refusal] = this.#refuseCheaply([transaction], replace);
    if (refusal) return fail(refusal);
    const [isValid] = await this.#verify([transaction]);
    if (!isValid) return fail({ code: "transaction/signature-invalid" });
    const head = this.#modules.ledger();
    const candidate = this.#candidate(transaction);
    const fault =
      this.#fault(candidate, replace, head) ??
      this.#runs.faultOf(candidate, head, true) ??
      this.#pending.placeFault(candidate);
    if (fault) return fail(fault);
    const { sequence, decoded } = candidate;
    const nextSequence = this.#runs.nextSequence(decoded.senderHex, head);
    const replaces = this.at(decoded.senderHex, sequence)?.idHex;
    return ok({ ready: sequence <= nextSequence, nextSequence, replaces });
  }

  /**
   * What a block that builds on the head could take, best first, each account in sequence.
   *
   * @param take the last word on each that is offered; by default all are taken
   */
  select(limits: SelectionLimits, take?: Take): DecodedTransaction[] {
    const { view, height } = this.#modules.ledger();
    const runs: PendingTransaction[][] = [];
    for (const run of this.#runs.values()) {
      const ready = run.transactions();
      // The head may have moved a moment before this pool is told.
      const isFitting = ready[0]?.sequence === expectedSequence(view, ready[0]?.decoded.senderHex ?? "");
      const expired = ready.findIndex(({ decoded }) => expiryFault(decoded, height + 1) !== undefined);
      if (isFitting) runs.push(expired === -1 ? ready : ready.slice(0, expired));
    }
    return selectTransactions(runs, limits, take);
  }

  /** Whether a block could take anything; cheap, unlike {@link select}. */
  hasReady(): boolean {
    return this.#runs.size > 0;
  }

  /** Drops one; its successors wait for another with its sequence. False if it is not pending. */
  drop(idHex: string, fault: AdmissionFault): boolean {
    const pending = this.#pending.get(idHex);
    if (!pending) return false;
    const changes: Changes = { added: [], dropped: [] };
    this.#remove([{ pending, fault }], changes);
    this.#announce(changes);
    return true;
  }

  /** Follows the chain; to be called when `ledger` already answers with the new head. */
  headChanged({ connected, disconnected, touched }: MempoolHeadChange): void {
    const head = this.#modules.ledger();
    const included = new Set<string>();
    for (const { idHex } of connected) {
      included.add(idHex);
      this.#dropped.delete(idHex);
      const pending = this.#pending.get(idHex);
      if (pending) this.#pending.remove(pending);
    }
    const changes: Changes = { added: [], dropped: [] };
    // Backwards, so that each comes before the one after it.
    for (const transaction of disconnected.toReversed()) {
      if (!included.has(transaction.idHex)) this.#restore(transaction, head, changes);
    }
    for (const [accountHex, concern] of concernedAccounts(touched, this.#pending, head.view)) {
      changes.dropped.push(...this.#runs.follow(accountHex, concern, included, head));
    }
    this.#remove(this.#expiredAt(head.height + 1), changes);
    this.#announce(changes);
  }

  close(): void {
    this.#isClosed = true;
    this.#sweepTimer?.cancel();
  }

  #refuseCheaply(
    transactions: readonly DecodedTransaction[],
    replace: boolean,
  ): (AdmissionFault | undefined)[] {
    const { verifyingMax } = this.#options;
    const head = this.#modules.ledger();
    let free = verifyingMax - this.#verifying;
    // Where an account's first has been let through, what the others find depends on it, also whether they are known: it
    // may drop one that waits. They are judged when it is in.
    const letThrough = new Set<string>();
    return transactions.map((transaction) => {
      const candidate = this.#candidate(transaction);
      const fault = letThrough.has(transaction.senderHex)
        ? admissionFault(candidate, head, this.#options.sequenceGapMax)
        : (this.#fault(candidate, replace, head) ?? this.#fitFault(candidate, head));
      if (fault) return fault;
      letThrough.add(transaction.senderHex);
      free -= 1;
      return free < 0
        ? { code: "mempool/full", limit: `${verifyingMax} transactions being verified` }
        : undefined;
    });
  }

  /** What keeps it out for all that waits. */
  #fitFault(candidate: PendingTransaction, head: MempoolHead): AdmissionFault | undefined {
    return this.#runs.faultOf(candidate, head, false) ?? this.#pending.placeFault(candidate);
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

  /** What keeps it out whether or not it can be executed. */
  #fault(candidate: PendingTransaction, replace: boolean, head: MempoolHead): AdmissionFault | undefined {
    const { idHex, senderHex } = candidate.decoded;
    const { sequence } = candidate;
    if (this.has(idHex)) return { code: "mempool/known", id: idHex };
    const fault = admissionFault(candidate, head, this.#options.sequenceGapMax);
    if (fault || replace) return fault;
    const by = this.at(senderHex, sequence)?.idHex;
    return by === undefined ? undefined : { code: "mempool/sequence-taken", sequence, by };
  }

  #admit(transaction: DecodedTransaction, replace: boolean, head: MempoolHead, changes: Changes): AddOutcome {
    const candidate = this.#candidate(transaction);
    const fault = this.#fault(candidate, replace, head) ?? this.#runs.faultOf(candidate, head, true);
    if (fault) return fail(fault);
    const placed = this.#place(candidate, changes);
    if (!placed.ok) return placed;
    this.#newestArrival = candidate.arrival;
    this.#dropped.delete(transaction.idHex);
    changes.added.push(candidate);
    changes.dropped.push(...this.#runs.settle(transaction.senderHex, head));
    return ok(placed.value.some((gone) => gone.fault.code === "mempool/replaced") ? "replaced" : "added");
  }

  /** Finds the candidate a place. What gives way for it is ready no more, nor is what was executed behind that. */
  #place(candidate: PendingTransaction, { dropped }: Changes): Result<readonly Displaced[], AdmissionFault> {
    const placed = this.#pending.place(candidate);
    if (!placed.ok) return placed;
    for (const { pending } of placed.value) this.#runs.truncate(pending);
    dropped.push(...placed.value);
    return placed;
  }

  /** Puts back what a block that left the chain held: it was verified with that block. */
  #restore(transaction: DecodedTransaction, head: MempoolHead, changes: Changes): void {
    if (this.has(transaction.idHex)) return;
    this.#oldestArrival -= 1;
    const pending = pendingOf(transaction, this.#oldestArrival, this.#modules.clock.monotonicMs());
    const outdated = outdatedFault(pending, head);
    const placed = outdated ? fail(outdated) : this.#place(pending, changes);
    if (placed.ok) changes.added.push(pending);
    else changes.dropped.push({ pending, fault: placed.fault });
  }

  /** Those that a block of this height is too late for. */
  #expiredAt(height: number): Dropped[] {
    return this.#pending.index.expiredAt(height).flatMap((pending) => {
      const fault = expiryFault(pending.decoded, height);
      return fault ? [{ pending, fault }] : [];
    });
  }

  /** Those that waited too long. */
  #outwaited(): Dropped[] {
    const { expiryMs } = this.#options;
    const nowMs = this.#modules.clock.monotonicMs();
    return [...this.#pending.values()]
      .filter(({ addedMs }) => nowMs - addedMs >= expiryMs)
      .map((pending) => ({ pending, fault: { code: "mempool/expired", expiryMs } }));
  }

  #remove(stale: readonly Dropped[], { dropped }: Changes): void {
    for (const entry of stale) {
      this.#pending.remove(entry.pending);
      this.#runs.truncate(entry.pending);
      dropped.push(entry);
    }
  }

  /** Remembers the reasons and tells the listeners, when the pool is in order again. */
  #announce({ added, dropped }: Changes): void {
    for (const { pending, fault } of dropped) {
      const { idHex, senderHex } = pending.decoded;
      this.#dropped.set(idHex, fault);
      this.#gone.set(placeOf(senderHex, pending.sequence), idHex);
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
      const changes: Changes = { added: [], dropped: [] };
      this.#remove(this.#outwaited(), changes);
      this.#announce(changes);
      this.#scheduleSweep();
    });
  }
}

function placeOf(accountHex: string, sequence: number): string {
  return `${accountHex}/${sequence}`;
}
