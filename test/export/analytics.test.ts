/** docs/analytics.md in DuckDB: its SQL over Parquet files gives what the views of the SQLite file give. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { DuckDBDecimalValue, DuckDBInstance } from "@duckdb/node-api";
import { toHex } from "../../src/base/bytes.ts";
import { loadUnits } from "../../src/export/units.ts";
import { issuedAssetId } from "../../src/protocol/transaction.ts";
import { digestOfLedger, writeFiles } from "./file-readers.ts";
import { exportOnce, temporaryFolder } from "./ledger-contents.ts";
import { issueAsset, keyOf, record, registerUser, SyntheticChain, transfer } from "./synthetic-chain.ts";

const page = readFileSync(new URL("../../docs/analytics.md", import.meta.url), "utf8");
const blocksOfSql = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = ""]) => sql);

/** Both chains in one file; amounts of which two are over 2^63, a name, fees, and a text that looks like a formula. */
async function mixedLedger(file: string): Promise<string[]> {
  const chains = (["pow", "poa"] as const).map((consensus) => {
    const chain = new SyntheticChain(consensus);
    const [alice, bob] = [keyOf(100), keyOf(101)];
    const issue = chain.sign(alice, issueAsset("ZED", 18, 2n ** 64n - 1n), 1);
    const again = chain.sign(bob, issueAsset("ACE", 0, 2n ** 64n - 2n), 0);
    chain.append(keyOf(1), [chain.sign(alice, registerUser("alice@example.com"), 0, 5n), issue, again]);
    chain.append(keyOf(2), []);
    chain.append(keyOf(1), [
      chain.sign(alice, transfer(bob, 2n ** 64n - 1n, '=cmd|"x"', issuedAssetId(issue)), 2, 7n),
      chain.sign(bob, transfer(alice, 2n ** 63n, "", issuedAssetId(again)), 1),
      chain.sign(bob, record('a,b\r\n"c"'), 2),
    ]);
    for (let count = 0; count < 4; count += 1) chain.append(keyOf(1), [], count);
    return chain;
  });
  for (const chain of chains) await exportOnce(file, chain);
  return chains.map(({ spec }) => toHex(spec.chainId));
}

function plain(value: unknown): unknown {
  if (value instanceof DuckDBDecimalValue) return value.scale === 0 ? value.value : value.toString();
  return typeof value === "number" ? BigInt(value) : value;
}

/** Runs the statements of a block of SQL and gives the rows of the last one. */
async function duckRows(
  connection: Awaited<ReturnType<DuckDBInstance["connect"]>>,
  sql: string,
): Promise<Record<string, unknown>[]> {
  const reader = await connection.runAndReadAll(sql);
  return reader
    .getRowObjects()
    .map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])));
}

const sorted = (rows: readonly Record<string, unknown>[]) =>
  rows
    .map((row) => JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}` : value)))
    .sort();

test("the page's SQL gives in DuckDB what SQLite's views give", async (context) => {
  const folder = await temporaryFolder(context);
  const [ledger, out] = [join(folder, "ledger.sqlite"), join(folder, "ledger-parquet")];
  await mixedLedger(ledger);
  await writeFiles(ledger, out, { format: "parquet", blocksPerFile: 2 });
  const sqlite = new DatabaseSync(ledger, { readOnly: true });
  context.after(() => sqlite.close());
  const sqliteRows = (sql: string) => {
    const query = sqlite.prepare(sql);
    query.setReadBigInts(true);
    return query.all() as Record<string, unknown>[];
  };
  const duck = await (await DuckDBInstance.create(":memory:")).connect();
  context.after(() => duck.closeSync());
  const [views, entries, balances, supply, account, atDate] = blocksOfSql.map((sql) =>
    sql.replaceAll("'ledger-parquet/", `'${out}/`),
  );
  for (const sql of [views, entries]) await duck.run(sql ?? "");

  const expected = sqliteRows("SELECT * FROM ledger_entries").map((row) => ({
    chain_id: row.chain_id,
    block_id: row.block_id,
    transaction_id: row.transaction_id,
    kind: row.kind,
    account: row.account,
    asset_id: row.asset_id,
    delta_units: loadUnits(row.delta_units, row.delta_units_large),
  }));
  assert.deepEqual(sorted(await duckRows(duck, "FROM ledger_entries")), sorted(expected));
  assert.ok(expected.some(({ delta_units }) => delta_units > 2n ** 63n));

  const aur = sqliteRows(
    "SELECT b.chain_id, COALESCE(u.name, b.account) AS holder, balance_text AS balance FROM balances b " +
      "LEFT JOIN users u ON u.chain_id = b.chain_id AND u.account = b.account WHERE asset_id = 'AUR'",
  );
  const held = (await duckRows(duck, balances ?? "")).map((row) => ({
    ...row,
    balance: String(row.balance),
  }));
  const zero = (rows: readonly Record<string, unknown>[]) =>
    rows.filter(({ balance }) => Number(balance) !== 0);
  assert.deepEqual(sorted(zero(held)), sorted(zero(aur)));
  assert.ok(held.length >= 4);

  const sums = new Map<string, bigint>();
  for (const { chain_id, asset_id, delta_units } of expected) {
    const key = `${chain_id} ${asset_id}`;
    sums.set(key, (sums.get(key) ?? 0n) + delta_units);
  }
  const supplied = await duckRows(duck, supply ?? "");
  assert.deepEqual(
    supplied.map(({ chain_id, asset_id, supply_units }) => [`${chain_id} ${asset_id}`, supply_units]).sort(),
    [...sums].sort(),
  );

  const entriesOfAlice = await duckRows(duck, account ?? "");
  const last = new Map(entriesOfAlice.map(({ asset_id, balance_units }) => [asset_id, balance_units]));
  const alice = sqliteRows("SELECT account FROM users LIMIT 1")[0]?.account;
  for (const row of sqliteRows(`SELECT * FROM balances WHERE account = '${alice}' AND asset_id <> 'AUR'`)) {
    assert.equal(last.get(row.asset_id), loadUnits(row.balance_units, row.balance_units_large));
  }
  assert.equal(
    last.size,
    sqliteRows(`SELECT DISTINCT asset_id FROM ledger_entries WHERE account = '${alice}'`).length,
  );
  assert.ok((await duckRows(duck, atDate ?? "")).length > 0);
});

test("DuckDB reads CSV and JSON lines of the same rows", async (context) => {
  const folder = await temporaryFolder(context);
  const ledger = join(folder, "ledger.sqlite");
  const [first = ""] = await mixedLedger(ledger);
  const duck = await (await DuckDBInstance.create(":memory:")).connect();
  context.after(() => duck.closeSync());
  const rows: string[][] = [];
  for (const format of ["csv", "jsonl", "parquet"] as const) {
    const out = join(folder, format);
    const { chains } = await writeFiles(ledger, out, { format, exactTexts: format === "csv" });
    assert.equal(chains[0]?.contentDigest, digestOfLedger(ledger, first));
    const files = `'${out}/transactions/*/*/part.${format}'`;
    const from = {
      csv: `read_csv(${files}, all_varchar = true, allow_quoted_nulls = false)`,
      jsonl: `read_json(${files}, format = 'newline_delimited', maximum_object_size = 33554432)`,
      parquet: `read_parquet(${files})`,
    }[format];
    const columns =
      "id, to_user, CAST(amount_units AS VARCHAR) AS units, amount_text, data, CAST(position AS BIGINT) AS position";
    rows.push(sorted(await duckRows(duck, `SELECT ${columns} FROM ${from}`)));
  }
  assert.equal(rows[0]?.length, 12);
  assert.deepEqual(rows[0], rows[2]);
  assert.deepEqual(rows[1], rows[2]);
});
