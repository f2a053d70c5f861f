/** Keeps a ledger file in step with a chain: rows and cursor always in one SQL transaction, the file opened anew after a fault. */
import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Clock, sleep } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { NodeRecord } from "../protocol/node-record.ts";
import type { Cursor } from "./chain-meta.ts";
import { ChainMoved, type WriteStep, type WrittenBatch } from "./chain-writer.ts";
import { ExportError, type ExportErrorCode, isBusy, toExportError } from "./export-error.ts";
import type { LedgerFeed } from "./ledger-feed.ts";
import type { CatchUpReport, ExportProgress, LedgerJob } from "./ledger-job.ts";
import { readerOf } from "./ledger-readers.ts";
import { OpenedLedger } from "./opened-ledger.ts";
import type { PoolRow } from "./pool-rows.ts";
import { hashIndexes } from "./schema.ts";

export interface ExportJobOptions {
  /** Path of the ledger; made where there is none. */
  readonly file: string;
  /** Rows to one SQL transaction; every block is written whole. Smaller leaves the event loop free sooner. */
  readonly rowsPerTransaction?: number;
  /** The first block with rows, if not block 0: the file is then an excerpt, and no whole ledger. */
  readonly firstHeight?: number;
  /** How long to wait for another program that is writing to the file. */
  readonly busyWaitMaxMs?: number;
  /** Size of the write-ahead log above which a reader that holds it makes the export pause; 128 MiB unless told. */
  readonly logBytesMax?: number;
  /** What the export leaves free if the file lies on the disk of this directory: room for what matters more. */
  readonly reserve?: { readonly directory: string; readonly bytes: number };
}

export interface ExportModules {
  readonly feed: LedgerFeed;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A stop waits for one SQL transaction, and so do other writers: some 100 ms on a slow machine. */
const rowsPerTransactionDefault = 10_000;
const busyWaitMaxMsDefault = 10_000;
const busyRetryMs = 25;
/** When the file is opened anew beside a running node: SQLite waits on the event loop. */
const reopenBusyMs = 20;
const logBytesMaxDefault = 128 * 1024 * 1024;
/** A backlog this large, and larger than what is there, is written without the indexes over hashes. */
const bulkBlocksMin = 1_000;

export class ExportJob implements LedgerJob {
  readonly file: string;
  readonly #options: Required<Omit<ExportJobOptions, "file" | "reserve">>;
  readonly #reserve: ExportJobOptions["reserve"];
  readonly #feed: LedgerFeed;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Undefined before the first use, and after a fault: then the next use opens the file anew. */
  #opened: OpenedLedger | undefined;
  #cursor: Cursor | undefined;
  #lastUse: Promise<void> = Promise.resolve();
  #saidNoLog = false;

  constructor(options: ExportJobOptions, modules: ExportModules) {
    this.file = options.file;
    this.#options = {
      rowsPerTransaction: options.rowsPerTransaction ?? rowsPerTransactionDefault,
      firstHeight: options.firstHeight ?? 0,
      busyWaitMaxMs: options.busyWaitMaxMs ?? busyWaitMaxMsDefault,
      logBytesMax: options.logBytesMax ?? logBytesMaxDefault,
    };
    this.#reserve = options.reserve;
    this.#feed = modules.feed;
    this.#clock = modules.clock;
    this.#logger = modules.logger;
  }

  /**
   * Opens the file now rather than at the first use. Waits up to 5 s, on the event loop, for another program that has it locked.
   *
   * @throws ExportError if the file cannot be a ledger of this chain
   */
  open(): void {
    if (!this.#opened) this.#open();
  }

  /** The last block of this chain in the file, as this job saw it last. */
  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  /** Bytes of the write-ahead log beside the file. */
  get logBytes(): number {
    return this.#opened?.log.bytes ?? 0;
  }

  /**
   * Writes every block up to the head, following reorganizations, and what is final; does nothing if the file is in step. Between SQL
   * transactions the event loop runs, and the head may move: the file follows it. A file that was deleted or moved meanwhile is written anew.
   *
   * @param onProgress called after each SQL transaction
   * @param signal stops between two SQL transactions
   * @throws ExportError; the file then stands at the last SQL transaction, and the next call goes on from there
   */
  async catchUp(
    onProgress?: (progress: ExportProgress) => void,
    signal?: AbortSignal,
  ): Promise<CatchUpReport> {
    return this.#use(async (ledger) => {
      const { writer, log } = ledger;
      let [blocks, transactions, reorganizations] = [0, 0, 0];
      let isFirst = true;
      writer.reset();
      try {
        while (!signal?.aborted) {
          const step = await writer.next();
          if (!step) break;
          if (isFirst && this.#isBulk(ledger, step)) await this.#dropHashIndexes(ledger);
          isFirst = false;
          this.#checkRoom(ledger);
          const batch = await this.#write(ledger, step);
          this.#look(ledger);
          // More than one batch is a backlog; a node that follows its chain writes a block at a time.
          log.setBulk(true);
          if (!batch || batch.blocks === 0) continue;
          blocks += batch.blocks;
          transactions += batch.transactions;
          reorganizations += batch.reorganized ? 1 : 0;
          onProgress?.({ index: batch.index, headHeight: batch.headHeight, blocks, transactions });
          await nextTurn();
        }
        if (!signal?.aborted) await this.#createHashIndexes(ledger);
      } finally {
        log.setBulk(false);
        writer.reset();
      }
      return { blocks, transactions, reorganizations, cursor: this.#look(ledger) };
    });
  }

  /** Undefined if the chain, or another program that writes to the file, was faster: then nothing is written. */
  async #write(ledger: OpenedLedger, step: WriteStep): Promise<WrittenBatch | undefined> {
    try {
      return await this.#transact(ledger, () => ledger.writer.write(step, this.#clock.nowMs()));
    } catch (thrown) {
      if (thrown instanceof ChainMoved) return undefined;
      throw thrown;
    }
  }

  /** Brings the `nodes` table up to date; a record older than the one there changes nothing but when it was seen. */
  async recordNodes(records: readonly NodeRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#use((ledger) =>
      this.#transact(ledger, () => ledger.nodes.record(records, this.#clock.nowMs())),
    );
  }

  /**
   * Makes these rows all that the `mining_pool` table says of their pools. Before the chain's first block is in the file
   * nothing is written.
   */
  async recordPool(rows: readonly PoolRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#use(async (ledger) => {
      if (ledger.tables.meta()) await this.#transact(ledger, () => ledger.pools.record(rows));
    });
  }

  /**
   * Copies the write-ahead log into the file and empties it, without waiting for anybody. For now and then: it waits
   * for the disk.
   *
   * @returns false if another program's transaction holds the log
   * @throws ExportError
   */
  async tidy(): Promise<boolean> {
    return this.#use(async ({ log }) => log.shrink());
  }

  /**
   * Closes the file as one file, without a log beside it. A later use opens it again.
   *
   * @returns false if another program has the file open, so that its log stays until that program closes it
   */
  close(): boolean {
    const isAlone = this.#opened?.close() ?? true;
    this.#opened = undefined;
    return isAlone;
  }

  /** Runs `use` with the file; after a fault of file or disk the file is closed, so that the next use begins afresh. */
  #use<Value>(use: (ledger: OpenedLedger) => Promise<Value>): Promise<Value> {
    // One after the other: an SQL transaction that waits for blocks must not be joined by other rows.
    const used = this.#lastUse.then(() => this.#useNow(use));
    this.#lastUse = used.then(
      () => undefined,
      () => undefined,
    );
    return used;
  }

  async #useNow<Value>(use: (ledger: OpenedLedger) => Promise<Value>): Promise<Value> {
    try {
      return await use(this.#ledger());
    } catch (thrown) {
      const error = toExportError(thrown, this.file);
      if (error instanceof ExportError && faultsOfFile.has(error.code)) {
        this.#opened?.discard();
        this.#opened = undefined;
      }
      throw error;
    }
  }

  #ledger(): OpenedLedger {
    if (this.#opened && !this.#opened.isInPlace) {
      this.#logger.warn(
        { file: this.file },
        "the ledger file was deleted, moved or replaced while it was open; the export brings the file that is there now up to date, or writes a new one",
      );
      this.#opened.abandon();
      this.#opened = undefined;
    }
    return this.#opened ?? this.#open(reopenBusyMs);
  }

  #open(busyMs?: number): OpenedLedger {
    const { file } = this;
    const { rowsPerTransaction, firstHeight } = this.#options;
    const options = { file, rowsPerTransaction, firstHeight, ...(busyMs === undefined ? {} : { busyMs }) };
    this.#opened = new OpenedLedger(options, {
      feed: this.#feed,
      clock: this.#clock,
      logger: this.#logger,
    });
    this.#look(this.#opened);
    return this.#opened;
  }

  #look({ tables }: OpenedLedger): Cursor | undefined {
    this.#cursor = tables.meta()?.cursor;
    return this.#cursor;
  }

  /**
   * Runs `write` in one SQL transaction; nothing else on this connection comes between BEGIN and COMMIT, since one use
   * of the file waits for the other.
   */
  async #transact<Value>(ledger: OpenedLedger, write: () => Value | Promise<Value>): Promise<Value> {
    const { db } = ledger;
    const deadlineMs = this.#clock.monotonicMs() + this.#options.busyWaitMaxMs;
    for (;;) {
      try {
        ledger.prepareToWrite();
        db.exec("BEGIN IMMEDIATE");
      } catch (thrown) {
        if (!isBusy(thrown) || this.#clock.monotonicMs() >= deadlineMs) throw thrown;
        await sleep(this.#clock, busyRetryMs);
        continue;
      }
      if (!ledger.log.isPossible) this.#sayNoLog();
      try {
        const value = await write();
        db.exec("COMMIT");
        return value;
      } catch (thrown) {
        ledger.tables.forget();
        if (db.isTransaction) db.exec("ROLLBACK");
        throw thrown;
      }
    }
  }

  #sayNoLog(): void {
    if (this.#saidNoLog) return;
    this.#saidNoLog = true;
    this.#logger.warn(
      { file: this.file },
      "processes cannot share memory on the ledger's file system, so SQLite cannot use a write-ahead log: readers and the export wait for each other",
    );
  }

  /** Before each batch: neither the log that a reader holds nor the rows may take the room that the chain needs. */
  #checkRoom({ log }: OpenedLedger): void {
    const { logBytesMax } = this.#options;
    if (log.bytes > logBytesMax && !log.shrink()) throw heldLog(this.file, log.bytes);
    if (!this.#reserve) return;
    const { directory, bytes } = this.#reserve;
    const folder = dirname(this.file);
    if (statSync(folder).dev !== statSync(directory).dev) return;
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < bytes) throw lowDisk(this.file, bavail * bsize, bytes);
  }

  #isBulk({ db, tables }: OpenedLedger, { view }: WriteStep): boolean {
    const behind = view.headHeight - (tables.meta()?.cursor.index ?? -1);
    if (behind < bulkBlocksMin) return false;
    const row = db.prepare("SELECT COALESCE(SUM(cursor_index + 1), 0) AS blocks FROM meta").get();
    return behind > Number(row?.blocks);
  }

  async #createHashIndexes(ledger: OpenedLedger): Promise<void> {
    const present = ledger.db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?");
    for (const [name, sql] of Object.entries(hashIndexes)) {
      if (present.get(name)) continue;
      await this.#transact(ledger, () => ledger.db.exec(sql));
      await nextTurn();
    }
  }

  async #dropHashIndexes(ledger: OpenedLedger): Promise<void> {
    await this.#transact(ledger, () => {
      for (const name of Object.keys(hashIndexes)) ledger.db.exec(`DROP INDEX IF EXISTS ${name}`);
    });
  }
}

/** After these the connection is not to be trusted with the next try; the others leave it as good as it was. */
const faultsOfFile: ReadonlySet<ExportErrorCode> = new Set([
  "export/not-a-ledger",
  "export/cannot-open",
  "export/read-only",
  "export/disk-full",
  "export/corrupt",
  "export/io",
]);

function heldLog(file: string, bytes: number): ExportError {
  const reader = readerOf(file);
  return new ExportError(
    "export/held",
    `the export to ${file} pauses`,
    `${reader ?? "another program"} holds a transaction on it open, so that the log beside it has grown to ${mebibytes(bytes)}`,
    "end that transaction or that program: the export goes on by itself",
  );
}

function lowDisk(file: string, freeBytes: number, keptBytes: number): ExportError {
  return new ExportError(
    "export/disk-full",
    `the export to ${file} pauses`,
    `${mebibytes(freeBytes)} are free on its disk, and the last ${mebibytes(keptBytes)} are kept for the chain`,
    "free some space: the export goes on by itself",
  );
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MiB`;
}
