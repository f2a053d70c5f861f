/** A pool's books: every accepted share, what each member is due, and what it was paid; on disk before anyone is told. */
import { setImmediate } from "node:timers/promises";
import { BoundedMap } from "../base/bounded-map.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { InvariantError, invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { BookFile } from "./book-file.ts";
import {
  type BlockRecord,
  type BookEvent,
  type BookLimits,
  type BookTerms,
  bookLimits,
  type PaymentRecord,
  type PoolMemberRow,
  type PoolStatus,
  type TipRecord,
} from "./book-records.ts";
import type { BookTables } from "./book-tables.ts";
import { bookStoreError, PoolError } from "./pool-error.ts";
import { windowBlocksDefault } from "./pplns.ts";
import { WorkRate } from "./work-rate.ts";

export interface PoolBookOptions {
  /** The books' own directory; created if it is missing or empty. */
  readonly directory: string;
  /** 32 bytes; the books belong to one chain for good. */
  readonly chainId: Uint8Array;
  /** 32-byte public key of the account that earns the blocks and pays the members. Undefined: whatever the books say. */
  readonly poolAccount: Uint8Array | undefined;
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

export interface AcceptedShare {
  /** 32-byte public key of the account that is paid. */
  readonly account: Uint8Array;
  /** Expected number of hashes behind it: 2^256 / (shareTarget + 1). */
  readonly work: bigint;
  /** If it meets the block's own target, too. */
  readonly block?: ShareBlock;
}

/** A block that a share has found. */
export interface ShareBlock {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly height: number;
  /** Subsidy and fees, in base units. */
  readonly earnedUnits: bigint;
  /** Expected number of hashes behind a block of its target. */
  readonly work: bigint;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Calls that wait for the disk at once. */
const waitingMax = 8_192;
/** How often a disk that refused is tried again. */
const recoveryIntervalMs = 1_000;

export class PoolBook {
  readonly terms: BookTerms;
  readonly #file: BookFile;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #rates: BoundedMap<string, WorkRate>;
  #waiters: Waiter[] = [];
  #writing: Promise<void> | undefined;
  /** Why the last write failed; the file is opened anew before the books are used again. */
  #failure: Error | undefined;
  #recovery: Promise<void> | undefined;
  #triedAtMs = 0;
  #isClosed = false;

  /** Over a file that is open; closing the books closes it. */
  constructor(
    file: BookFile,
    {
      feePercent = 0,
      windowBlocks = windowBlocksDefault,
    }: Pick<PoolBookOptions, "feePercent" | "windowBlocks">,
    modules: PoolBookModules,
  ) {
    invariant(
      Number.isInteger(feePercent) && feePercent >= 0 && feePercent <= 10,
      "a fee is 0 to 10 percent",
    );
    invariant(Number.isInteger(windowBlocks) && windowBlocks > 0, "a window holds blocks");
    this.terms = { poolAccount: file.poolAccount, feePercent, windowBlocks };
    this.#file = file;
    this.#rates = new BoundedMap(file.tables.limits.membersMax);
    this.#clock = modules.clock;
    this.#logger = modules.logger;
  }

  /** @throws PoolError if the books cannot be read, are damaged, somebody else's, or in use */
  static async open(options: PoolBookOptions, modules: PoolBookModules): Promise<PoolBook> {
    const { directory, chainId, poolAccount } = options;
    const file = await BookFile.open({
      directory,
      chainId: toHex(chainId),
      poolAccount: poolAccount && toHex(poolAccount),
      limits: { ...bookLimits, ...options.limits },
    });
    return new PoolBook(file, options, modules);
  }

  hasAccount(account: Uint8Array): boolean {
    return this.#file.tables.hasMember(toHex(account));
  }

  /** Whether there is room for it: members are bounded. */
  mayJoin(account: Uint8Array): boolean {
    return this.#file.tables.hasRoomFor(toHex(account));
  }

  /**
   * Resolves once the share, and with it the split of the block that it found, is on disk.
   *
   * @throws PoolError pool/full, pool/busy or pool/io; the share is not to be acknowledged then
   */
  async recordShare({ account: key, work, block }: AcceptedShare): Promise<void> {
    await this.ready();
    const account = toHex(key);
    const tables = this.#usable();
    if (!tables.hasRoomFor(account)) throw this.#full("members");
    if (block && tables.openBlockCount() >= tables.limits.openBlocksMax) throw this.#full("undecided blocks");
    const found = block && { ...block, hash: toHex(block.hash) };
    // A block that is there came with a write that was reported as failed: the same share again, counted already.
    const isStored = found !== undefined && tables.hasBlock(found.hash);
    const stored = this.#record(isStored ? [] : [{ kind: "shareAccepted", account, work, block: found }]);
    this.#addToRate(account, work);
    await stored;
  }

  /** Counted at once; on disk with whatever is written next. */
  recordRejected(account: Uint8Array): void {
    if (this.#failure || this.#isClosed) return;
    this.#take([{ kind: "shareRejected", account: toHex(account) }]);
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

  /** How far the books follow the chain. To be asked right after {@link ready}, as what follows. */
  tip(): TipRecord | undefined {
    return this.#usable().tip();
  }

  /** Blocks that have not matured, orphaned ones not among them. */
  openBlocks(): readonly BlockRecord[] {
    return this.#usable().openBlocks();
  }

  /** Payments that may still change, lowest sequence first. */
  openPayments(): readonly PaymentRecord[] {
    return this.#usable().openPayments();
  }

  /** Members that were paid, or are about to be paid, more than they have earned; and by how much. */
  overpaid(): readonly { readonly account: string; readonly units: bigint }[] {
    const overpaid = this.#usable()
      .payable()
      .filter(({ units }) => units < 0n);
    return overpaid.map(({ account, units }) => ({ account, units: -units }));
  }

  /** Members that can be paid `minimumUnits` or more now, the one that has waited longest first. */
  payable(minimumUnits: bigint): readonly { readonly account: string; readonly units: bigint }[] {
    return this.#usable()
      .payable()
      .filter(({ units }) => units > 0n && units >= minimumUnits);
  }

  /**
   * Decided blocks in pieces, the highest first; with `above` only higher ones. What was recorded before a piece is
   * asked for is in it.
   */
  async *archivedBlocks(above = -1): AsyncGenerator<readonly BlockRecord[]> {
    for (let piece: BlockRecord[] = []; ; await setImmediate()) {
      piece = this.#usable().decidedBlocks(above, piece.at(-1));
      if (piece.length === 0) return;
      yield piece;
    }
  }

  /** Payments that are settled or void, in pieces, the highest sequence first. */
  async *archivedPayments(): AsyncGenerator<readonly PaymentRecord[]> {
    for (let before = Number.MAX_SAFE_INTEGER; ; await setImmediate()) {
      const piece = this.#usable().closedPayments(before);
      const last = piece.at(-1);
      if (!last) return;
      yield piece;
      before = last.sequence;
    }
  }

  /** A row for each member. */
  members(): PoolMemberRow[] {
    const poolAccount = keyOf(this.terms.poolAccount);
    return this.#file.tables.members().map(({ account, ...sums }) => {
      return {
        poolAccount,
        member: keyOf(account),
        hashesPerSecond: this.#hashesPerSecond(account),
        ...sums,
      };
    });
  }

  status(): PoolStatus {
    let hashesPerSecond = 0;
    const nowMs = this.#clock.monotonicMs();
    for (const rate of this.#rates.values()) hashesPerSecond += rate.perSecond(nowMs);
    return { ...this.#file.tables.status(), hashesPerSecond };
  }

  /**
   * Resolves when the books can be used; after a failed write the file is opened anew.
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
    await this.#file.close();
  }

  /** Applied at once, so that the next call sees it; resolves when its transaction is on disk. */
  #record(events: readonly BookEvent[]): Promise<void> {
    if (this.#waiters.length >= waitingMax) {
      const what = `${waitingMax} shares wait for the disk that holds ${this.#file.directory}`;
      const next = "put the books on a faster disk, or raise the shares' difficulty";
      return Promise.reject(new PoolError("pool/busy", what, next));
    }
    this.#take(events);
    if (this.#failure) return Promise.reject(this.#failure);
    const stored = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    void this.#write();
    return stored;
  }

  #take(events: readonly BookEvent[]): void {
    if (this.#failure || events.length === 0) return;
    try {
      this.#file.begin();
      for (const event of events) this.#file.tables.apply(event, this.terms);
    } catch (thrown) {
      if (thrown instanceof InvariantError) throw thrown;
      this.#fail(thrown, []);
    }
  }

  /** Writes until nothing waits; what comes while the disk is busy goes into the next transaction. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll();
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    // What comes in this turn goes into one transaction.
    await Promise.resolve();
    while (this.#waiters.length > 0 || (!this.#failure && this.#file.isDirty)) {
      const waiters = this.#waiters;
      this.#waiters = [];
      try {
        await this.#file.commit();
        for (const { resolve } of waiters) resolve();
      } catch (thrown) {
        this.#fail(thrown, waiters);
      }
    }
    // In the turn of the last look at the waiters: the next call begins another loop.
    this.#writing = undefined;
  }

  /** All waiting calls fail, since nobody knows what is on disk; the next call opens the file anew. */
  #fail(thrown: unknown, waiters: readonly Waiter[]): void {
    const { directory } = this.#file;
    const error = toError(bookStoreError(directory, thrown, "writing"));
    this.#logger.error({ error, directory }, "the pool's books could not be written");
    this.#failure = error;
    this.#triedAtMs = this.#clock.monotonicMs();
    for (const { reject } of [...waiters, ...this.#waiters]) reject(error);
    this.#waiters = [];
    this.#file.rollback();
  }

  async #recover(): Promise<void> {
    await this.#file.reopen();
    this.#failure = undefined;
    const { directory, tables } = this.#file;
    this.#logger.info({ directory, nextShare: tables.status().shares }, "the pool's books were read again");
  }

  #usable(): BookTables {
    if (this.#failure) throw this.#failure;
    return this.#file.tables;
  }

  #full(what: string): PoolError {
    return new PoolError(
      "pool/full",
      `the pool's books in ${this.#file.directory} hold no more ${what}`,
      "wait until others have left, or run a second pool",
    );
  }

  #addToRate(account: string, work: bigint): void {
    const nowMs = this.#clock.monotonicMs();
    const rate = this.#rates.get(account) ?? new WorkRate(nowMs);
    rate.add(work, nowMs);
    this.#rates.set(account, rate);
  }

  #hashesPerSecond(account: string): number {
    return this.#rates.get(account)?.perSecond(this.#clock.monotonicMs()) ?? 0;
  }
}

function keyOf(account: string): Uint8Array {
  const key = fromHex(account);
  invariant(key, "an account is a key in hex");
  return key;
}
