/** Reads the rows of a chain from a ledger, block by block. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { transactionListDepth } from "../../protocol/block.ts";
import { ExportError } from "../export-error.ts";
import type { Row } from "../rows.ts";
import { transactionKey } from "../rows.ts";
import { quoted } from "../table.ts";
import { type BlockTableName, blockTableNames, blockTables } from "./file-tables.ts";

export interface LedgerChain {
  /** Hex. */
  readonly chainId: string;
  readonly chainNumber: number;
  /** Its row of `meta`. */
  readonly meta: Row;
  /** By account. */
  readonly allocations: readonly Row[];
  /** Of the first block and the last one in the ledger. */
  readonly first: number;
  readonly last: number;
  /** Of the last final block; undefined if none is known. */
  readonly final: number | undefined;
}

/** Rows of one block, in the order of the chain. */
export type RowsOfBlock = Readonly<Record<Exclude<BlockTableName, "blocks">, readonly Row[]>> & {
  readonly height: number;
  readonly block: Row;
};

/** No block of the protocol has more of them. */
const blockRowsMax = 2 ** transactionListDepth;
/** More than any value of a real ledger has. */
const valueBytesMax = 64 * 1024 * 1024;

/**
 * Makes sure that nothing of the file is run as it is read, and that no value of it fills the memory.
 *
 * @throws ExportError if one of the tables is none
 */
export function guardReading(db: DatabaseSync, ledger: string): void {
  db.exec("PRAGMA trusted_schema = OFF");
  db.limits.length = valueBytesMax;
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'")
    .all();
  const names = new Set(tables.map(({ name }) => name));
  const missing = ["meta", "allocations", ...blockTableNames].find((name) => !names.has(name));
  if (missing !== undefined)
    throw corrupt(`the ledger ${ledger} cannot be read`, `it has no table ${missing}`);
}

export function chainsOf(db: DatabaseSync): LedgerChain[] {
  const metas = reading(db, "SELECT * FROM main.meta ORDER BY chain_number").all() as Row[];
  const allocations = reading(db, "SELECT * FROM main.allocations WHERE chain_id = ? ORDER BY account");
  return metas.map((meta) => {
    const chainId = String(meta.chain_id);
    // It becomes a part of paths.
    if (!/^[0-9a-f]{64}$/.test(chainId))
      throw corrupt("the ledger cannot be read", `meta names the chain ${chainId}`);
    return {
      chainId,
      meta,
      chainNumber: Number(meta.chain_number),
      allocations: allocations.all(chainId) as Row[],
      first: Number(meta.first_index),
      last: Number(meta.cursor_index),
      final: meta.final_index === null ? undefined : Number(meta.final_index),
    };
  });
}

/** The hash of a block; undefined if the ledger does not hold it. */
export function hashOf(db: DatabaseSync, { chainId }: LedgerChain, height: number): string | undefined {
  const row = db
    .prepare('SELECT hash FROM main.blocks WHERE chain_id = ? AND "index" = ?')
    .get(chainId, height);
  return row && String(row.hash);
}

/** Every block from one to another, both with their rows. */
export function* rowsOfBlocks(
  db: DatabaseSync,
  chain: LedgerChain,
  { from, to }: { readonly from: number; readonly to: number },
): Generator<RowsOfBlock, void, void> {
  const { chainId, chainNumber } = chain;
  const tails = [...blockTableNames.filter((name) => name !== "blocks")].map((name) => {
    const keys = [transactionKey(chainNumber, from), transactionKey(chainNumber, to + 1)];
    const [where, order, bound] =
      name === "transactions"
        ? ["transaction_key >= ? AND transaction_key < ?", "transaction_key", keys]
        : [`${blockTables[name].blockColumn} BETWEEN ? AND ?`, orderOf(name), [from, to]];
    const sql = `SELECT * FROM main.${name} WHERE ${where} AND chain_id = ? ORDER BY ${order}`;
    return [name, new Tail(name, reading(db, sql).iterate(...bound, chainId) as Iterator<Row>)] as const;
  });
  const { transactions, users, assets, authority_changes } = Object.fromEntries(tails) as Record<
    string,
    Tail
  > as Readonly<Record<Exclude<BlockTableName, "blocks">, Tail>>;
  try {
    const blocks = reading(
      db,
      `SELECT * FROM main.blocks WHERE chain_id = ? AND ${quoted("index")} BETWEEN ? AND ? ORDER BY ${quoted("index")}`,
    );
    let height = from;
    for (const block of blocks.iterate(chainId, from, to) as Iterable<Row>) {
      if (block.index !== BigInt(height)) break;
      const found = transactions.of(height);
      if (BigInt(found.length) !== block.transaction_count) {
        const why = `it counts ${block.transaction_count} transactions, and ${found.length} are there`;
        throw corrupt(`block ${height} cannot be written`, why);
      }
      const places = new Map(found.map(({ id }, place) => [String(id), place]));
      yield {
        height,
        block,
        transactions: found,
        users: inOrder(users.of(height), "transaction_id", places),
        assets: inOrder(assets.of(height), "asset_id", places),
        authority_changes: authority_changes.of(height),
      };
      height += 1;
    }
    if (height <= to)
      throw corrupt("the ledger cannot be read to its end", `it has no block ${height} of chain ${chainId}`);
    for (const [, tail] of tails) tail.checkEnd();
  } finally {
    for (const [, tail] of tails) tail.close();
  }
}

function orderOf(name: BlockTableName): string {
  const { blockColumn } = blockTables[name];
  return name === "authority_changes" ? `${blockColumn}, account` : blockColumn;
}

export function reading(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReadBigInts(true);
  return statement;
}

/** By the places of the transactions that made them; AUR, which none has made, first. */
function inOrder(rows: readonly Row[], column: string, places: ReadonlyMap<string, number>): readonly Row[] {
  if (rows.length < 2) return rows;
  const placeOf = (row: Row) => places.get(String(row[column])) ?? -1;
  return rows.toSorted((left, right) => placeOf(left) - placeOf(right));
}

/** The rows of one table, as the blocks that they belong to come by. */
class Tail {
  readonly #name: Exclude<BlockTableName, "blocks">;
  readonly #rows: Iterator<Row>;
  #next: Row | undefined;

  constructor(name: Exclude<BlockTableName, "blocks">, rows: Iterator<Row>) {
    this.#name = name;
    this.#rows = rows;
    this.#advance();
  }

  of(height: number): readonly Row[] {
    const column = blockTables[this.#name].blockColumn;
    const found: Row[] = [];
    while (this.#next?.[column] === BigInt(height)) {
      found.push(this.#next);
      this.#advance();
      if (found.length > blockRowsMax)
        throw corrupt(
          `block ${height} cannot be written`,
          `${this.#name} has over ${blockRowsMax} rows of it`,
        );
    }
    return found;
  }

  checkEnd(): void {
    if (!this.#next) return;
    const height = this.#next[blockTables[this.#name].blockColumn];
    throw corrupt(
      "the ledger cannot be read to its end",
      `a row of ${this.#name} is of block ${height}, and not in its place`,
    );
  }

  /** Until then the statement holds the read transaction. */
  close(): void {
    this.#rows.return?.();
  }

  #advance(): void {
    const { done, value } = this.#rows.next();
    this.#next = done ? undefined : value;
  }
}

function corrupt(what: string, why: string): ExportError {
  const next = "the ledger was changed by hand or is damaged; see where: aurex-node audit FILE";
  return new ExportError("export/corrupt", what, why, next);
}
