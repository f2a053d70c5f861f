/** Reads rows of a ledger file that nobody vouches for: only from plain tables, and only columns that are stored. */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { invariant } from "../base/invariant.ts";
import { sqliteCodeOf, tooBigCode } from "./audit-error.ts";
import type { Row } from "./ledger-block.ts";
import { valueBytesMax } from "./ledger-opening.ts";
import { shippedObjects } from "./shipped-schema.ts";

export interface RowsQuery {
  /** All that can be read unless given. Those that the file lacks are left out of the rows. */
  readonly columns?: readonly string[];
  /** SQL over columns of the table; every column in it must be readable: {@link LedgerReader.has}. */
  readonly where?: string;
  readonly parameters?: readonly SQLInputValue[];
  /** SQL after ORDER BY. */
  readonly order?: string;
  readonly limit?: number;
}

/** Rows that a file holds and nobody should: with a value over {@link valueBytesMax}. By table. */
export type HugeRows = Readonly<Record<string, readonly bigint[]>>;

/** Of one connection with one snapshot. */
export class LedgerReader {
  readonly db: DatabaseSync;
  /** Readable columns by table, of the tables of the shipped schema alone. */
  readonly #columns = new Map<string, ReadonlySet<string>>();
  readonly #statements = new Map<string, StatementSync>();
  readonly #huge: HugeRows;

  /** @param huge rows that are never read */
  constructor(db: DatabaseSync, huge: HugeRows = {}) {
    this.db = db;
    this.#huge = huge;
    for (const { name } of shippedObjects.filter(({ type }) => type === "table")) {
      if (isPlainTable(db, name)) this.#columns.set(name, storedColumns(db, name));
    }
    // They hide whatever the file has under these names, so that its own definitions are never run.
    for (const { sql } of shippedObjects.filter(({ type }) => type === "view")) {
      db.exec(sql.replace(/^CREATE VIEW/, "CREATE TEMP VIEW"));
    }
    db.exec("PRAGMA query_only = ON");
  }

  /** Whether the file has the table as a plain table, with these columns stored in it. */
  has(table: string, columns: readonly string[] = []): boolean {
    const known = this.#columns.get(table);
    return known !== undefined && columns.every((column) => known.has(column));
  }

  /**
   * The rows of a table, one after the other; none if the file does not have it.
   *
   * @throws SQLite's error if a value is over {@link valueBytesMax}, or the file is damaged there
   */
  rows(table: string, query: RowsQuery = {}): IterableIterator<Row> {
    const known = this.#columns.get(table);
    if (!known) return [].values();
    const columns = query.columns?.filter((column) => known.has(column)) ?? [...known];
    if (columns.length === 0) return [].values();
    const { order, limit, parameters = [] } = query;
    const huge = this.#huge[table] ?? [];
    const apart = huge.length === 0 ? [] : [`rowid NOT IN (${huge.join(", ")})`];
    const conditions = [...(query.where === undefined ? [] : [`(${query.where})`]), ...apart];
    const sql = [
      `SELECT ${columns.map(quoted).join(", ")} FROM main.${quoted(table)}`,
      conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`,
      order === undefined ? "" : `ORDER BY ${order}`,
      limit === undefined ? "" : `LIMIT ${limit}`,
    ].join(" ");
    return this.query(sql, parameters);
  }

  first(table: string, query: RowsQuery = {}): Row | undefined {
    return this.rows(table, { ...query, limit: 1 }).next().value;
  }

  /** Rows of a table; 0 if the file does not have it. */
  count(table: string, where = "TRUE", parameters: readonly SQLInputValue[] = []): number {
    if (!this.has(table)) return 0;
    const sql = `SELECT COUNT(*) AS n FROM main.${quoted(table)} WHERE ${where}`;
    return Number(this.query(sql, parameters).next().value?.n);
  }

  /**
   * Own SQL over the tables that {@link has} vouches for, and over the views of the shipped schema, whose text is the
   * program's and not the file's.
   */
  query(sql: string, parameters: readonly SQLInputValue[] = []): IterableIterator<Row> {
    // A statement that is being stepped cannot be used again: each use has its own.
    const statement = this.db.prepare(sql);
    statement.setReadBigInts(true);
    return statement.iterate(...parameters) as unknown as IterableIterator<Row>;
  }

  /**
   * As {@link query} for the first row, with a statement that is kept: for look-ups by the thousand. A row that is too
   * large to be read is none.
   */
  lookUp(sql: string, parameters: readonly SQLInputValue[]): Row | undefined {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.db.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    try {
      return statement.get(...parameters) as Row | undefined;
    } catch (thrown) {
      if (sqliteCodeOf(thrown) === tooBigCode) return undefined;
      throw thrown;
    }
  }

  /** Looks for the rows with a value over {@link valueBytesMax}, without reading the values; 1,000 of each table. */
  findHuge(): HugeRows {
    const found: Record<string, bigint[]> = {};
    for (const [table, columns] of this.#columns) {
      const isHuge = [...columns].map((column) => `octet_length(${quoted(column)}) > ${valueBytesMax}`);
      if (isHuge.length === 0) continue;
      const sql = `SELECT rowid AS id FROM main.${quoted(table)} WHERE ${isHuge.join(" OR ")} LIMIT 1000`;
      const ids = [...this.query(sql)].map(({ id }) => id as bigint);
      if (ids.length > 0) found[table] = ids;
    }
    return found;
  }

  close(): void {
    this.#statements.clear();
    this.db.close();
  }
}

export function quoted(name: string): string {
  invariant(!name.includes('"'), "a name of the shipped schema");
  return `"${name}"`;
}

/** A view could stand under the name of a table, or a virtual table that runs code. */
function isPlainTable(db: DatabaseSync, name: string): boolean {
  const row = db
    .prepare(
      "SELECT type, rootpage, substr(sql, 1, 20) AS head FROM sqlite_schema WHERE name = ? COLLATE NOCASE",
    )
    .all(name);
  const found = row[0];
  return (
    row.length === 1 &&
    found?.type === "table" &&
    Number(found.rootpage) > 0 &&
    !/^CREATE\s+VIRTUAL/i.test(String(found.head))
  );
}

/** Without generated columns: SQLite would compute them by what the file says. */
function storedColumns(db: DatabaseSync, table: string): Set<string> {
  const columns = db.prepare("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0").all(table);
  return new Set(columns.map(({ name }) => String(name)).filter((name) => !name.includes('"')));
}
