/** What a ledger in PostgreSQL holds, to be compared with a file's. */
import { DatabaseSync } from "node:sqlite";
import { ContentDigest, type DigestRow } from "../../../src/audit/content-digest.ts";
import { toHex } from "../../../src/base/bytes.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../../src/base/logger.ts";
import { ledgerViews } from "../../../src/export/auditor-views.ts";
import { localFeed } from "../../../src/export/ledger-feed.ts";
import type { LedgerSource } from "../../../src/export/ledger-source.ts";
import { PostgresConnection } from "../../../src/export/postgres/postgres-connection.ts";
import { PostgresJob } from "../../../src/export/postgres/postgres-job.ts";
import { postgresTables } from "../../../src/export/postgres/postgres-schema.ts";
import { readPostgresUrl } from "../../../src/export/postgres/postgres-url.ts";

export function postgresJobFor(
  url: string,
  source: LedgerSource,
  rowsPerTransaction?: number,
  logger: Logger = silentLogger,
): PostgresJob {
  const place = readPostgresUrl(url);
  const options = rowsPerTransaction === undefined ? { place } : { place, rowsPerTransaction };
  return new PostgresJob(options, { feed: localFeed(source), clock: systemClock, logger });
}

/** Every row of every table, in one order; clocks left out, and what describes the tables themselves. */
export type Contents = Readonly<Record<string, readonly string[]>>;

const comparedTables = postgresTables.map(({ name }) => name).filter((name) => name !== "data_dictionary");

export async function postgresContents(url: string): Promise<Contents> {
  const place = readPostgresUrl(url);
  const connection = await PostgresConnection.open(place);
  try {
    const contents: Record<string, string[]> = {};
    for (const name of comparedTables) {
      contents[name] = lines(await connection.query(`SELECT * FROM "${place.schema}"."${name}"`));
    }
    return contents;
  } finally {
    connection.close();
  }
}

/** The same of a file. */
export function sqliteContents(file: string): Contents {
  using db = new DatabaseSync(file, { readOnly: true });
  return Object.fromEntries(
    comparedTables.map((name) => {
      const query = db.prepare(`SELECT * FROM "${name}"`);
      query.setReadBigInts(true);
      return [name, lines(query.all())];
    }),
  );
}

/** What each view shows; numbers as text, since PostgreSQL's sums are NUMERIC. */
export async function postgresViews(url: string): Promise<Contents> {
  const place = readPostgresUrl(url);
  const connection = await PostgresConnection.open(place);
  try {
    const contents: Record<string, string[]> = {};
    for (const { name } of ledgerViews) {
      contents[name] = shown(await connection.query(`SELECT * FROM "${place.schema}"."${name}"`));
    }
    return contents;
  } finally {
    connection.close();
  }
}

/** The same of a file. */
export function sqliteViews(file: string): Contents {
  using db = new DatabaseSync(file, { readOnly: true });
  return Object.fromEntries(
    ledgerViews.map(({ name }) => {
      const query = db.prepare(`SELECT * FROM "${name}"`);
      query.setReadBigInts(true);
      return [name, shown(query.all())];
    }),
  );
}

function shown(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  const text = (value: unknown) =>
    value === null ? "NULL" : value instanceof Uint8Array ? toHex(value) : String(value);
  return rows
    .map(({ seen_at_ms: _, ...row }) =>
      Object.entries(row)
        .map(([column, value]) => `${column}=${text(value)}`)
        .join(" "),
    )
    .sort();
}

function lines(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  return rows.map(({ updated_at_ms: _u, seen_at_ms: _s, ...row }) => JSON.stringify(row, plain)).sort();
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Uint8Array) return toHex(value);
  // A Buffer is asked for its JSON before it gets here.
  const bytes = value as { readonly type?: string; readonly data?: readonly number[] } | null;
  return bytes?.type === "Buffer" && bytes.data ? toHex(Uint8Array.from(bytes.data)) : value;
}

/** The content digest after the last block, hex, over the rows as PostgreSQL gives them. */
export async function postgresDigest(url: string, chainId: string): Promise<string> {
  const place = readPostgresUrl(url);
  const connection = await PostgresConnection.open(place);
  const rows = async (table: string, order: string) =>
    (await connection.query(
      `SELECT * FROM "${place.schema}"."${table}" WHERE chain_id = $1 ORDER BY ${order}`,
      [chainId],
    )) as DigestRow[];
  try {
    const [meta] = await rows("meta", "chain_id");
    const digest = new ContentDigest(meta as DigestRow, await rows("allocations", 'account COLLATE "C"'));
    const transactions = await rows("transactions", "block_id, position");
    const positions = new Map(transactions.map((row) => [row.id, Number(row.position)]));
    const byPosition = (id: string) => (one: DigestRow, other: DigestRow) =>
      (positions.get(String(one[id])) ?? -1) - (positions.get(String(other[id])) ?? -1);
    const users = await rows("users", "registered_in");
    const assets = await rows("assets", "issued_in");
    const changes = await rows("authority_changes", 'block_id, account COLLATE "C"');
    for (const block of await rows("blocks", '"index"')) {
      const here = (column: string) => (row: DigestRow) => row[column] === block.index;
      digest.append({
        block,
        transactions: transactions.filter(here("block_id")),
        users: users.filter(here("registered_in")).sort(byPosition("transaction_id")),
        assets: assets.filter(here("issued_in")).sort(byPosition("asset_id")),
        authorityChanges: changes.filter(here("block_id")),
      });
    }
    return toHex(digest.current);
  } finally {
    connection.close();
  }
}
