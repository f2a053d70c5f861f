/** Keeps the SQL ledger up to date beside a running node: after every new head and every final block, and never in the way of one. */

import type { ExportStatus } from "../api/node-status.ts";
import { BoundedMap } from "../base/bounded-map.ts";
import { toHex } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import { BacklogPace } from "../export/backlog-pace.ts";
import { ExportError, type ExportErrorCode } from "../export/export-error.ts";
import { ExportThread } from "../export/export-thread.ts";
import type { LedgerJob } from "../export/ledger-job.ts";
import { readerOf } from "../export/ledger-readers.ts";
import type { PoolRow } from "../export/pool-rows.ts";
import type { PostgresPlace } from "../export/postgres/postgres-url.ts";
import type { DownloadedLedger } from "../http/ledger-downloads.ts";
import type { Network } from "../network/network.ts";
import type { NodeRecord } from "../protocol/node-record.ts";
import { freeBytesMinDefault } from "../store/store-limits.ts";

const nodeRecordsMax = 1_000;
/** How often the file is looked at though no block comes: whether it is in its place, and whether its log can be emptied. */
const lookEveryMs = 5_000;
const sayProgressEveryMs = 5_000;
const retryFirstMs = 1_000;
const retryMaxMs = 10_000;
/** A reader that holds the log this long is named; sooner if the log has outgrown its usual size. */
const readerPatienceMs = 60_000;
const readerPatienceFullMs = 8_000;
const logBytesUsual = 1024 * 1024;

export interface ExportFollowerModules {
  readonly job: LedgerJob;
  /** The ledger is no file that could be copied. */
  readonly isDatabase?: boolean;
  readonly chain: Chain;
  /** The job writes nothing above the last final block. */
  readonly finalizedOnly?: boolean;
  readonly network: Network;
  /** Its rows change with every share, not only with the chain. */
  readonly pool?: { rows(): readonly PoolRow[] } | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const passing: ReadonlySet<ExportErrorCode> = new Set([
  "export/busy",
  "export/disk-full",
  "export/thread-ended",
]);
/** A server may be away, or its successor may not have taken over yet; a wrong login is told at the start. */
const passingInDatabase: ReadonlySet<ExportErrorCode> = new Set([
  ...passing,
  "export/unreachable",
  "export/read-only",
]);
/** The export stops this long before the disk is so full that the chain could not be written. */
const reserveBytes = freeBytesMinDefault + 64 * 1024 * 1024;

interface Fault {
  readonly error: Error;
  readonly sinceMs: number;
  /** Tries that have failed. */
  readonly tries: number;
}

interface Reader {
  /** When the log was first found held, on the wall clock and on the monotonic one. */
  readonly sinceMs: number;
  readonly sinceMonotonicMs: number;
  readonly process: string | undefined;
  readonly isSaid: boolean;
}

export class ExportFollower {
  readonly #modules: ExportFollowerModules;
  readonly #abort = new AbortController();
  readonly #onRecord = (record: NodeRecord) => {
    this.#records.set(toHex(record.publicKey), record);
    this.#wake();
  };
  /** Node records not written yet; the newest of each node, so as many as the directory keeps at most. */
  readonly #records = new BoundedMap<string, NodeRecord>(nodeRecordsMax);
  #running: Promise<void> | undefined;
  #isDue = false;
  readonly #pace = new BacklogPace();
  #isCatchingUp = false;
  #isLookDue = false;
  #lookTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  #fault: Fault | undefined;
  #reader: Reader | undefined;

  constructor(modules: ExportFollowerModules) {
    this.#modules = modules;
  }

  /**
   * Opens the file. What passes by itself, such as a full disk or a file that is locked, is no reason not to start: the
   * follower then tries again.
   *
   * @param options `file`: absolute path of the ledger; `postgres`: the database in place of a file; `dataDir`: the node's, whose disk the export must not fill
   * @throws ExportError if the file cannot be a ledger of this chain
   */
  static async open(
    options: {
      readonly file: string;
      readonly postgres?: PostgresPlace;
      readonly dataDir: string;
      readonly finalizedOnly?: boolean;
    },
    modules: Omit<ExportFollowerModules, "job" | "isDatabase">,
  ): Promise<ExportFollower> {
    const { file, postgres, dataDir, finalizedOnly = false } = options;
    const { chain, logger } = modules;
    const reserve = { directory: dataDir, bytes: reserveBytes };
    const target = postgres ? { file: postgres.text, postgres } : { file, reserve };
    const job = new ExportThread({ ...target, finalizedOnly }, { source: chain, logger });
    const follower = new ExportFollower({
      ...modules,
      job,
      isDatabase: postgres !== undefined,
      finalizedOnly,
    });
    try {
      await job.open();
    } catch (thrown) {
      if (thrown instanceof ExportError && (postgres ? passingInDatabase : passing).has(thrown.code))
        return follower;
      await job.close();
      throw thrown;
    }
    return follower;
  }

  async start(): Promise<void> {
    const { network } = this.#modules;
    network.events.on("nodeRecord", this.#onRecord);
    for (const record of network.directory.records()) this.#onRecord(record);
    this.#wake();
    this.#lookLater();
  }

  /** The head moved, or a higher block is final. */
  chainChanged(): void {
    this.#wake();
  }

  /**
   * @param copiesDirectory of this node alone: what lies in it is removed
   * @returns undefined if the ledger is no file
   */
  downloaded(copiesDirectory: string): DownloadedLedger | undefined {
    if (this.#modules.isDatabase) return undefined;
    return { file: this.#modules.job.file, copiesDirectory, reserveBytes };
  }

  /** Where the file is and how it fares. */
  status(): ExportStatus {
    const { job } = this.#modules;
    const index = job.cursor?.index;
    const leftMs = this.#isCatchingUp ? this.#pace.leftMs(this.#wantedHeight) : undefined;
    return {
      file: job.file,
      height: index ?? null,
      lagBlocks: Math.max(0, this.#wantedHeight - (index ?? -1)),
      secondsLeft: leftMs === undefined ? null : Math.ceil(leftMs / 1_000),
      logBytes: job.logBytes,
      reader: this.#reader ? { sinceMs: this.#reader.sinceMs, process: this.#reader.process ?? null } : null,
      fault: this.#fault ? faultStatus(this.#fault) : null,
    };
  }

  /** The block that the file is to end with. */
  get #wantedHeight(): number {
    const { chain, finalizedOnly = false } = this.#modules;
    return finalizedOnly ? (chain.final?.height ?? -1) : chain.head.header.height;
  }

  /** Resolves when the file has every block up to the head of now, or the try to write them has failed. */
  async caughtUp(): Promise<void> {
    this.#retryTimer?.cancel();
    this.#run();
    while (this.#running) await this.#running;
  }

  /** Ends after the SQL transaction that runs; the file is then one file, unless another program has it open. */
  async stop(): Promise<void> {
    const { network, job, logger } = this.#modules;
    network.events.off("nodeRecord", this.#onRecord);
    this.#lookTimer?.cancel();
    this.#abort.abort();
    this.#retryTimer?.cancel();
    await this.#running;
    await this.#recordPoolAtEnd();
    if (await job.close()) return;
    const { file } = job;
    logger.info(
      { file },
      "another program has the SQL ledger open: until that program ends, copy the file together with the files -wal and -shm beside it",
    );
  }

  /** The pool serves nobody by now. Shares that it took after the last block would be in its books, and not in the file. */
  async #recordPoolAtEnd(): Promise<void> {
    const { job, pool } = this.#modules;
    if (!pool || this.#fault) return;
    try {
      await job.recordPool(pool.rows());
    } catch (thrown) {
      this.#failed(toError(thrown));
    }
  }

  #lookLater(): void {
    this.#lookTimer = this.#modules.clock.schedule(lookEveryMs, () => {
      this.#isLookDue = true;
      this.#wake();
      this.#lookLater();
    });
  }

  /** After a fault only its timer begins a try: a disk that fails is not asked again with every block. */
  #wake(): void {
    if (this.#fault) this.#isDue = true;
    else this.#run();
  }

  /** One run at a time; a head that comes meanwhile makes it write once more. */
  #run(): void {
    if (this.#abort.signal.aborted) return;
    this.#isDue = true;
    this.#running ??= this.#follow();
  }

  /** Writes until nothing is due, or a try has failed. */
  async #follow(): Promise<void> {
    while (this.#isDue && !this.#abort.signal.aborted && (await this.#write()));
    // In the turn of the last look, so that a head that comes from now on begins another run.
    this.#running = undefined;
  }

  /** @returns whether it is written */
  async #write(): Promise<boolean> {
    const { job, pool } = this.#modules;
    this.#isDue = false;
    const records = [...this.#records.entries()];
    this.#records.clear();
    try {
      await job.recordNodes(records.map(([, record]) => record));
      await this.#catchUp();
      await job.recordPool(pool?.rows() ?? []);
      if (this.#isLookDue) this.#noticeReader(await job.tidy());
      this.#isLookDue = false;
      this.#recovered();
      return true;
    } catch (thrown) {
      for (const [node, record] of records) if (!this.#records.has(node)) this.#records.set(node, record);
      this.#failed(toError(thrown));
      return false;
    }
  }

  /** Of a backlog it says now and then how far it is. */
  async #catchUp(): Promise<void> {
    const { job, clock, logger } = this.#modules;
    this.#pace.clear();
    this.#isCatchingUp = true;
    let saidMs = clock.monotonicMs();
    this.#pace.add(saidMs, job.cursor?.index ?? -1);
    try {
      await job.catchUp(({ index, headHeight }) => {
        const nowMs = clock.monotonicMs();
        this.#pace.add(nowMs, index);
        if (nowMs - saidMs < sayProgressEveryMs) return;
        saidMs = nowMs;
        const leftMs = this.#pace.leftMs(headHeight);
        const secondsLeft = leftMs === undefined ? undefined : Math.ceil(leftMs / 1_000);
        logger.info(
          { file: job.file, block: index, of: headHeight, secondsLeft },
          "the SQL ledger is catching up",
        );
      }, this.#abort.signal);
    } finally {
      this.#isCatchingUp = false;
    }
  }

  /** Says each kind of fault once, and tries again by time: a disk may have room though no block comes. */
  #failed(error: Error): void {
    const { clock, logger, job } = this.#modules;
    const before = this.#fault;
    const isSame = before !== undefined && codeOf(before.error) === codeOf(error);
    const tries = isSame ? before.tries + 1 : 1;
    this.#fault = { error, sinceMs: isSame ? before.sinceMs : clock.nowMs(), tries };
    const fields = { error, file: job.file, ...(error instanceof ExportError ? { next: error.next } : {}) };
    const level = isSame ? "debug" : "error";
    logger[level](
      fields,
      "the SQL ledger could not be written; it is tried again by itself, every 10 s at least",
    );
    if (codeOf(error) === "export/held") this.#noticeReader(false);
    this.#retryTimer?.cancel();
    if (this.#abort.signal.aborted) return;
    const delayMs = Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(tries - 1, 10));
    this.#retryTimer = clock.schedule(delayMs, () => this.#run());
  }

  #recovered(): void {
    if (!this.#fault) return;
    this.#fault = undefined;
    const { job, logger } = this.#modules;
    logger.info({ file: job.file, height: job.cursor?.index }, "the SQL ledger is written again");
  }

  /** @param isFree whether the log beside the file could be emptied */
  #noticeReader(isFree: boolean): void {
    const { job, clock, logger } = this.#modules;
    const { file, logBytes } = job;
    if (isFree) {
      if (this.#reader?.isSaid) logger.info({ file }, "the reader of the SQL ledger has let it go");
      this.#reader = undefined;
      return;
    }
    const nowMs = clock.monotonicMs();
    const begun = this.#reader ?? { sinceMs: clock.nowMs(), sinceMonotonicMs: nowMs, isSaid: false };
    const process = readerOf(file);
    const heldMs = nowMs - begun.sinceMonotonicMs;
    const isTime = heldMs >= (logBytes > logBytesUsual ? readerPatienceFullMs : readerPatienceMs);
    this.#reader = { ...begun, process, isSaid: begun.isSaid || isTime };
    if (begun.isSaid || !isTime) return;
    logger.warn(
      { file, logBytes, since: new Date(begun.sinceMs).toISOString(), reader: process },
      "another program holds a transaction on the SQL ledger open: the log beside the file grows until it ends",
    );
  }
}

function codeOf(error: Error): string {
  return error instanceof ExportError ? error.code : error.message;
}

function faultStatus({ error, sinceMs }: Fault): NonNullable<ExportStatus["fault"]> {
  const known = error instanceof ExportError ? error : undefined;
  return {
    code: known?.code ?? "export/bug",
    message: error.message,
    next: known?.next ?? "look into blockchain.log of the data directory",
    sinceMs,
  };
}
