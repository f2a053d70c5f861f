/** The tables of a pool's books in SQLite, the checksum of every row, and what has to add up between them. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { crc32 } from "node:zlib";

/** Of the schema; newer ones are refused. Formats 1 and 2 were LevelDB folders. */
export const bookSchemaVersion = 3;

const bookTables = ["books", "member", "share", "block", "payment"] as const;

/**
 * Units and work are decimal text: SQLite's whole numbers end at 2^63. The one row of `books` has the counts and sums
 * since the pool began. `ties` counts what keeps a member from being forgotten: its shares in the window, its parts of
 * blocks that have not matured, its open payments. `parts` is a JSON list of [account, units].
 */
const schema = `
CREATE TABLE books (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL, chain_id TEXT NOT NULL, pool_account TEXT NOT NULL,
  next_share INTEGER NOT NULL DEFAULT 0, shares_rejected INTEGER NOT NULL DEFAULT 0,
  members_joined INTEGER NOT NULL DEFAULT 0, members_forgotten INTEGER NOT NULL DEFAULT 0,
  blocks_found INTEGER NOT NULL DEFAULT 0, blocks_matured INTEGER NOT NULL DEFAULT 0,
  blocks_orphaned INTEGER NOT NULL DEFAULT 0, payments_signed INTEGER NOT NULL DEFAULT 0,
  payments_settled INTEGER NOT NULL DEFAULT 0, payments_voided INTEGER NOT NULL DEFAULT 0,
  kept_units TEXT NOT NULL DEFAULT '0', matured_units TEXT NOT NULL DEFAULT '0', paid_units TEXT NOT NULL DEFAULT '0',
  tip_height INTEGER, tip_hash TEXT, tip_is_complete INTEGER, checksum INTEGER
) STRICT;
CREATE TABLE member (
  account TEXT PRIMARY KEY,
  shares_accepted INTEGER NOT NULL DEFAULT 0, shares_rejected INTEGER NOT NULL DEFAULT 0,
  blocks_found INTEGER NOT NULL DEFAULT 0, ties INTEGER NOT NULL DEFAULT 0 CHECK (ties >= 0),
  matured_units TEXT NOT NULL DEFAULT '0', paid_units TEXT NOT NULL DEFAULT '0',
  payout_transaction TEXT, due_since INTEGER NOT NULL DEFAULT 0, checksum INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX member_forgettable ON member (account) WHERE ties = 0 AND matured_units = '0' AND paid_units = '0';
CREATE TABLE share (
  number INTEGER PRIMARY KEY, account TEXT NOT NULL, work TEXT NOT NULL, checksum INTEGER
) STRICT;
CREATE TABLE block (
  hash TEXT PRIMARY KEY, height INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('found', 'immature', 'matured', 'orphaned')), finder TEXT NOT NULL,
  earned_units TEXT NOT NULL, kept_units TEXT NOT NULL, checksum INTEGER, parts TEXT NOT NULL
) STRICT;
CREATE INDEX block_open ON block (height) WHERE state IN ('found', 'immature');
CREATE INDEX block_decided ON block (height, hash) WHERE state IN ('matured', 'orphaned');
CREATE TABLE payment (
  sequence INTEGER PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'void')),
  account TEXT NOT NULL, units TEXT NOT NULL, transaction_id TEXT NOT NULL, transaction_bytes TEXT NOT NULL,
  due_since INTEGER NOT NULL, included_height INTEGER, included_hash TEXT, settled_after TEXT,
  withdrawn_id TEXT, withdrawn_bytes TEXT, checksum INTEGER
) STRICT;
CREATE INDEX payment_open ON payment (account) WHERE state = 'open';
`;

/** Of this connection, since they use its functions. */
const views = `
CREATE TEMP VIEW IF NOT EXISTS part AS
  SELECT hash, state, value ->> 0 AS account, value ->> 1 AS units FROM block, json_each(parts);
CREATE TEMP VIEW IF NOT EXISTS immature AS
  SELECT account, sum_units(units) AS units FROM part WHERE state IN ('found', 'immature') GROUP BY account;
CREATE TEMP VIEW IF NOT EXISTS included AS
  SELECT account, sum_units(units) AS units, max(sequence) AS last FROM payment
  WHERE state = 'open' AND included_height IS NOT NULL GROUP BY account;
CREATE TEMP VIEW IF NOT EXISTS owed AS
  SELECT account, due_since, matured_units, paid_units, ifnull(open.units, '0') AS open_units FROM member LEFT JOIN (
    SELECT account, sum_units(units) AS units FROM payment WHERE state = 'open' GROUP BY account) AS open USING (account);
`;

/** Lays out empty books. Both owners in hex. */
export function createBooks(
  db: DatabaseSync,
  owner: { readonly chainId: string; readonly poolAccount: string },
): void {
  db.exec(schema);
  prepareConnection(db);
  const values = { version: bookSchemaVersion, ...owner };
  const columns = "id, version, chain_id, pool_account";
  db.prepare(`INSERT INTO books (${columns}) VALUES (1, :version, :chainId, :poolAccount)`).run(values);
}

/** Functions for exact units, and triggers that keep each row's checksum: both last as long as the connection. */
export function prepareConnection(db: DatabaseSync): void {
  const exact = { deterministic: true, directOnly: false };
  db.function(
    "plus",
    exact,
    (units, factor, more) => `${BigInt(text(units)) + BigInt(text(factor)) * BigInt(text(more))}`,
  );
  db.aggregate("sum_units", {
    start: "0",
    step: (sum: string, units: SQLOutputValue) => `${BigInt(sum) + BigInt(text(units))}`,
  });
  db.function("is_owed", exact, (matured, paid, open) =>
    Number(BigInt(text(matured)) > BigInt(text(paid)) + BigInt(text(open))),
  );
  db.function("checksum_of", { ...exact, varargs: true }, (...values) => crc32(JSON.stringify(values)));
  db.exec(views);
  for (const table of bookTables) {
    const { columns, checksum } = checksumOf(db, table);
    const [key] = columns;
    const update = `BEGIN UPDATE ${table} SET checksum = ${checksum} WHERE ${key} = NEW.${key}; END;`;
    db.exec(`CREATE TEMP TRIGGER IF NOT EXISTS ${table}_added AFTER INSERT ON ${table} ${update}
      CREATE TEMP TRIGGER IF NOT EXISTS ${table}_changed AFTER UPDATE OF ${columns.join()} ON ${table} ${update}`);
  }
}

function checksumOf(db: DatabaseSync, table: string) {
  const columns = db
    .prepare("SELECT name FROM pragma_table_info(?)")
    .all(table)
    .map(({ name }) => String(name))
    .filter((name) => name !== "checksum");
  return { columns, checksum: `checksum_of('${table}', ${columns.join()})` };
}

/** What is damaged, in words: SQLite's own check of its pages, then every row against its checksum, then the sums. */
export function damageOfBooks(db: DatabaseSync, sharesMax: number): string | undefined {
  const page = db.prepare("PRAGMA integrity_check(1)").get()?.integrity_check;
  if (page !== "ok") return text(page);
  const texts = db.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").all();
  const changed = texts.find(({ sql }) => !schema.includes(text(sql)));
  if (changed) return `the definition of ${changed.name} is not what this program wrote`;
  for (const table of bookTables) {
    const { columns, checksum } = checksumOf(db, table);
    const row = db
      .prepare(`SELECT ${columns[0]} AS id FROM ${table} WHERE checksum IS NOT ${checksum} LIMIT 1`)
      .get();
    if (row) return `the record ${table}/${row.id} does not match its checksum`;
  }
  return imbalance(db, sharesMax);
}

/** Each line: what is counted, how many are there, how many should be. */
const balances = `
SELECT * FROM (
  SELECT 'members' AS what, (SELECT count(*) FROM member) AS present, members_joined - members_forgotten AS expected FROM books
  UNION ALL SELECT 'shares', (SELECT count(*) FROM share WHERE number >= next_share - :sharesMax), min(next_share, :sharesMax) FROM books
  UNION ALL SELECT 'open blocks', (SELECT count(*) FROM block WHERE state IN ('found', 'immature')), blocks_found - blocks_matured - blocks_orphaned FROM books
  UNION ALL SELECT 'open payments', (SELECT count(*) FROM payment WHERE state = 'open'), payments_signed - payments_settled - payments_voided FROM books
  UNION ALL SELECT 'units due', (SELECT sum_units(matured_units) FROM member), matured_units FROM books
  UNION ALL SELECT 'units paid', (SELECT sum_units(paid_units) FROM member), paid_units FROM books
  UNION ALL SELECT 'ties of members', (SELECT ifnull(sum(ties), 0) FROM member), (SELECT count(*) FROM share)
    + (SELECT ifnull(sum(json_array_length(parts)), 0) FROM block WHERE state IN ('found', 'immature'))
    + (SELECT count(*) FROM payment WHERE state = 'open')
) WHERE present IS NOT expected LIMIT 1`;

/** What does not add up, in words: records are missing then, or the program has a fault. */
export function imbalance(db: DatabaseSync, sharesMax: number): string | undefined {
  if (!db.prepare("SELECT 1 FROM books").get()) return "the record of whose they are is missing";
  const wrong = db.prepare(balances).get({ sharesMax });
  return wrong && `${wrong.present} ${wrong.what} are there, ${wrong.expected} should be`;
}

function text(value: unknown): string {
  return String(value);
}
