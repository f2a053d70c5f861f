/** One chain's rows in a ledger file: the cursor, appending blocks, and going back to a fork. */

import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { BoundedMap } from "../base/bounded-map.ts";
import { toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { Block } from "../protocol/block.ts";
import { type Certificate, CertificateType } from "../protocol/certificate.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { AddressMemory } from "./address-memory.ts";
import { type ChainMeta, type Cursor, chainMetaOf, firstMetaRow } from "./chain-meta.ts";
import { tables, tablesOfBlocks } from "./ledger-tables.ts";
import type { MinerGain } from "./miner-differences.ts";
import { MinerTotals } from "./miner-totals.ts";
import { RowInserter } from "./row-inserter.ts";
import { type AssetLabel, allocationRows, blockToRows, type RowContext, transactionKey } from "./rows.ts";
import { storedBlockBytes } from "./stored-block.ts";
import { quoted } from "./table.ts";
import { loadUnits } from "./units.ts";

const namesMax = 100_000;
const assetsMax = 10_000;

/** What the rows of a block need to know beside the block and the rows before it. */
export type BlockFacts = Pick<RowContext, "chainNumber" | "cumulativeWeight" | "authorityChanges">;

/** Every method but `meta` and `hashAt` belongs inside a write transaction, which the caller holds. */
export class ChainTables {
  readonly #db: DatabaseSync;
  readonly #spec: ChainSpec;
  readonly #chainId: string;
  readonly #firstHeight: number;
  readonly #insert: Readonly<
    Record<"blocks" | "transactions" | "users" | "assets" | "authorityChanges", RowInserter>
  >;
  readonly #minerTotals: MinerTotals;
  readonly #nameQuery: StatementSync;
  readonly #assetQuery: StatementSync;
  readonly #hashQuery: StatementSync;
  readonly #gainQuery: StatementSync;
  readonly #metaQuery: StatementSync;
  readonly #cursorUpdate: StatementSync;
  readonly #finalUpdate: StatementSync;
  /** What the tables say, remembered; forgotten when anybody but this object may have changed them. */
  readonly #names = new BoundedMap<string, string | undefined>(namesMax);
  readonly #assets = new BoundedMap<string, AssetLabel>(assetsMax);
  readonly #addresses = new AddressMemory();

  /** @param firstHeight the first block with rows, for a chain that is begun: above 0 the file becomes an excerpt */
  constructor(db: DatabaseSync, spec: ChainSpec, firstHeight = 0) {
    this.#db = db;
    this.#firstHeight = firstHeight;
    this.#spec = spec;
    this.#chainId = toHex(spec.chainId);
    this.#insert = {
      blocks: new RowInserter(db, tables.blocks),
      transactions: new RowInserter(db, tables.transactions),
      users: new RowInserter(db, tables.users),
      assets: new RowInserter(db, tables.assets),
      authorityChanges: new RowInserter(db, tables.authorityChanges),
    };
    this.#minerTotals = new MinerTotals(db, this.#chainId);
    this.#nameQuery = db.prepare("SELECT name FROM users WHERE chain_id = ? AND account = ?");
    this.#assetQuery = db.prepare("SELECT symbol, decimals FROM assets WHERE chain_id = ? AND asset_id = ?");
    this.#hashQuery = db.prepare(`SELECT hash FROM blocks WHERE chain_id = ? AND "index" = ?`);
    this.#gainQuery = db.prepare(
      "SELECT producer, reward_units, reward_units_large, fees_units, fees_units_large " +
        `FROM blocks WHERE chain_id = ? AND "index" = ?`,
    );
    this.#gainQuery.setReadBigInts(true);
    this.#metaQuery = db.prepare("SELECT * FROM meta WHERE chain_id = ?");
    this.#cursorUpdate = db.prepare(
      "UPDATE meta SET cursor_index = ?, cursor_hash = ?, updated_at_ms = ? WHERE chain_id = ?",
    );
    this.#finalUpdate = db.prepare(
      "UPDATE meta SET final_index = ?, final_hash = ?, final_certificate = ? WHERE chain_id = ?",
    );
  }

  /** Undefined before the chain's first block is written. */
  meta(): ChainMeta | undefined {
    const row = this.#metaQuery.get(this.#chainId);
    if (!row) return undefined;
    return chainMetaOf(row, row.final_certificate !== null);
  }

  /** Hash of the block at a height, hex. */
  hashAt(height: number): string | undefined {
    const hash = this.#hashQuery.get(this.#chainId, height)?.hash;
    return typeof hash === "string" ? hash : undefined;
  }

  /** Begins a chain that the file does not hold yet; returns its number. */
  begin(genesisHash: string, nowMs: number): number {
    const next = this.#db.prepare("SELECT COALESCE(MAX(chain_number), 0) + 1 AS next FROM meta").get();
    const chainNumber = Number(next?.next);
    const row = firstMetaRow(this.#spec, { chainNumber, genesisHash, firstHeight: this.#firstHeight, nowMs });
    new RowInserter(this.#db, tables.meta).insert([row]);
    new RowInserter(this.#db, tables.allocations).insert(allocationRows(this.#spec));
    return chainNumber;
  }

  /** Appends the block after the last one. */
  append(block: Block, facts: BlockFacts): void {
    const rows = blockToRows(block, this.#context(facts));
    const { height } = block.header;
    // Names and assets of the blocks before an excerpt are what its own rows speak of.
    if (height >= this.#firstHeight) {
      this.#insert.blocks.insert([rows.block]);
      this.#insert.transactions.insert(rows.transactions);
    }
    this.#insert.users.insert(rows.users);
    this.#insert.assets.insert(rows.assets);
    this.#insert.authorityChanges.insert(rows.authorityChanges);
    for (const user of rows.users) this.#names.set(String(user.account), String(user.name));
    if (this.#spec.consensus !== "pow" || this.#firstHeight > 0) return;
    this.#minerTotals.found(this.#gainAt(height));
    this.#minerTotals.paid(this.#gainAt(height - this.#spec.genesis.rewardMaturityBlocks));
  }

  /** Writes what `append` and `rewind` summed up, and the cursor: the last step before the commit. */
  finish(cursor: Cursor, nowMs: number): void {
    this.#minerTotals.flush();
    this.#cursorUpdate.run(cursor.index, cursor.hash, nowMs, this.#chainId);
  }

  /**
   * @param final a block at or below the cursor
   * @param certificate what makes it final, for a block in this file
   */
  setFinal(final: Cursor, certificate: Certificate | undefined): void {
    const bytes = certificate ? CertificateType.serialize(certificate) : null;
    this.#finalUpdate.run(final.index, final.hash, bytes, this.#chainId);
  }

  /** After a rollback, or where another program has written: the tables alone are right. */
  forget(): void {
    this.#names.clear();
    this.#assets.clear();
    this.#minerTotals.clear();
  }

  /**
   * Archives the blocks above a fork and takes back all that follows from them.
   *
   * @returns the reorganization's number, for {@link finishReorganization}
   */
  rewind(meta: ChainMeta, forkHeight: number, nowMs: number): number | bigint {
    const forkHash = this.hashAt(forkHeight);
    invariant(forkHash, "the fork is in the file");
    const { cursor } = meta;
    const reorgId = this.#db
      .prepare(
        "INSERT INTO reorgs (chain_id, seen_at_ms, fork_index, fork_hash, old_index, old_hash, new_index, new_hash)" +
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      )
      .run(
        this.#chainId,
        nowMs,
        forkHeight,
        forkHash,
        cursor.index,
        cursor.hash,
        forkHeight,
        forkHash,
      ).lastInsertRowid;
    this.#archiveAbove(meta, forkHeight, reorgId);
    const firstKey = transactionKey(meta.chainNumber, forkHeight + 1);
    const endKey = transactionKey(meta.chainNumber, cursor.index + 1);
    this.#db
      .prepare("DELETE FROM transactions WHERE transaction_key >= ? AND transaction_key < ?")
      .run(firstKey, endKey);
    for (const [table, column] of tablesOfBlocks) {
      this.#db
        .prepare(`DELETE FROM ${table} WHERE chain_id = ? AND ${quoted(column)} > ?`)
        .run(this.#chainId, forkHeight);
    }
    this.#db.prepare("UPDATE meta SET final_certificate = NULL WHERE chain_id = ?").run(this.#chainId);
    this.#names.clear();
    this.#assets.clear();
    return reorgId;
  }

  finishReorganization(reorgId: number | bigint, tip: Cursor): void {
    this.#db
      .prepare("UPDATE reorgs SET new_index = ?, new_hash = ? WHERE reorg_id = ?")
      .run(tip.index, tip.hash, reorgId);
  }

  #archiveAbove(meta: ChainMeta, forkHeight: number, reorgId: number | bigint): void {
    const archive = new RowInserter(this.#db, tables.orphanedBlocks);
    const blockQuery = this.#db.prepare(`SELECT * FROM blocks WHERE chain_id = ? AND "index" = ?`);
    blockQuery.setReadBigInts(true);
    const bytesQuery = this.#db.prepare(
      "SELECT bytes FROM transactions WHERE transaction_key >= ? AND transaction_key < ? ORDER BY transaction_key",
    );
    for (let height = forkHeight + 1; height <= meta.cursor.index; height += 1) {
      const row = blockQuery.get(this.#chainId, height);
      invariant(row, `block ${height} is missing below the cursor`);
      const bodies = bytesQuery.all(
        transactionKey(meta.chainNumber, height),
        transactionKey(meta.chainNumber, height + 1),
      );
      const block_bytes = storedBlockBytes(row, bodies, asBytes);
      archive.insert([{ ...row, reorg_id: reorgId, block_bytes }]);
      if (this.#spec.consensus !== "pow" || this.#firstHeight > 0) continue;
      this.#minerTotals.lost(this.#gainAt(height));
      this.#minerTotals.unpaid(this.#gainAt(height - this.#spec.genesis.rewardMaturityBlocks));
    }
  }

  /** What the block at a height earned, from its row; undefined where it earns nobody anything: block 0, and below it. */
  #gainAt(height: number): MinerGain | undefined {
    const row = height > 0 ? this.#gainQuery.get(this.#chainId, height) : undefined;
    return (
      row && {
        member: String(row.producer),
        units:
          loadUnits(row.reward_units, row.reward_units_large) +
          loadUnits(row.fees_units, row.fees_units_large),
      }
    );
  }

  #context(facts: BlockFacts): RowContext {
    return {
      spec: this.#spec,
      ...facts,
      nameOf: (address) => this.#nameOf(address),
      assetOf: (assetId) => this.#assetOf(assetId),
      addressOf: (publicKey) => this.#addresses.of(publicKey),
    };
  }

  #nameOf(address: string): string | undefined {
    if (this.#names.has(address)) return this.#names.get(address);
    const name = this.#nameQuery.get(this.#chainId, address)?.name;
    const found = typeof name === "string" ? name : undefined;
    this.#names.set(address, found);
    return found;
  }

  #assetOf(assetId: string): AssetLabel | undefined {
    const known = this.#assets.get(assetId);
    if (known) return known;
    const row = this.#assetQuery.get(this.#chainId, assetId);
    if (!row) return undefined;
    const label = { symbol: String(row.symbol), decimals: Number(row.decimals) };
    this.#assets.set(assetId, label);
    return label;
  }
}

function asBytes(value: SQLOutputValue | undefined): Uint8Array {
  invariant(value instanceof Uint8Array, "a BLOB");
  return value;
}
