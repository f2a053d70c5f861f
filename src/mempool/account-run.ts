/** What an account has waiting, executed on the head one after the other: what a block can take now. */
import { accountOrNew, applyTransaction, type BlockContext } from "../ledger/apply-transaction.ts";
import type {
  AccountEntry,
  AssetBalanceEntry,
  AssetEntry,
  Entry,
  LedgerView,
  UserEntry,
} from "../ledger/entry.ts";
import { type EntryReader, EntryScope } from "../ledger/entry-scope.ts";
import { aurSymbol } from "../protocol/amount.ts";
import type { TransactionFault } from "../protocol/faults.ts";
import type { AccountQueue } from "./account-queue.ts";
import { balanceTooLow, type MempoolHead } from "./admission.ts";
import type { PendingTransaction } from "./pending-transaction.ts";

/** What one executed transaction does to its sender: differences, so that they hold on whatever head the account has. */
interface Effect {
  readonly aur: bigint;
  readonly assets: readonly (readonly [assetIdHex: string, units: bigint])[];
  readonly user: UserEntry | undefined;
  readonly issued: AssetEntry | undefined;
}

interface Executed {
  readonly pending: PendingTransaction;
  readonly effect: Effect;
}

/** One that follows the run and cannot be executed. */
export interface Failed {
  readonly pending: PendingTransaction;
  readonly fault: TransactionFault;
}

/**
 * The run reads like the ledger after all that it holds. What it did to others is not in it: of others, a transaction
 * reads only whether a receiver's account would overflow.
 */
export class AccountRun implements EntryReader {
  readonly #accountHex: string;
  #view: LedgerView;
  readonly #executed: Executed[] = [];
  #aur = 0n;
  /** Of {@link PendingTransaction.aurNeeded}. */
  #aurNeeded = 0n;
  #user: UserEntry | undefined;
  readonly #assets = new Map<string, bigint>();
  readonly #issued = new Map<string, AssetEntry>();
  /** The ledger's balances with which the run is known to execute; with more it does so all the more. */
  #checkedAur = 0n;
  readonly #checkedAssets = new Map<string, bigint>();
  /** What was found executable after the run as it is, so that it is not executed again to join it. */
  #prepared: Executed | undefined;

  constructor(accountHex: string, view: LedgerView) {
    this.#accountHex = accountHex;
    this.#view = view;
  }

  get length(): number {
    return this.#executed.length;
  }

  /** Sum of {@link PendingTransaction.aurNeeded}. */
  get aurNeeded(): bigint {
    return this.#aurNeeded;
  }

  /** The sequence that follows the run. */
  get nextSequence(): number {
    return accountOrNew(this, this.#accountHex).sequence;
  }

  /** AUR that is left after the run. */
  get aurLeft(): bigint {
    return accountOrNew(this, this.#accountHex).balance;
  }

  transactions(): PendingTransaction[] {
    return this.#executed.map(({ pending }) => pending);
  }

  /** Why a transaction cannot be executed after the run; undefined if it can. Changes nothing. */
  faultOf(pending: PendingTransaction, head: MempoolHead): TransactionFault | undefined {
    const executed = this.#execute(pending, head);
    if ("fault" in executed) return executed.fault;
    this.#prepared = { pending, effect: executed };
    return undefined;
  }

  /** Executes what the queue has next, on and on; returns the first that cannot be executed, which the caller drops. */
  extend(queue: AccountQueue, head: MempoolHead): Failed | undefined {
    this.#view = head.view;
    for (;;) {
      const pending = queue.at(this.nextSequence);
      if (!pending) return undefined;
      if (this.#prepared?.pending === pending) {
        this.#push(this.#prepared);
        continue;
      }
      const executed = this.#execute(pending, head);
      if ("fault" in executed) return { pending, fault: executed.fault };
      this.#push({ pending, effect: executed });
    }
  }

  /** The run without what has this sequence or a higher one. */
  before(sequence: number): AccountRun {
    const run = new AccountRun(this.#accountHex, this.#view);
    for (const executed of this.#executed) {
      if (executed.pending.sequence >= sequence) break;
      run.#push(executed);
    }
    return run;
  }

  /** Takes back what has this sequence or a higher one. */
  truncate(sequence: number): void {
    for (let last = this.#executed.at(-1); last && last.pending.sequence >= sequence; ) {
      this.#executed.pop();
      this.#undo(last);
      last = this.#executed.at(-1);
    }
  }

  /**
   * Takes out what a new head has included. False if the rest may no longer execute: then it is to be taken back, and
   * executed anew. What the account does not own (names, assets) is not looked at.
   */
  follow(included: ReadonlySet<string>, view: LedgerView): boolean {
    this.#view = view;
    this.#prepared = undefined;
    let count = 0;
    for (const executed of this.#executed) {
      if (!included.has(executed.pending.decoded.idHex)) break;
      count += 1;
      this.#undo(executed);
      this.#checkedAur += executed.effect.aur;
      for (const [assetIdHex, units] of executed.effect.assets) {
        this.#checkedAssets.set(assetIdHex, (this.#checkedAssets.get(assetIdHex) ?? 0n) + units);
      }
    }
    this.#executed.splice(0, count);
    const first = this.#executed[0];
    if (!first) return true;
    const account = accountOrNew(view, this.#accountHex);
    if (account.sequence !== first.pending.sequence || account.balance < this.#checkedAur) return false;
    for (const assetIdHex of this.#assets.keys()) {
      const checked = this.#checkedAssets.get(assetIdHex) ?? 0n;
      if (this.#ownedInLedger(assetIdHex) < checked) return false;
    }
    return true;
  }

  account(accountHex: string): AccountEntry | undefined {
    if (accountHex !== this.#accountHex || this.length === 0) return this.#view.account(accountHex);
    const account = accountOrNew(this.#view, accountHex);
    return { ...account, sequence: account.sequence + this.length, balance: account.balance + this.#aur };
  }

  asset(assetIdHex: string): AssetEntry | undefined {
    return this.#issued.get(assetIdHex) ?? this.#view.asset(assetIdHex);
  }

  assetBalance(accountHex: string, assetIdHex: string): AssetBalanceEntry | undefined {
    const units = accountHex === this.#accountHex ? this.#assets.get(assetIdHex) : undefined;
    if (units === undefined) return this.#view.assetBalance(accountHex, assetIdHex);
    const balance = this.#ownedInLedger(assetIdHex) + units;
    return { type: "assetBalance", account: accountHex, assetId: assetIdHex, balance };
  }

  userByName(name: string): UserEntry | undefined {
    return this.#user?.name === name ? this.#user : this.#view.userByName(name);
  }

  userOfAccount(accountHex: string): UserEntry | undefined {
    return (accountHex === this.#accountHex ? this.#user : undefined) ?? this.#view.userOfAccount(accountHex);
  }

  #ownedInLedger(assetIdHex: string): bigint {
    return this.#view.assetBalance(this.#accountHex, assetIdHex)?.balance ?? 0n;
  }

  #execute(pending: PendingTransaction, head: MempoolHead): Effect | { readonly fault: TransactionFault } {
    this.#view = head.view;
    const scope = new EntryScope(this);
    const fault =
      head.voteFault(pending.decoded) ?? applyTransaction(scope, pending.decoded, contextOn(head));
    if (fault) return { fault: this.#withAllThatWaits(fault, head) };
    return this.#effectOf(scope.writes.values());
  }

  #withAllThatWaits(fault: TransactionFault, head: MempoolHead): TransactionFault {
    if (fault.code !== "transaction/balance-too-low" || fault.asset !== aurSymbol) return fault;
    return balanceTooLow(this.#accountHex, fault.balance, fault.needed, head);
  }

  #effectOf(writes: Iterable<Entry>): Effect {
    let aur = 0n;
    const assets: [string, bigint][] = [];
    let user: UserEntry | undefined;
    let issued: AssetEntry | undefined;
    for (const entry of writes) {
      if (entry.type === "asset") issued = entry;
      else if (!("account" in entry) || entry.account !== this.#accountHex) continue;
      else if (entry.type === "account") aur = entry.balance - this.aurLeft;
      else if (entry.type === "user") user = entry;
      else if (entry.type === "assetBalance") {
        const before = this.assetBalance(entry.account, entry.assetId)?.balance ?? 0n;
        assets.push([entry.assetId, entry.balance - before]);
      }
    }
    return { aur, assets, user, issued };
  }

  #push(executed: Executed): void {
    const { pending, effect } = executed;
    this.#prepared = undefined;
    // What was checked with less has been checked with this too.
    this.#checkedAur = this.#view.account(this.#accountHex)?.balance ?? 0n;
    this.#executed.push(executed);
    this.#aur += effect.aur;
    this.#aurNeeded += pending.aurNeeded;
    this.#user = effect.user ?? this.#user;
    if (effect.issued) this.#issued.set(effect.issued.assetId, effect.issued);
    for (const [assetIdHex, units] of effect.assets) {
      this.#assets.set(assetIdHex, (this.#assets.get(assetIdHex) ?? 0n) + units);
      this.#checkedAssets.set(assetIdHex, this.#ownedInLedger(assetIdHex));
    }
  }

  #undo({ pending, effect }: Executed): void {
    this.#prepared = undefined;
    this.#aur -= effect.aur;
    this.#aurNeeded -= pending.aurNeeded;
    if (effect.user) this.#user = undefined;
    if (effect.issued) this.#issued.delete(effect.issued.assetId);
    for (const [assetIdHex, units] of effect.assets) {
      this.#assets.set(assetIdHex, (this.#assets.get(assetIdHex) ?? 0n) - units);
    }
  }
}

/** Of the block that would take it; who produces it, and what it earns, is nothing that a transaction sees. */
function contextOn({ height, minimumFee }: MempoolHead): BlockContext {
  return { height: height + 1, producerHex: "", rewardUnits: 0n, rewardMaturityBlocks: 0, minimumFee };
}
