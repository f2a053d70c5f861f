/** A ledger file that is open for one chain: its tables, its log, and whether it still lies where it was opened. */
import { rmSync, type Stats, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { BacklogPace } from "./backlog-pace.ts";
import { ChainTables } from "./chain-tables.ts";
import { ChainWriter } from "./chain-writer.ts";
import type { LedgerFeed } from "./ledger-feed.ts";
import { openLedgerFile } from "./ledger-file.ts";
import type { MigrationProgress } from "./migrations/migrations.ts";
import { NodeRegistry } from "./node-registry.ts";
import { PoolRegistry } from "./pool-rows.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";

export interface OpenedLedgerOptions {
  readonly file: string;
  /** Rows to one SQL transaction. */
  readonly rowsPerTransaction: number;
  /** The first block with rows. */
  readonly firstHeight: number;
  /** How long the opening waits for another program, on the event loop; 5 s unless told. */
  readonly busyMs?: number;
}

const migrationLogMs = 5_000;

/** Says at the start, every some seconds, and at the end how far a ledger is that is brought up to date. */
function migrationLog(file: string, clock: Clock, logger: Logger) {
  const pace = new BacklogPace();
  let saidMs: number | undefined;
  return ({ from, to, rows, rowsTotal }: MigrationProgress) => {
    const nowMs = clock.monotonicMs();
    pace.add(nowMs, rows);
    const isEnd = rows >= rowsTotal;
    if (saidMs !== undefined && !isEnd && nowMs - saidMs < migrationLogMs) return;
    saidMs = nowMs;
    const leftMs = pace.leftMs(rowsTotal);
    const secondsLeft = leftMs === undefined ? {} : { secondsLeft: Math.ceil(leftMs / 1_000) };
    logger.info({ file, from, to, rows, rowsTotal, ...secondsLeft }, "the ledger is brought up to date");
  };
}

/** What SQLite keeps beside a file while it is open. */
const companions = ["-wal", "-shm"];

export class OpenedLedger {
  readonly db: DatabaseSync;
  readonly tables: ChainTables;
  readonly writer: ChainWriter;
  readonly nodes: NodeRegistry;
  readonly pools: PoolRegistry;
  readonly log: WriteAheadLog;
  readonly #file: string;
  /** The files as they were opened, by suffix; of one in memory there is none. */
  readonly #opened = new Map<string, Stats>();

  /** @throws ExportError if the file cannot be a ledger, or cannot be opened */
  constructor(
    options: OpenedLedgerOptions,
    { feed, clock, logger }: { readonly feed: LedgerFeed; readonly clock: Clock; readonly logger: Logger },
  ) {
    const { file, busyMs } = options;
    this.#file = file;
    this.db = openLedgerFile(file, {
      ...(busyMs === undefined ? {} : { busyMs }),
      onMigration: migrationLog(file, clock, logger),
      onSetAside: (aside, why) =>
        logger.warn(
          { file, aside, why },
          "the ledger of an older Aurex cannot be brought up to date: the old file was renamed, and a new file is written from the chain; reorganizations that were recorded earlier are only in the old file",
        ),
    });
    this.tables = new ChainTables(this.db, feed.spec, options.firstHeight);
    this.writer = new ChainWriter(options, { tables: this.tables, feed, logger });
    this.nodes = new NodeRegistry(this.db);
    this.pools = new PoolRegistry(this.db, toHex(feed.spec.chainId));
    this.log = new WriteAheadLog(this.db, file);
    this.#remember("");
  }

  /** Called before each write, outside of a transaction. Throws as {@link WriteAheadLog.enter}. */
  prepareToWrite(): void {
    this.log.enter();
    for (const suffix of companions) if (!this.#opened.has(suffix)) this.#remember(suffix);
  }

  #remember(suffix: string): void {
    const found = statSync(this.#file + suffix, { throwIfNoEntry: false });
    if (found) this.#opened.set(suffix, found);
  }

  /**
   * False once the file, or what SQLite keeps beside it, was deleted, moved or replaced: what is written then reaches
   * nobody who opens the file under its name.
   */
  get isInPlace(): boolean {
    return [...this.#opened.keys()].every((suffix) => this.#isInPlace(suffix));
  }

  #isInPlace(suffix: string): boolean {
    const opened = this.#opened.get(suffix);
    const found = statSync(this.#file + suffix, { throwIfNoEntry: false });
    return opened !== undefined && found?.ino === opened.ino && found.dev === opened.dev;
  }

  /**
   * Closes a file that is not in its place any more. The file that was moved gets all that the log holds. What is left
   * of the log must not stay: SQLite would play it into whichever file gets this name next.
   */
  abandon(): void {
    try {
      this.log.shrink();
    } catch {
      // The file may be gone with its disk.
    }
    this.#closeQuietly();
    const left = companions.filter((suffix) => this.#isInPlace(suffix));
    for (const suffix of left) rmSync(this.#file + suffix, { force: true });
  }

  /** Closes the file after an error; it is as good as one that a kill left. */
  discard(): void {
    this.#closeQuietly();
  }

  #closeQuietly(): void {
    try {
      if (this.db.isOpen) this.db.close();
    } catch {
      // Closing copies the log into the file, which the error before may forbid; the next opening does it.
    }
  }

  /**
   * Closes the file as one file, without a log beside it.
   *
   * @returns false if another program has it open, so that the log stays
   */
  close(): boolean {
    if (!this.db.isOpen) return true;
    if (!this.isInPlace) {
      this.abandon();
      return true;
    }
    const isAlone = this.log.leave();
    this.#closeQuietly();
    return isAlone;
  }
}
