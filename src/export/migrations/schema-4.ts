/** From schema 4 to 5: stored columns for generated ones, names as of the end of the block, and the authorities' changes. */
import type { DatabaseSync } from "node:sqlite";
import { toHex } from "../../base/bytes.ts";
import { decodeBlock } from "../../protocol/block.ts";
import { decodeGenesis } from "../../protocol/genesis.ts";
import { addressOf, nodeIdOf } from "../../protocol/identity.ts";
import { tables } from "../ledger-tables.ts";
import { isoTimestamp, readableText } from "../readable.ts";
import { RowInserter } from "../row-inserter.ts";
import { columnNames, quoted, type Table } from "../table.ts";
import { replayAuthorities } from "./authority-replay.ts";
import type { Migration, OnMoved } from "./migration.ts";
import { createTable, replaceTable, rowsPerStep } from "./rebuild.ts";

/** What a column of schema 5 is made of, where it is not the column of that name. */
type Origins = Readonly<Record<string, string>>;

/** An account has one name for ever, and no name before: only rows of the block that registers it change. */
const nameInBlock = (name: string, account: string, height: string) =>
  `CASE WHEN ${name} = ${account} THEN COALESCE((SELECT users.name FROM users WHERE users.chain_id = old.chain_id ` +
  `AND users.account = ${account} AND users.registered_in = ${height}), ${name}) ELSE ${name} END`;

const origins: readonly (readonly [Table, Origins])[] = [
  [tables.meta, { first_index: "0", final_certificate: "NULL" }],
  [tables.nodes, {}],
  [
    tables.blocks,
    {
      miner: nameInBlock("old.miner", "old.producer", 'old."index"'),
      data: 'ledger_data(old.chain_id, old."index", old.data)',
      timestamp_iso: "ledger_iso(old.timestamp_ms)",
    },
  ],
  [
    tables.transactions,
    {
      from_user: nameInBlock("old.from_user", "old.from_account", "old.block_id"),
      to_user: nameInBlock("old.to_user", "old.to_account", "old.block_id"),
    },
  ],
  [tables.assets, { issuer: nameInBlock("old.issuer", "old.issuer_account", "old.issued_in") }],
  [tables.miningPool, {}],
  [tables.allocations, {}],
  [tables.reorgs, {}],
  [tables.orphanedBlocks, {}],
  // Last: the others look names up in it.
  [tables.users, {}],
];

export const schema4: Migration = {
  from: 4,
  to: 5,
  rows(db) {
    const row = db
      .prepare("SELECT (SELECT COUNT(*) FROM blocks) + (SELECT COUNT(*) FROM transactions) AS total")
      .get();
    return Number(row?.total);
  },
  migrate(db, onMoved) {
    defineFunctions(db);
    createTable(db, tables.authorityChanges);
    for (const chain of db.prepare("SELECT * FROM meta WHERE consensus = 'poa'").all()) {
      const spec = decodeGenesis(chain.genesis_bytes as Uint8Array);
      if (!spec.ok) throw new Error("the genesis spec of a chain does not decode");
      writeAuthorities(
        db,
        replayAuthorities(db, spec.value, Number(chain.chain_number)),
        toHex(spec.value.chainId),
      );
    }
    renameInOrphans(db);
    for (const [table, columns] of origins) moveRows(db, table, columns, onMoved);
  },
};

function defineFunctions(db: DatabaseSync): void {
  const named = db.prepare("SELECT account, name FROM users WHERE chain_id = ? AND registered_in = ?");
  db.function("ledger_iso", { deterministic: true }, (ms) => isoTimestamp(Number(ms)) ?? null);
  db.function("ledger_data", { deterministic: true }, (chainId, height, data) => {
    const names = named
      .all(String(chainId), Number(height))
      .map((row) => [String(row.account), String(row.name)] as const);
    return renamed(String(data), new Map(names));
  });
}

/** The summary of a block with names for addresses. */
function renamed(data: string, names: ReadonlyMap<string, string>): string {
  if (names.size === 0) return data;
  const entries = JSON.parse(data) as Record<string, unknown>[];
  const nameOf = (value: unknown) => names.get(String(value)) ?? value;
  const changed = entries.map((entry) => ({
    ...entry,
    ...("from" in entry ? { from: nameOf(entry.from) } : {}),
    ...("to" in entry ? { to: nameOf(entry.to) } : {}),
  }));
  return JSON.stringify(changed);
}

function writeAuthorities(
  db: DatabaseSync,
  replayed: ReturnType<typeof replayAuthorities>,
  chain_id: string,
): void {
  const inserter = new RowInserter(db, tables.authorityChanges);
  for (const { height, changes } of replayed) {
    const rows = changes.map(({ authority, change }) => ({
      chain_id,
      block_id: height,
      account: addressOf(authority),
      node_id: nodeIdOf(authority),
      change,
      origin: height === 0 ? "genesis" : "chain",
    }));
    inserter.insert(rows.sort((left, right) => (left.account < right.account ? -1 : 1)));
  }
}

/** Blocks that were left stand with the names of their own branch. */
function renameInOrphans(db: DatabaseSync): void {
  const update = db.prepare(
    'UPDATE orphaned_blocks SET data = ?, miner = ? WHERE reorg_id = ? AND "index" = ?',
  );
  const orphans = db.prepare('SELECT reorg_id, "index", data, miner, block_bytes FROM orphaned_blocks').all();
  for (const row of orphans) {
    const block = decodeBlock(row.block_bytes as Uint8Array);
    if (!block.ok) throw new Error("an orphaned block does not decode");
    const names = new Map<string, string>();
    for (const { payload, transaction } of block.value.transactions) {
      if (payload.kind === "registerUser")
        names.set(addressOf(transaction.sender), readableText(payload.name));
    }
    if (names.size === 0) continue;
    const miner = row.miner === null ? null : (names.get(String(row.miner)) ?? String(row.miner));
    update.run(renamed(String(row.data), names), miner, row.reorg_id as number, row.index as number);
  }
}

/** Into a table of the new definition, in steps, so that a long one shows how far it is; the old one then goes. */
function moveRows(db: DatabaseSync, table: Table, columns: Origins, onMoved: OnMoved): void {
  const names = columnNames(table);
  const values = names.map((name) => columns[name] ?? `old.${quoted(name)}`).join(", ");
  replaceTable(db, table, (fresh) => {
    const insert = `INSERT INTO ${quoted(fresh)} (${names.map(quoted).join(", ")}) SELECT ${values} FROM ${quoted(table.name)} AS old`;
    const isLong = table === tables.blocks || table === tables.transactions;
    if (!isLong) {
      db.exec(insert);
      return;
    }
    const next = db.prepare(
      `SELECT rowid AS last FROM ${quoted(table.name)} WHERE rowid > ? ORDER BY rowid LIMIT 1 OFFSET ${rowsPerStep - 1}`,
    );
    next.setReadBigInts(true);
    const step = db.prepare(`${insert} WHERE old.rowid > ? AND old.rowid <= ? ORDER BY old.rowid`);
    let from = -1n;
    for (;;) {
      const last = next.get(from)?.last as bigint | undefined;
      const { changes } = step.run(from, last ?? 2n ** 63n - 1n);
      onMoved(Number(changes));
      if (last === undefined) return;
      from = last;
    }
  });
}
