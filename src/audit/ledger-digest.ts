/** The content digests of a chain in a ledger file, read from its tables block by block. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { transactionListDepth } from "../protocol/block.ts";
import { ContentDigest, type DigestRow } from "./content-digest.ts";
import { type DigestTableName, digestColumns } from "./digest-columns.ts";

/** What a ledger's rows come to up to one block. */
export interface LedgerDigest {
  readonly height: number;
  /** The hash that the block's row bears. */
  readonly hash: string;
  readonly digest: Uint8Array;
}

/** The tables of a file do not hold a chain that a digest could be made of. */
export class LedgerContentError extends Error {
  override name = "LedgerContentError";
  readonly what: string;
  readonly why: string;
  readonly next: string;

  constructor(what: string, why: string) {
    super(`${what}: ${why}`);
    this.what = what;
    this.why = why;
    this.next = "aurex-node audit FILE says what else does not hold; take another copy of the ledger";
  }
}

/** No block of the protocol holds more; so many rows at most are held in memory. */
const blockTransactionsMax = 2 ** transactionListDepth;

/**
 * Yields the digest of each block in turn, from block 0. All of it is read in one read transaction, which ends with the
 * iteration; only plain columns of tables are read, so that nothing of a hostile file is run.
 *
 * @param db a ledger of the current schema
 * @param chainId hex
 * @throws LedgerContentError if the tables lack rows or columns, or hold rows in another order than the chain's
 */
export function* ledgerDigests(db: DatabaseSync, chainId: string): Generator<LedgerDigest, void, void> {
  const isOurs = !db.isTransaction;
  if (isOurs) db.exec("BEGIN");
  try {
    yield* digestsOf(db, chainId);
  } finally {
    if (isOurs) db.exec("COMMIT");
  }
}

function* digestsOf(db: DatabaseSync, chainId: string): Generator<LedgerDigest, void, void> {
  for (const table of Object.keys(digestColumns) as DigestTableName[]) checkTable(db, table);
  const [meta] = query(db, "meta", "").all(chainId) as DigestRow[];
  if (!meta) throw new LedgerContentError(`there is no chain ${chainId}`, "meta has no row of it");
  const allocations = query(db, "allocations", "ORDER BY account").iterate(chainId);
  const digest = new ContentDigest(meta, allocations as Iterable<DigestRow>);
  const blocks = query(db, "blocks", `ORDER BY "index"`).iterate(chainId);
  const [transactions, users, assets, changes] = heightTables.map(
    ([table, column, order]) => new HeightRows(query(db, table, `ORDER BY ${order}`), chainId, column),
  ) as [HeightRows, HeightRows, HeightRows, HeightRows];
  const all = [transactions, users, assets, changes];
  try {
    let height = 0;
    for (const block of blocks as Iterable<DigestRow>) {
      if (block.index !== BigInt(height)) {
        const why = `the next row of blocks has the index ${block.index}`;
        throw new LedgerContentError(`block ${height} is missing`, why);
      }
      const places = new Map<string, number>([["AUR", -1]]);
      digest.append({
        block,
        transactions: noting(places, transactions.of(height)),
        users: sortedBy(places, "transaction_id", "users", users, height),
        assets: sortedBy(places, "asset_id", "assets", assets, height),
        authorityChanges: changes.of(height),
      });
      yield { height, hash: String(block.hash), digest: digest.current };
      height += 1;
    }
    for (const rows of all) rows.checkEnd(height);
  } finally {
    for (const rows of all) rows.close();
  }
}

/** Tables with rows of blocks, the column that names the block, and the order of their rows. */
const heightTables = [
  ["transactions", "block_id", "transaction_key"],
  ["users", "registered_in", "registered_in"],
  ["assets", "issued_in", "issued_in"],
  ["authority_changes", "block_id", "block_id, account"],
] as const;

/** Refuses what is no plain table: the SQL of a view or of a generated column would run as it is read. */
function checkTable(db: DatabaseSync, table: DigestTableName): void {
  const found = db.prepare("SELECT type, sql FROM sqlite_schema WHERE name = ?").get(table);
  if (found?.type !== "table" || !/^CREATE TABLE\b/i.test(String(found.sql))) {
    throw new LedgerContentError(`${table} cannot be read`, "the file has no table of this name");
  }
  const columns = db.prepare("SELECT name, hidden FROM pragma_table_xinfo(?)").all(table);
  const stored = new Set(columns.filter(({ hidden }) => hidden === 0).map(({ name }) => name));
  const missing = digestColumns[table].find((column) => !stored.has(column));
  if (missing === undefined) return;
  throw new LedgerContentError(`${table} cannot be read`, `it has no column ${missing} of its own`);
}

function query(db: DatabaseSync, table: DigestTableName, order: string): StatementSync {
  const names = digestColumns[table].map((column) => `"${column}"`);
  const statement = db.prepare(`SELECT ${names.join(", ")} FROM main.${table} WHERE chain_id = ? ${order}`);
  statement.setReadBigInts(true);
  return statement;
}

/** The rows of one table by the height of their blocks, one block after the other. */
class HeightRows {
  readonly #rows: Iterator<DigestRow>;
  readonly #column: string;
  #next: DigestRow | undefined;

  /** @param column the one that names the block */
  constructor(statement: StatementSync, chainId: string, column: string) {
    this.#rows = statement.iterate(chainId) as Iterator<DigestRow>;
    this.#column = column;
    this.#advance();
  }

  /** Of the block after the one that was asked for last. */
  *of(height: number): Generator<DigestRow, void, void> {
    while (this.#next?.[this.#column] === BigInt(height)) {
      yield this.#next;
      this.#advance();
    }
  }

  /** @param height of the block that follows the last one */
  checkEnd(height: number): void {
    if (!this.#next) return;
    const found = this.#next[this.#column];
    throw new LedgerContentError(
      "a row belongs to no block",
      `its ${this.#column} is ${found}, and the blocks read so far end at ${height - 1}`,
    );
  }

  /** Ends the reading: until then the file's read transaction stays open. */
  close(): void {
    this.#rows.return?.();
  }

  #advance(): void {
    const { done, value } = this.#rows.next();
    this.#next = done ? undefined : value;
  }
}

/** Passes transactions on and writes down where those stand that other tables name. */
function* noting(places: Map<string, number>, transactions: Iterable<DigestRow>): Iterable<DigestRow> {
  let last = -1n;
  for (const row of transactions) {
    const { id, position } = row;
    if (typeof position !== "bigint" || position <= last || position >= blockTransactionsMax) {
      throw new LedgerContentError(
        "the transactions are not in the order of the chain",
        `${id} is at ${position}`,
      );
    }
    last = position;
    if (row.kind === "registerUser" || row.kind === "issueAsset") places.set(String(id), Number(position));
    yield row;
  }
}

/** The rows of a block by the places of their transactions; read when they are asked for, after the transactions. */
function* sortedBy(
  places: ReadonlyMap<string, number>,
  column: string,
  table: string,
  rows: HeightRows,
  height: number,
): Iterable<DigestRow> {
  const found: [place: number, row: DigestRow][] = [];
  for (const row of rows.of(height)) {
    const place = places.get(String(row[column]));
    if (place === undefined || found.length > blockTransactionsMax) {
      throw new LedgerContentError(
        `${table} holds a row that no transaction of block ${height} made`,
        `its ${column} is ${row[column]}`,
      );
    }
    found.push([place, row]);
  }
  found.sort(([left], [right]) => left - right);
  for (const [, row] of found) yield row;
}
