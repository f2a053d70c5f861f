/** A pool's books: every accepted share, what each member is due, and what it was paid; on disk before anyone is told. */
import { toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import {
  type BlockRecord,
  type BookChange,
  type BookLimits,
  bookLimits,
  type PaymentRecord,
  recordKey,
  type TipRecord,
} from "./book-records.ts";
import { BookState } from "./book-state.ts";
import { type BookEvent, type BookTerms, changesOf, hasRoomFor } from "./book-transitions.ts";
import { memberRows, type PoolMemberRow, type PoolStatus, poolStatus } from "./book-view.ts";
import { damagedBooks, PoolError } from "./pool-error.ts";
import { type ArchivedRecord, openPoolStore, type PoolStore } from "./pool-store.ts";
import { windowBlocksDefault } from "./pplns.ts";
import type { AcceptedShare, ShareBook } from "./share-book.ts";
import { WorkRate } from "./work-rate.ts";

export interface PoolBookOptions {
  /** The books' own directory; created where it is missing or empty. */
  readonly directory: string;
  /** 32 bytes; the books belong to one chain for good. */
  readonly chainId: Uint8Array;
  /** 32-byte public key of the account that earns the blocks and pays the members. */
  readonly poolAccount: Uint8Array;
  /** The pool keeps so many hundredths of each block, rounded down: whole, 0 to 10; 0 unless told. */
  readonly feePercent?: number;
  /** Blocks' worth of work over which a block is split; 20 unless told. */
  readonly windowBlocks?: number;
  readonly limits?: Partial<BookLimits>;
}

export interface PoolBookModules {
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Calls that wait for the disk at once. */
const waitingMax = 8_192;
/** How often a disk that refused is tried again. */
const recoveryIntervalMs = 1_000;

export class PoolBook implements ShareBook {
  readonly terms: BookTerms;
  readonly #directory: string;
  readonly #store: PoolStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #rates = new Map<string, WorkRate>();
  #state: BookState;
  /** What is in memory and not on disk, by key: a record that changes twice is written once. */
  #unwritten = new Map<string, BookChange>();
  #waiters: Waiter[] = [];
  #writing: Promise<void> | undefined;
  /** Why the last write failed; memory is not to be trusted until it has been read from the disk again. */
  #failure: Error | undefined;
  #recovery: Promise<void> | undefined;
  #triedAtMs = 0;
  #isClosed = false;

  private constructor(
    options: Omit<PoolBookOptions, "chainId">,
    modules: PoolBookModules & { readonly store: PoolStore },
    state: BookState,
  ) {
    const { directory, poolAccount, feePercent = 0, windowBlocks = windowBlocksDefault } = options;
    this.terms = { poolAccount: toHex(poolAccount), feePercent, windowBlocks };
    this.#directory = directory;
    this.#store = modules.store;
    this.#clock = modules.clock;
    this.#logger = modules.logger;
    this.#state = state;
  }

  /** @throws PoolError where the books cannot be read, are damaged, somebody else's, or in use */
  static async open(options: PoolBookOptions, modules: PoolBookModules): Promise<PoolBook> {
    const { directory, chainId, poolAccount } = options;
    const limits = { ...bookLimits, ...options.limits };
    const parties = { chainId: toHex(chainId), poolAccount: toHex(poolAccount) };
    const store = await openPoolStore({ directory, ...parties, limits });
    try {
      return await PoolBook.over(options, { ...modules, store });
    } catch (thrown) {
      await store.close();
      throw thrown;
    }
  }

  /** Opens the books over any store; closing them closes it. */
  static async over(
    options: Omit<PoolBookOptions, "chainId">,
    modules: PoolBookModules & { readonly store: PoolStore },
  ): Promise<PoolBook> {
    const { feePercent = 0, windowBlocks = windowBlocksDefault } = options;
    invariant(
      Number.isInteger(feePercent) && feePercent >= 0 && feePercent <= 10,
      "a fee is 0 to 10 percent",
    );
    invariant(Number.isInteger(windowBlocks) && windowBlocks > 0, "a window holds blocks");
    const limits = { ...bookLimits, ...options.limits };
    const state = await loadState(modules.store, limits, options.directory);
    return new PoolBook(options, modules, state);
  }

  hasAccount(account: Uint8Array): boolean {
    return this.#state.member(toHex(account)) !== undefined;
  }

  mayJoin(account: Uint8Array): boolean {
    return hasRoomFor(this.#state, toHex(account));
  }

  /**
   * Resolves once the share, and with it the split of the block that it found, is on disk.
   *
   * @throws PoolError pool/full, pool/busy or pool/io; the share is not to be acknowledged then
   */
  async recordShare({ account, work, block }: AcceptedShare): Promise<void> {
    await this.ready();
    const accountHex = toHex(account);
    const { openBlocksMax } = this.#state.limits;
    if (!hasRoomFor(this.#state, accountHex)) throw this.#full("members");
    if (block && this.#state.openBlocks().length >= openBlocksMax) throw this.#full("undecided blocks");
    const found = block && { ...block, hash: toHex(block.hash) };
    // A block that is there came with a write that was reported as failed: the same share again, counted already.
    const isStored = found !== undefined && this.#state.block(found.hash) !== undefined;
    const stored = this.#record(
      isStored ? [] : [{ kind: "shareAccepted", account: accountHex, work, block: found }],
    );
    this.#rateOf(accountHex).add(work, this.#clock.monotonicMs());
    await stored;
  }

  /** Counted at once; on disk with whatever is written next. */
  recordRejected(account: Uint8Array): void {
    if (this.#failure || this.#isClosed) return;
    this.#take({ kind: "shareRejected", account: toHex(account) });
  }

  /**
   * Writes down what the chain has decided, and payments that were signed; on disk, all or nothing, when it resolves.
   *
   * @throws PoolError pool/io or pool/busy
   */
  async record(events: readonly BookEvent[]): Promise<void> {
    await this.ready();
    await this.#record(events);
  }

  /** How far the books follow the chain. To be asked right after {@link ready}, as the next four. */
  tip(): TipRecord | undefined {
    return this.#trusted().tip;
  }

  /** Blocks that have not matured, orphaned ones not among them. */
  openBlocks(): readonly BlockRecord[] {
    return this.#trusted().openBlocks();
  }

  /** Payments that may still change, lowest sequence first. */
  openPayments(): readonly PaymentRecord[] {
    return this.#trusted().openPayments();
  }

  /** Members that were paid, or are about to be paid, more than they have earned; and by how much. */
  overpaid(): readonly { readonly account: string; readonly units: bigint }[] {
    const state = this.#trusted();
    const owing = [];
    for (const member of state.members()) {
      const units = -state.payableUnits(member);
      if (units > 0n) owing.push({ account: member.account, units });
    }
    return owing;
  }

  /**
   * The archive in pieces, the highest first: blocks by height, payments by sequence; with `above` only higher ones.
   * What was recorded and resolved before a piece is asked for is in it.
   *
   * @throws PoolError if the disk cannot be read
   */
  archivedBlocks(above?: number): AsyncGenerator<readonly BlockRecord[]> {
    return this.#archive("block", above) as AsyncGenerator<readonly BlockRecord[]>;
  }

  archivedPayments(): AsyncGenerator<readonly PaymentRecord[]> {
    return this.#archive("payment") as AsyncGenerator<readonly PaymentRecord[]>;
  }

  async *#archive(kind: "block" | "payment", above?: number): AsyncGenerator<readonly ArchivedRecord[]> {
    const countMax = this.#state.limits.archivePieceMax;
    let after: ArchivedRecord | undefined;
    for (;;) {
      const range = above === undefined ? { kind } : { kind, above };
      const piece = await this.#store.readArchive({ ...range, after, countMax });
      if (piece.length > 0) yield piece;
      if (piece.length < countMax) return;
      after = piece.at(-1);
    }
  }

  /** Members that can be paid `minimumUnits` or more now, the one that has waited longest first. */
  payable(minimumUnits: bigint): readonly { readonly account: string; readonly units: bigint }[] {
    const state = this.#trusted();
    const owed = [];
    for (const member of state.members()) {
      const units = state.payableUnits(member);
      if (units > 0n && units >= minimumUnits) owed.push({ member, units });
    }
    return owed
      .sort((left, right) => left.member.dueSince - right.member.dueSince)
      .map(({ member: { account }, units }) => ({ account, units }));
  }

  /** A row for each member, as memory has it now. */
  members(): PoolMemberRow[] {
    return memberRows(this.#state, {
      poolAccount: this.terms.poolAccount,
      hashesPerSecond: (account) => this.#hashesPerSecond(account),
    });
  }

  status(): PoolStatus {
    let hashesPerSecond = 0;
    for (const account of this.#rates.keys()) hashesPerSecond += this.#hashesPerSecond(account);
    return poolStatus(this.#state, hashesPerSecond);
  }

  /**
   * Resolves when memory is what the disk has and what is on its way there; after a failed write it is read anew.
   *
   * @throws PoolError pool/io while the disk goes on refusing
   */
  async ready(): Promise<void> {
    invariant(!this.#isClosed, "the books are open");
    if (!this.#failure) return;
    if (!this.#recovery) {
      const nowMs = this.#clock.monotonicMs();
      if (nowMs - this.#triedAtMs < recoveryIntervalMs) throw this.#failure;
      this.#triedAtMs = nowMs;
      this.#recovery = this.#recover().finally(() => {
        this.#recovery = undefined;
      });
    }
    await this.#recovery;
  }

  /** Ends when all is on disk; again does nothing. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#recovery?.catch(() => undefined);
    await this.#write();
    await this.#store.close();
  }

  /** Applied at once, so that those who come next build on it; resolves with the batch that it goes into. */
  #record(events: readonly BookEvent[]): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#waiters.length >= waitingMax) {
      const error = new PoolError(
        "pool/busy",
        `${waitingMax} shares wait for the disk that holds ${this.#directory}`,
        "put the books on a faster disk, or raise the shares' difficulty",
      );
      return Promise.reject(error);
    }
    for (const event of events) this.#take(event);
    const stored = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    void this.#write();
    return stored;
  }

  #take(event: BookEvent): void {
    const changes = changesOf(this.#state, event, this.terms);
    this.#state.apply(changes);
    for (const change of changes) {
      const { type, record } = change;
      this.#unwritten.set(recordKey(record, this.#state.limits), change);
      if (type === "remove" && record.kind === "member") this.#rates.delete(record.account);
    }
  }

  /** Writes until nothing waits; what comes while a batch is written goes into the next one. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll();
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    // What comes in this turn goes into one batch.
    await Promise.resolve();
    while (this.#unwritten.size > 0 || this.#waiters.length > 0) {
      const changes = [...this.#unwritten.values()];
      const waiters = this.#waiters;
      this.#unwritten = new Map();
      this.#waiters = [];
      try {
        if (changes.length > 0) await this.#store.write(changes);
        for (const { resolve } of waiters) resolve();
      } catch (thrown) {
        this.#fail(toError(thrown), waiters);
      }
    }
    // In one turn with the last look at what waits: whoever comes next begins anew.
    this.#writing = undefined;
  }

  /** Whoever waits is told that nothing is certain; the next call reads what is. */
  #fail(error: Error, waiters: readonly Waiter[]): void {
    this.#logger.error({ error, directory: this.#directory }, "the pool's books could not be written");
    this.#failure = error;
    this.#triedAtMs = this.#clock.monotonicMs();
    for (const { reject } of [...waiters, ...this.#waiters]) reject(error);
    this.#unwritten = new Map();
    this.#waiters = [];
  }

  async #recover(): Promise<void> {
    this.#state = await loadState(this.#store, this.#state.limits, this.#directory);
    this.#failure = undefined;
    const { nextShare } = this.#state.totals;
    this.#logger.info({ directory: this.#directory, nextShare }, "the pool's books were read again");
  }

  #trusted(): BookState {
    if (this.#failure) throw this.#failure;
    return this.#state;
  }

  #full(what: string): PoolError {
    return new PoolError(
      "pool/full",
      `the pool's books in ${this.#directory} hold no more ${what}`,
      "wait until others have left, or run a second pool",
    );
  }

  #rateOf(account: string): WorkRate {
    const known = this.#rates.get(account);
    if (known) return known;
    const rate = new WorkRate(this.#clock.monotonicMs());
    this.#rates.set(account, rate);
    return rate;
  }

  #hashesPerSecond(account: string): number {
    return this.#rates.get(account)?.perSecond(this.#clock.monotonicMs()) ?? 0;
  }
}

async function loadState(store: PoolStore, limits: BookLimits, directory: string): Promise<BookState> {
  const state = BookState.fromRecords(await store.load(), limits);
  const imbalance = state.imbalance();
  if (imbalance) throw damagedBooks(directory, imbalance);
  return state;
}
