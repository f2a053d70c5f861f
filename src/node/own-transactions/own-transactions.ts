/** What this node's own users submit: on disk before it is acknowledged, and submitted again after a start until it is settled. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { fail } from "../../base/result.ts";
import type { Chain, HeadChange } from "../../chain/chain.ts";
import type { AdmissionFault } from "../../mempool/admission.ts";
import type { AddOptions, AddOutcome, Mempool } from "../../mempool/mempool.ts";
import { describeFault } from "../../protocol/faults.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";
import type { TransactionJournal } from "./transaction-journal.ts";

export interface OwnTransactionsModules {
  readonly chain: Pick<Chain, "events" | "head" | "final" | "locationOf" | "headerOf">;
  readonly mempool: Pick<Mempool, "events" | "addMany" | "add" | "get" | "has" | "drop" | "status">;
  /** Tells the peers, and tells them again until it is settled. */
  readonly announce: (transaction: DecodedTransaction) => void;
  /** Whether the chain of this node is the one that counts: it is not catching up, and somebody could tell it if it were. */
  readonly isUpToDate: () => boolean;
  /** Absent: what is submitted is forgotten when the node stops. */
  readonly journal: TransactionJournal | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Without finality, a block is taken for settled when so many are on top of it. */
const settledDepth = 100;
/** What cannot wait in the mempool after a start is tried again so often, */
const retryMs = 2_000;
/** and given up when the node has been up to date for so long. */
const giveUpAfterMs = 60_000;
/** Dropped in a reorganization: the blocks of the new branch may make them possible again for so long. */
const lapsedForMs = 10 * 60_000;
const lapsedMax = 1_024;
const retriedAtOnceMax = 512;

/** Whatever the chain does, these are over. */
const finalReasons: ReadonlySet<AdmissionFault["code"]> = new Set([
  "mempool/replaced",
  "mempool/expired",
  "mempool/not-stored",
  "mempool/withdrawn",
  "transaction/expired",
  "transaction/signature-invalid",
]);

interface Lapsed {
  readonly transaction: DecodedTransaction;
  /** Monotonic. */
  readonly untilMs: number;
}

export class OwnTransactions {
  readonly #modules: OwnTransactionsModules;
  /** Ids of own transactions by the height of the block that holds them. */
  readonly #committed = new Map<number, string[]>();
  /** From the journal, and not in the mempool: waits for the chain to be where it can be executed. */
  readonly #unplaced = new Map<string, { readonly transaction: DecodedTransaction; fault: AdmissionFault }>();
  readonly #lapsed = new BoundedMap<string, Lapsed>(lapsedMax);
  /** Dropped since the head changed last, for a reason that another head may take away. */
  #justDropped: DecodedTransaction[] = [];
  #isReviving = false;
  #upToDateSinceMs: number | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(modules: OwnTransactionsModules) {
    this.#modules = modules;
    modules.mempool.events.on("dropped", (transaction, fault) => this.#onDropped(transaction, fault));
  }

  /** A higher block is final: what stands in it or below is settled. */
  finalChanged(): void {
    this.#settle();
  }

  /** Submits again what is not settled. */
  async start(): Promise<void> {
    const { journal, logger } = this.#modules;
    const unsettled = journal?.unsettled() ?? [];
    for (const transaction of unsettled) {
      const height = this.#heightOf(transaction);
      if (height !== undefined) this.#noteCommitted(height, transaction.idHex);
      else this.#unplaced.set(transaction.idHex, { transaction, fault: notTriedYet });
    }
    this.#settle();
    if (this.#unplaced.size === 0) return;
    logger.info(
      { transactions: this.#unplaced.size },
      "transactions that were submitted before the start are sent again",
    );
    await this.#retry();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Admits, writes to disk, announces. A fault means that the node has not taken it. */
  async submit(transaction: DecodedTransaction, options?: AddOptions): Promise<AddOutcome> {
    const [outcome] = await this.submitMany([transaction], options);
    return outcome as AddOutcome;
  }

  /**
   * The same for many: their signatures are verified together, and one sync writes them to disk. Each stands for
   * itself, in order: one that is refused keeps no other back. One outcome for each.
   */
  async submitMany(transactions: readonly DecodedTransaction[], options?: AddOptions): Promise<AddOutcome[]> {
    const { mempool, journal, announce } = this.#modules;
    const admitted = await mempool.addMany(transactions, options);
    const taken = transactions.filter((_, index) => isTaken(admitted[index]));
    const stored = taken.map((transaction) => mempool.get(transaction.idHex) ?? transaction);
    const faults = (await journal?.sentMany(stored)) ?? [];
    const unwritten = new Map<string, AdmissionFault>();
    for (const [index, { idHex }] of taken.entries()) {
      const fault = faults[index];
      if (fault) unwritten.set(idHex, fault);
    }
    const outcomes = transactions.map(({ idHex }, index): AddOutcome => {
      const fault = unwritten.get(idHex);
      return fault && isTaken(admitted[index]) ? fail(fault) : (admitted[index] as AddOutcome);
    });
    // Backwards: what is taken from the end of an account's run leaves the rest of it as it is.
    for (const [index, { idHex }] of [...transactions.entries()].reverse()) {
      const fault = unwritten.get(idHex);
      if (fault && admitted[index]?.ok) mempool.drop(idHex, fault);
    }
    for (const transaction of taken) {
      if (unwritten.has(transaction.idHex)) continue;
      if (mempool.has(transaction.idHex)) announce(transaction);
      this.#noteMeanwhile(transaction);
    }
    return outcomes;
  }

  /** Why one that was submitted here was dropped, also before the node was started. */
  droppedBecause(idHex: string): AdmissionFault | undefined {
    return this.#modules.journal?.droppedBecause(idHex);
  }

  /** One of the journal that cannot be executed on the chain as it is so far, and why. */
  unplaced(
    idHex: string,
  ): { readonly transaction: DecodedTransaction; readonly fault: AdmissionFault } | undefined {
    return this.#unplaced.get(idHex);
  }

  /** To be told of every new head, after the mempool. */
  headChanged({ connected, disconnected }: HeadChange): void {
    const { journal } = this.#modules;
    if (!journal) return;
    for (const { header, transactions } of connected) {
      for (const { idHex } of transactions) {
        if (!journal.has(idHex)) continue;
        this.#noteCommitted(header.height, idHex);
        this.#unplaced.delete(idHex);
      }
    }
    this.#settle();
    const dropped = this.#justDropped;
    this.#justDropped = [];
    if (disconnected.length > 0) {
      const untilMs = this.#modules.clock.monotonicMs() + lapsedForMs;
      for (const transaction of dropped) this.#lapsed.set(transaction.idHex, { transaction, untilMs });
    }
    if (this.#lapsed.size > 0) void this.#revive();
  }

  #noteCommitted(height: number, idHex: string): void {
    const ids = this.#committed.get(height) ?? [];
    ids.push(idHex);
    this.#committed.set(height, ids);
  }

  /** What became of it while it was written. */
  #noteMeanwhile(transaction: DecodedTransaction): void {
    const { idHex } = transaction;
    const { journal, mempool } = this.#modules;
    const status = mempool.status(idHex);
    if (status?.status === "dropped") journal?.dropped(idHex, status.reason);
    const height = status ? undefined : this.#heightOf(transaction);
    if (height !== undefined) this.#noteCommitted(height, idHex);
  }

  /**
   * Of the block on the chain that holds it. Asked for every transaction of a block, so the block must not be decoded:
   * thousands of them would keep the node from starting for minutes.
   */
  #heightOf({ id }: DecodedTransaction): number | undefined {
    const { chain } = this.#modules;
    const location = chain.locationOf(id);
    return location && chain.headerOf(location.blockHash)?.header.height;
  }

  #onDropped(transaction: DecodedTransaction, fault: AdmissionFault): void {
    const { journal } = this.#modules;
    if (!journal?.has(transaction.idHex)) return;
    journal.dropped(transaction.idHex, fault);
    if (!finalReasons.has(fault.code) && this.#justDropped.length < lapsedMax) {
      this.#justDropped.push(transaction);
    }
  }

  /** Lets go of what stands in blocks that nothing can undo. */
  #settle(): void {
    const { chain, journal } = this.#modules;
    const settledHeight = chain.final?.height ?? chain.head.header.height - settledDepth;
    for (const [height, ids] of this.#committed) {
      if (height > settledHeight) continue;
      this.#committed.delete(height);
      for (const idHex of ids) {
        const transaction = journal?.get(idHex);
        // Another branch may have brought it back to the mempool, or taken it into another block, which is noted too.
        const inBlock = transaction && this.#heightOf(transaction);
        if (inBlock !== undefined && inBlock <= settledHeight) journal?.settled(idHex);
      }
    }
  }

  /** The blocks after a reorganization may bring back what the branch that left had made possible. */
  async #revive(): Promise<void> {
    if (this.#isReviving) return;
    this.#isReviving = true;
    try {
      const nowMs = this.#modules.clock.monotonicMs();
      for (const [idHex, { transaction, untilMs }] of [...this.#lapsed.entries()]) {
        if (this.#stopped) return;
        const isOver = nowMs > untilMs || this.#heightOf(transaction) !== undefined;
        const outcome = isOver ? undefined : await this.submit(transaction, { replace: false });
        if (!outcome || outcome.ok || finalReasons.has(outcome.fault.code)) this.#lapsed.delete(idHex);
      }
    } catch (thrown) {
      // The verifier may have been closed meanwhile.
      if (this.#stopped) return;
      this.#modules.logger.error({ error: toError(thrown) }, "dropped transactions could not be tried again");
    } finally {
      this.#isReviving = false;
    }
  }

  async #retry(): Promise<void> {
    const { mempool, announce, logger } = this.#modules;
    this.#timer?.cancel();
    try {
      const waiting = [...this.#unplaced.values()].map(({ transaction }) => transaction);
      for (let begin = 0; begin < waiting.length && !this.#stopped; begin += retriedAtOnceMax) {
        const some = waiting.slice(begin, begin + retriedAtOnceMax);
        const outcomes = await mempool.addMany(some);
        for (const [index, transaction] of some.entries()) {
          const outcome = outcomes[index] as AddOutcome;
          const { idHex } = transaction;
          if (this.#heightOf(transaction) !== undefined) this.#unplaced.delete(idHex);
          else if (outcome.ok || outcome.fault.code === "mempool/known") {
            this.#unplaced.delete(idHex);
            announce(transaction);
          } else {
            this.#unplaced.set(idHex, { transaction, fault: outcome.fault });
            if (finalReasons.has(outcome.fault.code)) this.#giveUp(idHex, outcome.fault);
          }
        }
      }
    } catch (thrown) {
      // The verifier may have been closed meanwhile.
      if (this.#stopped) return;
      logger.error(
        { error: toError(thrown) },
        "transactions that were submitted before the start could not be checked",
      );
    }
    if (this.#stopped || this.#unplaced.size === 0) return;
    if (this.#isTimeToGiveUp()) {
      for (const [idHex, { fault }] of this.#unplaced) this.#giveUp(idHex, fault);
      return;
    }
    this.#timer = this.#modules.clock.schedule(retryMs, () => void this.#retry());
  }

  #isTimeToGiveUp(): boolean {
    const nowMs = this.#modules.clock.monotonicMs();
    if (!this.#modules.isUpToDate()) this.#upToDateSinceMs = undefined;
    else this.#upToDateSinceMs ??= nowMs;
    return this.#upToDateSinceMs !== undefined && nowMs - this.#upToDateSinceMs >= giveUpAfterMs;
  }

  #giveUp(idHex: string, fault: AdmissionFault): void {
    this.#unplaced.delete(idHex);
    this.#modules.journal?.dropped(idHex, fault);
    this.#modules.logger.warn(
      { id: idHex, reason: describeFault(fault) },
      "a submitted transaction is given up",
    );
  }
}

/** One that peers have sent before is now this node's own, too. */
function isTaken(admitted: AddOutcome | undefined): boolean {
  return admitted !== undefined && (admitted.ok || admitted.fault.code === "mempool/known");
}

const notTriedYet: AdmissionFault = { code: "mempool/full", limit: "transactions being verified" };
