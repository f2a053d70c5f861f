/** One chain's rows in PostgreSQL: the cursor, appending blocks by COPY while they are decoded, and going back to a fork. */

import { toHex } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import type { Block } from "../../protocol/block.ts";
import { type Certificate, CertificateType } from "../../protocol/certificate.ts";
import type { ChainSpec } from "../../protocol/genesis.ts";
import { AddressMemory } from "../address-memory.ts";
import { type ChainMeta, type Cursor, chainMetaOf, firstMetaRow } from "../chain-meta.ts";
import type { BlockFacts } from "../chain-tables.ts";
import { tables, tablesOfBlocks } from "../ledger-tables.ts";
import { MinerDifferences, type MinerGain, minerRow } from "../miner-differences.ts";
import {
  type AssetLabel,
  allocationRows,
  blockToRows,
  type Row,
  type RowContext,
  type SqlValue,
} from "../rows.ts";
import { columnNames, quoted, type Table } from "../table.ts";
import { CopyEncoder } from "./copy-encoder.ts";
import { Labels, labelsMax } from "./labels.ts";
import type { OpenCopy, PostgresConnection } from "./postgres-connection.ts";
import { markTable } from "./postgres-schema.ts";
import { assetLabelOf, gainOf, orphanRow } from "./read-rows.ts";

/** Heights whose hashes are read at once while a fork is searched. */
const hashesAtOnce = 256;
/** Blocks that are archived at once. */
const archivedAtOnce = 64;
/** Rows are sent once so many bytes of them are there. */
const sendBytes = 256 * 1024;

const appended = ["transactions", "blocks", "users", "assets", "authorityChanges"] as const;

/** Every method but `meta` and `hashAt` belongs inside a transaction, which the caller holds. */
export class PostgresTables {
  readonly #connection: PostgresConnection;
  readonly #spec: ChainSpec;
  readonly #chainId: string;
  readonly #schema: string;
  readonly #encoders: Readonly<Record<(typeof appended)[number], CopyEncoder>>;
  readonly #differences = new MinerDifferences();
  readonly #addresses = new AddressMemory();
  readonly #hashes = new Map<number, string>();
  /** What the tables say; undefined until it is read, and after anybody but this object may have changed them. */
  #names: Labels<string> | undefined;
  #assets: Labels<AssetLabel> | undefined;
  /** What the last blocks earned, by height: as many as wait to be mature. */
  #gains: Map<number, MinerGain> | undefined;
  #copy: OpenCopy | undefined;
  #reorg: { readonly id: bigint; readonly tip: Cursor } | undefined;

  constructor(connection: PostgresConnection, spec: ChainSpec, schema: string) {
    this.#connection = connection;
    this.#spec = spec;
    this.#chainId = toHex(spec.chainId);
    this.#schema = schema;
    this.#encoders = {
      transactions: new CopyEncoder(tables.transactions),
      blocks: new CopyEncoder(tables.blocks),
      users: new CopyEncoder(tables.users),
      assets: new CopyEncoder(tables.assets),
      authorityChanges: new CopyEncoder(tables.authorityChanges),
    };
  }

  #name(table: string): string {
    return `${quoted(this.#schema)}.${quoted(table)}`;
  }

  /** Undefined before the chain's first block is written. Inside a transaction the row is locked until its end. */
  async meta(): Promise<ChainMeta | undefined> {
    const lock = this.#connection.isInTransaction ? " FOR UPDATE" : "";
    const [row] = await this.#connection.query(
      `SELECT chain_number, genesis_hash, cursor_index, cursor_hash, final_index, final_hash, final_certificate IS NOT NULL AS has_certificate FROM ${this.#name("meta")} WHERE chain_id = $1${lock}`,
      [this.#chainId],
    );
    if (!row) return undefined;
    return chainMetaOf({ ...row, first_index: 0 }, Boolean(row.has_certificate));
  }

  /** Hash of the block at a height, hex. */
  async hashAt(height: number): Promise<string | undefined> {
    const known = this.#hashes.get(height);
    if (known !== undefined) return known;
    const rows = await this.#connection.query(
      `SELECT "index", hash FROM ${this.#name("blocks")} WHERE chain_id = $1 AND "index" BETWEEN $2 AND $3`,
      [this.#chainId, height - hashesAtOnce, height],
    );
    this.#hashes.clear();
    for (const { index, hash } of rows) this.#hashes.set(Number(index), String(hash));
    return this.#hashes.get(height);
  }

  /** Begins a chain that the schema does not hold yet; returns its number. */
  async begin(genesisHash: string, nowMs: number): Promise<number> {
    await this.#lockMark();
    const [next] = await this.#connection.query(
      `SELECT COALESCE(MAX(chain_number), 0) + 1 AS next FROM ${this.#name("meta")}`,
    );
    const chainNumber = Number(next?.next);
    const row = firstMetaRow(this.#spec, { chainNumber, genesisHash, firstHeight: 0, nowMs });
    await this.#copyRows(tables.meta, [row]);
    await this.#copyRows(tables.allocations, allocationRows(this.#spec));
    return chainNumber;
  }

  /** One at a time numbers chains and reorganizations of a schema. */
  async #lockMark(): Promise<void> {
    await this.#connection.query(`SELECT version FROM ${this.#name(markTable)} WHERE id = 1 FOR UPDATE`);
  }

  /** Appends the block after the last one: its transactions are on their way to the server when this resolves. */
  async append(block: Block, facts: BlockFacts): Promise<void> {
    const { height } = block.header;
    await this.#makeReady(height);
    const rows = await this.#rowsOf(block, facts);
    this.#encoders.blocks.add(rows.block);
    for (const row of rows.users) this.#encoders.users.add(row);
    for (const row of rows.assets) this.#encoders.assets.add(row);
    for (const row of rows.authorityChanges) this.#encoders.authorityChanges.add(row);
    for (const { account, name } of rows.users) this.#names?.set(String(account), String(name));
    for (const { asset_id, symbol, decimals } of rows.assets) {
      this.#assets?.set(String(asset_id), { symbol: String(symbol), decimals: Number(decimals) });
    }
    for (const row of rows.transactions) this.#encoders.transactions.add(row);
    if (this.#spec.consensus === "pow") this.#count(height, rows.block);
    if (this.#encoders.transactions.bytes >= sendBytes) await this.#send();
  }

  #count(height: number, row: Row): void {
    const gain = height > 0 ? gainOf(row) : undefined;
    if (gain) this.#gains?.set(height, gain);
    this.#differences.found(gain);
    const matureHeight = height - this.#spec.genesis.rewardMaturityBlocks;
    this.#differences.paid(this.#gains?.get(matureHeight));
    this.#gains?.delete(matureHeight);
  }

  /** Where all labels are known no block has to ask the server, so that rows can be sent while the next block is decoded. */
  async #send(): Promise<void> {
    if (!this.#names?.isWhole || !this.#assets?.isWhole) return;
    this.#copy ??= await this.#connection.openCopy(this.#copySql(tables.transactions));
    await this.#copy.write(this.#encoders.transactions.takePart());
  }

  /** Reads what the next rows need to know, before a COPY keeps the connection from answering. */
  async #makeReady(height: number): Promise<void> {
    if (!this.#names)
      this.#names = await this.#readLabels("users", ["account", "name"], ([, name]) => String(name));
    if (!this.#assets) {
      this.#assets = await this.#readLabels("assets", ["asset_id", "symbol", "decimals"], assetLabelOf);
    }
    if (this.#gains || this.#spec.consensus !== "pow") return;
    this.#gains = await this.#readGains(height - this.#spec.genesis.rewardMaturityBlocks, height - 1);
  }

  async #readLabels<Label>(
    table: string,
    columns: readonly string[],
    labelOf: (values: readonly SqlValue[]) => Label,
  ): Promise<Labels<Label>> {
    const rows = await this.#connection.query(
      `SELECT ${columns.map(quoted).join(", ")} FROM ${this.#name(table)} WHERE chain_id = $1 LIMIT ${labelsMax}`,
      [this.#chainId],
    );
    const labels = new Labels<Label>(rows.length < labelsMax);
    for (const row of rows) labels.remember(row, columns, labelOf);
    return labels;
  }

  async #readGains(first: number, last: number): Promise<Map<number, MinerGain>> {
    const rows = await this.#connection.query(
      `SELECT "index", producer, reward_units, reward_units_large, fees_units, fees_units_large FROM ${this.#name("blocks")} WHERE chain_id = $1 AND "index" BETWEEN $2 AND $3`,
      [this.#chainId, Math.max(1, first), last],
    );
    return new Map(rows.map((row) => [Number(row.index), gainOf(row)]));
  }

  /** A block's rows; labels that are not in memory are asked for, and the rows made again with them. */
  async #rowsOf(block: Block, facts: BlockFacts): Promise<ReturnType<typeof blockToRows>> {
    const [names, assets] = [this.#names, this.#assets];
    invariant(names && assets, "labels are read before rows are made");
    names.beginBlock();
    assets.beginBlock();
    const context: RowContext = {
      spec: this.#spec,
      ...facts,
      nameOf: (address) => names.get(address),
      // Only for rows that are thrown away, since the asset is asked for then.
      assetOf: (assetId) => assets.get(assetId) ?? (assets.isWhole ? undefined : { symbol: "", decimals: 0 }),
      addressOf: (publicKey) => this.#addresses.of(publicKey),
    };
    const rows = blockToRows(block, context);
    if (names.missed.size === 0 && assets.missed.size === 0) return rows;
    await this.#ask("users", ["account", "name"], names, ([, name]) => String(name));
    await this.#ask("assets", ["asset_id", "symbol", "decimals"], assets, assetLabelOf);
    return blockToRows(block, context);
  }

  async #ask<Label>(
    table: string,
    columns: readonly string[],
    labels: Labels<Label>,
    labelOf: (values: readonly SqlValue[]) => Label,
  ): Promise<void> {
    // What this transaction has not sent yet is in memory: labels of its own blocks are never forgotten before its end.
    const rows = await this.#connection.queryList(
      `SELECT ${columns.map(quoted).join(", ")} FROM ${this.#name(table)} WHERE chain_id = $1 AND ${quoted(columns[0] as string)} = ANY($2)`,
      [this.#chainId, [...labels.missed]],
    );
    for (const row of rows) labels.remember(row, columns, labelOf);
    labels.noneElse();
  }

  /** Sends what is left, writes what was summed up, and the cursor: the last step before the commit. */
  async finish(cursor: Cursor, nowMs: number): Promise<void> {
    if (this.#copy) {
      await this.#copy.write(this.#encoders.transactions.takePart());
      await this.#copy.end(this.#encoders.transactions.take());
      this.#copy = undefined;
    }
    for (const name of appended) {
      const encoder = this.#encoders[name];
      if (encoder.rows > 0) await this.#connection.copy(this.#copySql(tables[name]), encoder.take());
    }
    this.#names?.commit();
    this.#assets?.commit();
    await this.#writeMiners();
    if (this.#reorg) {
      await this.#connection.query(
        `UPDATE ${this.#name("reorgs")} SET new_index = $1, new_hash = $2 WHERE chain_id = $3 AND reorg_id = $4`,
        [this.#reorg.tip.index, this.#reorg.tip.hash, this.#chainId, this.#reorg.id],
      );
      this.#reorg = undefined;
    }
    this.#hashes.clear();
    await this.#connection.query(
      `UPDATE ${this.#name("meta")} SET cursor_index = $1, cursor_hash = $2, updated_at_ms = $3 WHERE chain_id = $4`,
      [cursor.index, cursor.hash, nowMs, this.#chainId],
    );
  }

  async #writeMiners(): Promise<void> {
    const changes = [...this.#differences.take()];
    if (changes.length === 0) return;
    const table = this.#name("mining_pool");
    const found = await this.#connection.queryList(
      `SELECT member, blocks_found, rewards_due_units, rewards_due_units_large, rewards_paid_units, rewards_paid_units_large FROM ${table} WHERE chain_id = $1 AND pool = 'solo' AND member = ANY($2)`,
      [this.#chainId, changes.map(([member]) => member)],
    );
    const before = new Map(found.map((row) => [String(row.member), row]));
    const rows = changes.flatMap(([member, change]) => {
      const row = minerRow(this.#chainId, member, before.get(member), change);
      return row ? [row] : [];
    });
    await this.#connection.queryList(
      `DELETE FROM ${table} WHERE chain_id = $1 AND pool = 'solo' AND member = ANY($2)`,
      [this.#chainId, changes.map(([member]) => member)],
    );
    await this.#copyRows(tables.miningPool, rows);
  }

  /**
   * @param final a block at or below the cursor
   * @param certificate what makes it final, for a block in the tables
   */
  async setFinal(final: Cursor, certificate: Certificate | undefined): Promise<void> {
    await this.#connection.query(
      `UPDATE ${this.#name("meta")} SET final_index = $1, final_hash = $2, final_certificate = $3 WHERE chain_id = $4`,
      [final.index, final.hash, certificate ? CertificateType.serialize(certificate) : null, this.#chainId],
    );
  }

  /** After a rollback, or where another program has written: the tables alone are right. */
  forget(): void {
    this.#copy = undefined;
    this.#reorg = undefined;
    this.#names = undefined;
    this.#assets = undefined;
    this.#gains = undefined;
    this.#hashes.clear();
    this.#differences.clear();
    for (const name of appended) this.#encoders[name].clear();
  }

  /**
   * Archives the blocks above a fork and takes back all that follows from them.
   *
   * @returns the reorganization's number, for {@link finishReorganization}
   */
  async rewind(meta: ChainMeta, forkHeight: number, nowMs: number): Promise<bigint> {
    const forkHash = await this.hashAt(forkHeight);
    invariant(forkHash, "the fork is in the tables");
    const { cursor } = meta;
    await this.#lockMark();
    const [next] = await this.#connection.query(
      `SELECT COALESCE(MAX(reorg_id), 0) + 1 AS next FROM ${this.#name("reorgs")}`,
    );
    const reorg_id = BigInt(String(next?.next));
    const row = {
      reorg_id,
      chain_id: this.#chainId,
      seen_at_ms: nowMs,
      fork_index: forkHeight,
      fork_hash: forkHash,
      old_index: cursor.index,
      old_hash: cursor.hash,
      new_index: forkHeight,
      new_hash: forkHash,
    };
    await this.#copyRows(tables.reorgs, [row]);
    await this.#archiveAbove(meta, forkHeight, reorg_id);
    for (const [table, column] of [["transactions", "block_id"] as const, ...tablesOfBlocks]) {
      await this.#connection.query(
        `DELETE FROM ${this.#name(table)} WHERE chain_id = $1 AND ${quoted(column)} > $2`,
        [this.#chainId, forkHeight],
        true,
      );
    }
    this.#names = undefined;
    this.#assets = undefined;
    this.#gains = undefined;
    this.#hashes.clear();
    return reorg_id;
  }

  /** Kept until `finish`: rows of the new branch may be on their way, and the connection answers nothing meanwhile. */
  finishReorganization(id: bigint | number, tip: Cursor): void {
    this.#reorg = { id: BigInt(id), tip };
  }

  async #archiveAbove(meta: ChainMeta, forkHeight: number, reorgId: bigint): Promise<void> {
    const maturity = this.#spec.genesis.rewardMaturityBlocks;
    for (let first = forkHeight + 1; first <= meta.cursor.index; first += archivedAtOnce) {
      const last = Math.min(first + archivedAtOnce - 1, meta.cursor.index);
      const blocks = await this.#connection.query(
        `SELECT * FROM ${this.#name("blocks")} WHERE chain_id = $1 AND "index" BETWEEN $2 AND $3 ORDER BY "index"`,
        [this.#chainId, first, last],
      );
      invariant(blocks.length === last - first + 1, `blocks ${first} to ${last} are below the cursor`);
      const bodies = await this.#connection.query(
        `SELECT block_id, bytes FROM ${this.#name("transactions")} WHERE chain_id = $1 AND block_id BETWEEN $2 AND $3 ORDER BY block_id, position`,
        [this.#chainId, first, last],
      );
      const byBlock = Map.groupBy(bodies, (row) => Number(row.block_id));
      await this.#copyRows(
        tables.orphanedBlocks,
        blocks.map((row) => orphanRow(row, byBlock.get(Number(row.index)) ?? [], reorgId)),
      );
      if (this.#spec.consensus !== "pow") continue;
      const matured = await this.#readGains(first - maturity, last - maturity);
      for (const row of blocks) {
        const height = Number(row.index);
        if (height > 0) this.#differences.lost(gainOf(row));
        this.#differences.unpaid(matured.get(height - maturity));
      }
    }
  }

  async #copyRows(table: Table, rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const encoder = new CopyEncoder(table);
    for (const row of rows) encoder.add(row);
    await this.#connection.copy(this.#copySql(table), encoder.take());
  }

  #copySql(table: Table): string {
    return `COPY ${this.#name(table.name)} (${columnNames(table).map(quoted).join(", ")}) FROM STDIN WITH (FORMAT binary)`;
  }
}
