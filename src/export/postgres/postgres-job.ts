/** Keeps a ledger in PostgreSQL in step with a chain: rows and cursor always in one SQL transaction, a new connection after a fault. */

import { toHex } from "../../base/bytes.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { NodeRecord } from "../../protocol/node-record.ts";
import type { Cursor } from "../chain-meta.ts";
import { ChainMoved, ChainWriter, type WriteStep, type WrittenBatch } from "../chain-writer.ts";
import { ExportError, type ExportErrorCode } from "../export-error.ts";
import type { ExportModules } from "../export-job.ts";
import type { LedgerFeed } from "../ledger-feed.ts";
import type { CatchUpReport, ExportProgress, LedgerJob } from "../ledger-job.ts";
import type { PoolRow } from "../pool-rows.ts";
import { quoted } from "../table.ts";
import { PostgresConnection } from "./postgres-connection.ts";
import { toPostgresExportError } from "./postgres-error.ts";
import { layOutSchema } from "./postgres-layout.ts";
import { recordNodes, recordPools } from "./postgres-registries.ts";
import { createIndex, lateIndexes } from "./postgres-schema.ts";
import { PostgresTables } from "./postgres-tables.ts";
import type { PostgresPlace } from "./postgres-url.ts";

export interface PostgresJobOptions {
  readonly place: PostgresPlace;
  /** Rows to one SQL transaction; every block is written whole. */
  readonly rowsPerTransaction?: number;
}

const rowsPerTransactionDefault = 50_000;
/** A backlog this large, and larger than what is there, is written without the indexes over hashes. */
const bulkBlocksMin = 1_000;
/** How long a transaction may go on after the signal to stop. */
const stopMaxMs = 5_000;
/** A chain that moves away again and again while a batch is written: more tries than any chain has forks at once. */
const movesMax = 100;

interface Opened {
  readonly connection: PostgresConnection;
  readonly tables: PostgresTables;
  readonly writer: ChainWriter;
}

export class PostgresJob implements LedgerJob {
  /** The database, without a password. */
  readonly file: string;
  readonly logBytes = 0;
  readonly #place: PostgresPlace;
  readonly #rowsPerTransaction: number;
  readonly #feed: LedgerFeed;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #opened: Opened | undefined;
  #cursor: Cursor | undefined;
  /** The last call; the next one begins when it has ended, since one connection does one thing at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ place, rowsPerTransaction }: PostgresJobOptions, { feed, clock, logger }: ExportModules) {
    this.file = place.text;
    this.#place = place;
    this.#rowsPerTransaction = rowsPerTransaction ?? rowsPerTransactionDefault;
    this.#feed = feed;
    this.#clock = clock;
    this.#logger = logger;
  }

  get cursor(): Cursor | undefined {
    return this.#cursor;
  }

  async open(): Promise<void> {
    await this.#use(async () => undefined);
  }

  async catchUp(
    onProgress?: (progress: ExportProgress) => void,
    signal?: AbortSignal,
  ): Promise<CatchUpReport> {
    // A node that ends does not wait for a server that has fallen silent: what is not committed is written next time.
    let timer: Timer | undefined;
    const soon = () => {
      timer = this.#clock.schedule(stopMaxMs, () => this.#opened?.connection.cut());
    };
    signal?.addEventListener("abort", soon, { once: true });
    try {
      return await this.#catchUp(onProgress, signal);
    } finally {
      timer?.cancel();
      signal?.removeEventListener("abort", soon);
    }
  }

  #catchUp(
    onProgress: ((progress: ExportProgress) => void) | undefined,
    signal: AbortSignal | undefined,
  ): Promise<CatchUpReport> {
    return this.#use(async (first) => {
      let opened = first;
      let [blocks, transactions, reorganizations, moves] = [0, 0, 0, 0];
      let isFirst = true;
      opened.writer.reset();
      while (!signal?.aborted) {
        const step = await opened.writer.next();
        if (!step) break;
        if (isFirst && (await this.#isBulk(opened, step.view.headHeight)))
          await this.#dropLateIndexes(opened);
        isFirst = false;
        const batch = await this.#write(opened, step);
        if (!batch) {
          // The transaction was given up, and its connection with it.
          moves += 1;
          if (moves > movesMax) break;
          opened = await this.#ledger();
          continue;
        }
        this.#cursor = { index: batch.index, hash: batch.hash };
        blocks += batch.blocks;
        transactions += batch.transactions;
        reorganizations += batch.reorganized ? 1 : 0;
        if (batch.blocks > 0) {
          onProgress?.({ index: batch.index, headHeight: batch.headHeight, blocks, transactions });
        }
      }
      if (signal?.aborted) return { blocks, transactions, reorganizations, cursor: this.#cursor };
      await this.#createLateIndexes(opened);
      return { blocks, transactions, reorganizations, cursor: await this.#look(opened) };
    });
  }

  /** Undefined if the chain, or another exporter that writes to the same schema, was faster: then nothing is written. */
  async #write({ connection, writer }: Opened, step: WriteStep): Promise<WrittenBatch | undefined> {
    try {
      return await connection.transaction(async () => writer.write(step, this.#clock.nowMs()));
    } catch (thrown) {
      if (thrown instanceof ChainMoved) return undefined;
      throw thrown;
    }
  }

  async recordNodes(records: readonly NodeRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#use(({ connection }) =>
      connection.transaction(() => recordNodes(connection, this.#place.schema, records, this.#clock.nowMs())),
    );
  }

  async recordPool(rows: readonly PoolRow[]): Promise<void> {
    if (rows.length === 0) return;
    const chainId = toHex(this.#feed.spec.chainId);
    await this.#use(({ connection, tables }) =>
      connection.transaction(async () => {
        if (await tables.meta()) await recordPools(connection, this.#place.schema, chainId, rows);
      }),
    );
  }

  /** Nothing to empty: the server looks after its own log. */
  async tidy(): Promise<boolean> {
    return true;
  }

  async close(): Promise<boolean> {
    await this.#last;
    this.#drop();
    return true;
  }

  /** One call after the other, since one connection does one thing at a time. */
  #use<Value>(use: (opened: Opened) => Promise<Value>): Promise<Value> {
    const used = this.#last.then(() => this.#useNow(use));
    this.#last = used.then(
      () => undefined,
      () => undefined,
    );
    return used;
  }

  async #useNow<Value>(use: (opened: Opened) => Promise<Value>): Promise<Value> {
    try {
      return await use(await this.#ledger());
    } catch (thrown) {
      const error = toPostgresExportError(thrown, this.#place.text);
      // Whatever went wrong: the next use begins with a new connection, and with what the tables say.
      if (!(error instanceof ExportError) || !faultsOfChain.has(error.code)) this.#drop();
      throw error;
    }
  }

  async #ledger(): Promise<Opened> {
    if (this.#opened?.connection.isOpen) return this.#opened;
    this.#drop();
    const { schema, text } = this.#place;
    const connection = await PostgresConnection.open(this.#place);
    try {
      await layOutSchema(connection, this.#place);
      const tables = new PostgresTables(connection, this.#feed.spec, schema);
      const options = { file: text, rowsPerTransaction: this.#rowsPerTransaction, firstHeight: 0 };
      const writer = new ChainWriter(options, { tables, feed: this.#feed, logger: this.#logger });
      this.#opened = { connection, tables, writer };
      await this.#look(this.#opened);
      return this.#opened;
    } catch (thrown) {
      connection.close();
      throw thrown;
    }
  }

  #drop(): void {
    this.#opened?.connection.close();
    this.#opened = undefined;
  }

  async #look({ tables }: Opened): Promise<Cursor | undefined> {
    this.#cursor = (await tables.meta())?.cursor;
    return this.#cursor;
  }

  async #isBulk({ connection, tables }: Opened, headHeight: number): Promise<boolean> {
    const behind = headHeight - ((await tables.meta())?.cursor.index ?? -1);
    if (behind < bulkBlocksMin) return false;
    const [row] = await connection.query(
      `SELECT COALESCE(SUM(cursor_index + 1), 0)::BIGINT AS blocks FROM ${quoted(this.#place.schema)}."meta"`,
    );
    return behind > Number(row?.blocks);
  }

  async #dropLateIndexes({ connection }: Opened): Promise<void> {
    for (const name of Object.keys(lateIndexes)) {
      await connection.query(`DROP INDEX IF EXISTS ${quoted(this.#place.schema)}.${quoted(name)}`, [], true);
    }
  }

  /** Outside of a transaction: some databases cannot have it otherwise, and each index is whole or is not there. */
  async #createLateIndexes({ connection }: Opened): Promise<void> {
    const { schema } = this.#place;
    const present = await connection.query(
      "SELECT indexname AS name FROM pg_catalog.pg_indexes WHERE schemaname = $1",
      [schema],
    );
    const names = new Set(present.map((row) => row.name));
    for (const [name, [table, columns]] of Object.entries(lateIndexes)) {
      if (!names.has(name)) await connection.query(createIndex(schema, name, table, columns), [], true);
    }
  }
}

/** Said of the chain, not of the database: the connection is as good as it was. */
const faultsOfChain: ReadonlySet<ExportErrorCode> = new Set([
  "export/source-incomplete",
  "export/genesis-mismatch",
  "export/conflicts-with-final",
]);
