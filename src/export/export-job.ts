/** Keeps a ledger file in step with a chain: rows and cursor always in one SQL transaction. */
import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { bytesEqual, toHex } from "../base/bytes.ts";
import { type Clock, sleep } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Block } from "../protocol/block.ts";
import type { NodeRecord } from "../protocol/node-record.ts";
import { type ChainMeta, ChainTables, type Cursor } from "./chain-tables.ts";
import { ExportError, isBusy, toExportError } from "./export-error.ts";
import { openLedgerFile, publishLedgerCopy } from "./ledger-file.ts";
import type { LedgerSource } from "./ledger-source.ts";
import { NodeRegistry } from "./node-registry.ts";
import { PoolRegistry, type PoolRow } from "./pool-rows.ts";
import { hashIndexes } from "./schema.ts";

export interface ExportJobOptions {
  /** Path of the ledger; made where there is none. */
  readonly file: string;
  /** Rows to one SQL transaction; every block is written whole. Smaller leaves the event loop free sooner. */
  readonly rowsPerTransaction?: number;
  /** How long to wait for another program that is writing to the file. */
  readonly busyWaitMaxMs?: number;
}

export interface ExportModules {
  readonly source: LedgerSource;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ExportProgress {
  readonly index: number;
  readonly headHeight: number;
  /** Written by this call so far. */
  readonly blocks: number;
  readonly transactions: number;
}

export interface CatchUpReport {
  readonly blocks: number;
  readonly transactions: number;
  readonly reorganizations: number;
  /** The last block in the file; undefined where the call was stopped before the first. */
  readonly cursor: Cursor | undefined;
}

/** Keeps the event loop of a running node free: some 60 ms each on a slow machine. */
const rowsPerTransactionDefault = 2_000;
const blocksPerTransaction = 1_000;
const busyWaitMaxMsDefault = 10_000;
const busyRetryMs = 25;
/** A backlog this large, and larger than what is there, is written without the indexes over hashes. */
const bulkBlocksMin = 1_000;

/**
 * Opens the file for one chain. Several jobs, one for each chain, may share a file.
 *
 * @throws ExportError where the file cannot be a ledger of this chain
 */
export function createExportJob(options: ExportJobOptions, modules: ExportModules): ExportJob {
  return new ExportJob(options, modules, openLedgerFile(options.file));
}

export class ExportJob {
  readonly #file: string;
  readonly #rowsPerTransaction: number;
  readonly #busyWaitMaxMs: number;
  readonly #source: LedgerSource;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #db: DatabaseSync;
  readonly #tables: ChainTables;
  readonly #nodes: NodeRegistry;
  readonly #pools: PoolRegistry;
  /** Hash of the cursor that this job wrote last: another one means that somebody else has written. */
  #writtenHash: string | undefined;

  constructor(options: ExportJobOptions, modules: ExportModules, db: DatabaseSync) {
    this.#file = options.file;
    this.#rowsPerTransaction = options.rowsPerTransaction ?? rowsPerTransactionDefault;
    this.#busyWaitMaxMs = options.busyWaitMaxMs ?? busyWaitMaxMsDefault;
    this.#source = modules.source;
    this.#clock = modules.clock;
    this.#logger = modules.logger;
    this.#db = db;
    this.#tables = new ChainTables(db, modules.source.spec);
    this.#nodes = new NodeRegistry(db);
    this.#pools = new PoolRegistry(db, toHex(modules.source.spec.chainId));
  }

  /** The last block of this chain in the file. */
  get cursor(): Cursor | undefined {
    return this.#tables.meta()?.cursor;
  }

  /**
   * Writes every block up to the head, following reorganizations, and what is final; does nothing where the file is in step. Between SQL
   * transactions the event loop runs, and the head may move: the file follows it.
   *
   * @param onProgress called after each SQL transaction
   * @param signal stops between two SQL transactions
   * @throws ExportError; the file then stands at the last SQL transaction, and the next call goes on from there
   */
  async catchUp(
    onProgress?: (progress: ExportProgress) => void,
    signal?: AbortSignal,
  ): Promise<CatchUpReport> {
    let [blocks, transactions, reorganizations] = [0, 0, 0];
    if (this.#isBulk()) await this.#transact(() => this.#dropHashIndexes());
    while (!signal?.aborted && !this.#isInStep()) {
      const batch = await this.#transact(() => this.#writeBatch());
      if (batch.blocks === 0) break;
      blocks += batch.blocks;
      transactions += batch.transactions;
      reorganizations += batch.reorganized ? 1 : 0;
      onProgress?.({ index: batch.index, headHeight: this.#source.head.header.height, blocks, transactions });
      await nextTurn();
    }
    if (!signal?.aborted) await this.#createHashIndexes();
    return { blocks, transactions, reorganizations, cursor: this.cursor };
  }

  /** Brings the `nodes` table up to date; a record older than the one there changes nothing but when it was seen. */
  async recordNodes(records: readonly NodeRecord[]): Promise<void> {
    if (records.length > 0) await this.#transact(() => this.#nodes.record(records, this.#clock.nowMs()));
  }

  /**
   * Makes these rows all that the `mining_pool` table says of their pools. Before the chain's first block is in the file
   * nothing is written.
   */
  async recordPool(rows: readonly PoolRow[]): Promise<void> {
    if (rows.length === 0 || !this.#tables.meta()) return;
    await this.#transact(() => this.#pools.record(rows));
  }

  /** Writes a complete copy of the file, as of now, to `path`, replacing what is there in one step. */
  async publishCopy(path: string): Promise<void> {
    publishLedgerCopy(this.#db, path);
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  /**
   * Runs `write` in one SQL transaction. It is synchronous, so that nothing else on this connection comes between
   * BEGIN and COMMIT; waiting for another writer is not, so that this process goes on meanwhile.
   */
  async #transact<Value>(write: () => Value): Promise<Value> {
    const deadlineMs = this.#clock.monotonicMs() + this.#busyWaitMaxMs;
    for (;;) {
      try {
        this.#db.exec("BEGIN IMMEDIATE");
      } catch (thrown) {
        if (!isBusy(thrown) || this.#clock.monotonicMs() >= deadlineMs)
          throw toExportError(thrown, this.#file);
        await sleep(this.#clock, busyRetryMs);
        continue;
      }
      try {
        const value = write();
        this.#db.exec("COMMIT");
        return value;
      } catch (thrown) {
        this.#tables.forget();
        if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
        throw toExportError(thrown, this.#file);
      }
    }
  }

  #isInStep(): boolean {
    const meta = this.#tables.meta();
    if (!meta) return false;
    this.#checkGenesis(meta);
    const { height } = this.#source.head.header;
    const atHead = meta.cursor.index === height && meta.cursor.hash === this.#sourceHash(height);
    return atHead && !this.#newFinal(meta.cursor, meta.final);
  }

  /** The highest block up to `tip` that is final for the chain, where the file does not say so yet. */
  #newFinal(tip: Cursor, known: Cursor | undefined): Cursor | undefined {
    const { final } = this.#source;
    if (!final) return undefined;
    const reached = final.height >= tip.index ? tip : { index: final.height, hash: toHex(final.hash) };
    return reached.index > (known?.index ?? -1) ? reached : undefined;
  }

  /** One SQL transaction's worth: a reorganization with its new branch, or the next blocks. */
  #writeBatch(): { index: number; blocks: number; transactions: number; reorganized: boolean } {
    const nowMs = this.#clock.nowMs();
    const headHeight = this.#source.head.header.height;
    const meta = this.#tables.meta();
    if (meta) this.#checkGenesis(meta);
    if (meta?.cursor.hash !== this.#writtenHash) this.#tables.forget();
    const forkHeight = meta ? this.#forkHeight(meta.cursor) : -1;
    const before = meta?.cursor.index ?? -1;
    if (meta && forkHeight === headHeight) {
      if (before > headHeight)
        this.#logger.debug({ cursor: before, head: headHeight }, "the ledger is ahead of the chain");
      const final = this.#newFinal(meta.cursor, meta.final);
      if (final) this.#tables.setFinal(final);
      return { index: before, blocks: 0, transactions: 0, reorganized: false };
    }
    if (meta?.final && forkHeight < meta.final.index) throw this.#conflict(meta.final);
    const chainNumber = meta?.chainNumber ?? this.#tables.begin(this.#requiredHash(0), nowMs);
    const reorgId = meta && forkHeight < before ? this.#tables.rewind(meta, forkHeight, nowMs) : undefined;
    let cursor: Cursor = { index: forkHeight, hash: meta ? this.#requiredHash(forkHeight) : "" };
    let [blocks, transactions, rows] = [0, 0, 0];
    // A new branch is written at least as far as the old one reached, so that no reader sees a gap.
    while (
      cursor.index < headHeight &&
      (cursor.index < before || (blocks < blocksPerTransaction && rows < this.#rowsPerTransaction))
    ) {
      const block = this.#blockAfter(cursor);
      this.#tables.append(block, chainNumber, this.#source.headerOf(block.hash)?.cumulativeWeight);
      cursor = { index: block.header.height, hash: block.hashHex };
      blocks += 1;
      transactions += block.transactions.length;
      rows += block.transactions.length + 1;
    }
    if (reorgId !== undefined) {
      this.#tables.finishReorganization(reorgId, cursor);
      this.#logger.info(
        { fork: forkHeight, old: before, new: cursor.index },
        "the ledger followed a reorganization",
      );
    }
    this.#tables.finish(cursor, nowMs);
    const final = this.#newFinal(cursor, meta?.final);
    if (final) this.#tables.setFinal(final);
    this.#writtenHash = cursor.hash;
    return { index: cursor.index, blocks, transactions, reorganized: reorgId !== undefined };
  }

  /** The highest block that file and chain share. */
  #forkHeight(cursor: Cursor): number {
    let height = Math.min(cursor.index, this.#source.head.header.height);
    // The walk ends at block 0, which #checkGenesis has compared.
    while (height > 0 && this.#tables.hashAt(height) !== this.#sourceHash(height)) height -= 1;
    return height;
  }

  #blockAfter(cursor: Cursor): Block {
    const height = cursor.index + 1;
    const hash = this.#source.hashAtHeight(height);
    const block = hash && this.#source.block(hash);
    const isNext =
      block?.header.height === height &&
      bytesEqual(block.header.chainId, this.#source.spec.chainId) &&
      (height === 0 || toHex(block.header.parentHash) === cursor.hash);
    if (block && isNext) return block;
    throw this.#incomplete(height);
  }

  #incomplete(height: number): ExportError {
    return new ExportError(
      "export/source-incomplete",
      `the chain ${this.#source.spec.name} cannot be exported`,
      `its block ${height} is missing or does not follow the one before it`,
      "start the node on its data directory, so that it checks and mends its store",
    );
  }

  #conflict(final: Cursor): ExportError {
    return new ExportError(
      "export/conflicts-with-final",
      `${this.#file} does not follow the chain ${this.#source.spec.name}`,
      `block ${final.index} (${final.hash}) is final in the file, and the chain has another in its place`,
      "ask other nodes which of the two they have; then name another file for this chain",
    );
  }

  #checkGenesis(meta: ChainMeta): void {
    const genesisHash = this.#sourceHash(0);
    if (meta.genesisHash === genesisHash) return;
    throw new ExportError(
      "export/genesis-mismatch",
      `${this.#file} holds another chain of the same id`,
      `its block 0 is ${meta.genesisHash}, this chain's is ${genesisHash ?? "missing"}`,
      "name another file, or move this one aside",
    );
  }

  #sourceHash(height: number): string | undefined {
    const hash = this.#source.hashAtHeight(height);
    return hash && toHex(hash);
  }

  #requiredHash(height: number): string {
    const hash = this.#sourceHash(height);
    if (hash === undefined) throw this.#incomplete(height);
    return hash;
  }

  #isBulk(): boolean {
    const behind = this.#source.head.header.height - (this.cursor?.index ?? -1);
    if (behind < bulkBlocksMin) return false;
    const row = this.#db.prepare("SELECT COALESCE(SUM(cursor_index + 1), 0) AS blocks FROM meta").get();
    return behind > Number(row?.blocks);
  }

  async #createHashIndexes(): Promise<void> {
    const present = this.#db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?");
    for (const [name, sql] of Object.entries(hashIndexes)) {
      if (present.get(name)) continue;
      await this.#transact(() => this.#db.exec(sql));
      await nextTurn();
    }
  }

  #dropHashIndexes(): void {
    for (const name of Object.keys(hashIndexes)) this.#db.exec(`DROP INDEX IF EXISTS ${name}`);
  }
}
