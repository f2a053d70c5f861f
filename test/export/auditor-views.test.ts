/** The views answer exactly, and SQLite and DuckDB give the same rows for the same text. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { ledgerViews } from "../../src/export/auditor-views.ts";
import { amountStages, highWord, lowWord, shownAmount } from "../../src/export/sql-amounts.ts";
import { quoted } from "../../src/export/table.ts";
import { decimalText } from "../../src/export/units.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { alice, bob, carol, founder, uint64Max, writeAuditStory } from "./audit-story.ts";
import { ledgerInDuckDb, rowsInDuckDb, rowsInSqlite } from "./ledger-elsewhere.ts";

let file: string;
let db: DatabaseSync;
before(async () => {
  file = join(await folderUntilEnd("aurex-views-"), "ledger.sqlite");
  await writeAuditStory(file);
  db = new DatabaseSync(file, { readOnly: true });
});
after(() => db.close());

function values(sql: string, ...bound: (string | number)[]): unknown[][] {
  const query = db.prepare(sql);
  query.setReadBigInts(true);
  return query.all(...bound).map((row) => Object.values(row));
}

test("every view has the same rows in DuckDB as in SQLite, from the same text", async () => {
  const duck = await ledgerInDuckDb(file);
  for (const { name } of ledgerViews) {
    const sql = `SELECT * FROM ${quoted(name)}`;
    const rows = rowsInSqlite(db, sql).sort();
    assert.ok(rows.length > 0 || name === "pool_payments", `${name} has rows in this ledger`);
    assert.deepEqual((await rowsInDuckDb(duck, sql)).sort(), rows, name);
  }
  duck.closeSync();
});

test("what came into being is what is held, also past 2^63", () => {
  const rows = values(
    "SELECT consensus, symbol, created_text, held_text, immature_text FROM supply JOIN meta USING (chain_id) ORDER BY consensus, symbol",
  );
  const whole = uint64Max.toString();
  assert.deepEqual(rows, [
    ["poa", "AUR", "50000150.00000000", "50000150.00000000", "0.00000000"],
    ["pow", "AUR", "50000300.00000000", "50000199.99999995", "100.00000005"],
    ["pow", "GOLD", "10.00", "10.00", "0.00"],
    ["pow", "ONE", whole, whole, "0"],
    [
      "pow",
      "THREE",
      `${whole.slice(0, -2)}.${whole.slice(-2)}`,
      `${whole.slice(0, -2)}.${whole.slice(-2)}`,
      "0.00",
    ],
    ["pow", "TWO", "18.446744073709551615", "18.446744073709551615", "0.000000000000000000"],
  ]);
});

test("sums that no 64 bits hold are exact, above zero and below", async () => {
  const amounts = fc.array(
    fc.oneof(
      fc.bigInt(-uint64Max, uint64Max),
      fc.constantFrom(uint64Max, -uint64Max, 2n ** 63n - 1n, -(2n ** 63n), 999_999_999n, -1_000_000_000n, 0n),
    ),
    { minLength: 1, maxLength: 40 },
  );
  const sql = (table: string) =>
    `WITH words AS (SELECT ${highWord("units", "large")} AS high, ${lowWord("units", "large")} AS low FROM ${table}), ` +
    "sums AS (SELECT SUM(high) AS total_high, SUM(low) AS total_low FROM words), " +
    `${amountStages("sums", [], ["total"])} SELECT ${shownAmount("total", "8")} FROM amounts`;
  const stored = (value: bigint) => {
    const fits = value <= 2n ** 63n - 1n && value >= -(2n ** 63n);
    return { units: fits ? value : null, large: fits ? null : value.toString() };
  };
  using scratch = new DatabaseSync(":memory:");
  scratch.exec("CREATE TABLE t (units INTEGER, large TEXT)");
  const duck = await (await DuckDBInstance.create(":memory:")).connect();
  await duck.run("CREATE TABLE t (units BIGINT, large VARCHAR)");
  const insert = scratch.prepare("INSERT INTO t VALUES (?, ?)");
  const expectedOf = (values: readonly bigint[]) => {
    const total = values.reduce((sum, value) => sum + value, 0n);
    const { units, large } = stored(total);
    return [
      JSON.stringify({
        total_units: units?.toString() ?? null,
        total_units_large: large,
        total_text: decimalText(total, 8),
      }),
    ];
  };
  fc.assert(
    fc.property(amounts, (values) => {
      scratch.exec("DELETE FROM t");
      for (const { units, large } of values.map(stored)) insert.run(units, large);
      assert.deepEqual(rowsInSqlite(scratch, sql("t")), expectedOf(values));
    }),
  );
  for (const values of fc.sample(amounts, 10)) {
    await duck.run("DELETE FROM t");
    for (const { units, large } of values.map(stored)) {
      await duck.run(`INSERT INTO t VALUES (${units ?? "NULL"}, ${large === null ? "NULL" : `'${large}'`})`);
    }
    assert.deepEqual(await rowsInDuckDb(duck, sql("t")), expectedOf(values));
  }
  duck.closeSync();
});

test("an account's ledger adds up to its balances, at its end and at any time before", () => {
  const account = addressOf(alice.publicKey);
  const ledger = values(
    "SELECT block_id, kind, symbol, delta_text, counterparty FROM account_ledger JOIN meta USING (chain_id) " +
      "WHERE account = ? AND consensus = 'pow' ORDER BY block_id, transaction_id, kind",
    account,
  );
  assert.equal(ledger.length, 7);
  const sums = values(
    "SELECT chain_id, account, asset_id, SUM(delta_high) AS high, SUM(delta_low) AS low FROM account_ledger GROUP BY 1, 2, 3",
  );
  for (const [chain, owner, asset, high, low] of sums) {
    const [row] = values(
      "SELECT COALESCE(CAST(balance_units AS TEXT), balance_units_large) FROM balances WHERE chain_id = ? AND account = ? AND asset_id = ?",
      String(chain),
      String(owner),
      String(asset),
    );
    assert.equal(String((high as bigint) * 1_000_000_000n + (low as bigint)), row?.[0]);
  }
  const atFirstDay = values(
    "SELECT SUM(delta_units) FROM account_ledger JOIN meta USING (chain_id) WHERE account = ? AND consensus = 'pow' AND asset_id = 'AUR' AND timestamp_iso < '2024-01-15'",
    account,
  );
  assert.deepEqual(atFirstDay, [[5_000_000_000_000_000n - 1_050_000_000n - 7n]]);
});

test("each question has its rows", () => {
  const pow = "JOIN meta USING (chain_id) WHERE consensus = 'pow'";
  assert.deepEqual(
    values(`SELECT holders.name, balance_text FROM holders ${pow} AND symbol = 'GOLD' ORDER BY 2 DESC`),
    [
      ["alice@example.com", "7.50"],
      [null, "2.50"],
    ],
  );
  assert.deepEqual(
    values(
      `SELECT day, symbol, transfers, volume_text FROM daily_volume ${pow} AND symbol IN ('AUR', 'ONE') ORDER BY day, symbol`,
    ),
    [
      ["2024-01-14", "AUR", 1n, "10.50000000"],
      ["2024-01-15", "AUR", 1n, "0.00000007"],
      ["2024-01-15", "ONE", 2n, (2n ** 53n + 2n ** 63n).toString()],
    ],
  );
  assert.deepEqual(
    values(
      `SELECT from_user, to_user, amount_text, symbol, fee_text, data, final FROM daily_transactions ${pow} AND day = '2024-01-14' AND kind = 'transfer'`,
    ),
    [["alice@example.com", "bob@example.com", "10.50000000", "AUR", "0.00000007", "lunch, with a comma", 0n]],
  );
  assert.deepEqual(
    values(
      `SELECT sealed_by.name, blocks, transactions, first_block, last_block FROM sealed_by ${pow} ORDER BY first_block`,
    ),
    [
      ["miner@example.com", 3n, 9n, 1n, 4n],
      [null, 3n, 4n, 3n, 6n],
    ],
  );
  assert.deepEqual(
    values("SELECT fork_index, blocks_left, blocks_written, transactions_left FROM reorganizations"),
    [[4n, 1n, 2n, 1n]],
  );
  assert.deepEqual(
    values("SELECT consensus, COUNT(*) FROM not_final JOIN meta USING (chain_id) GROUP BY 1 ORDER BY 1"),
    [
      ["poa", 1n],
      ["pow", 7n],
    ],
  );
  assert.deepEqual(
    values(`SELECT user_overview.name, registered_in, aur_text FROM user_overview ${pow} ORDER BY 1`),
    [
      ["alice@example.com", 1n, "49999989.49999990"],
      ["bob@example.com", 1n, "10.49999988"],
      ["miner@example.com", 1n, "150.00000010"],
    ],
  );
  assert.deepEqual(
    values(
      `SELECT symbol, issuer, holders FROM asset_overview ${pow} AND symbol IN ('AUR', 'ONE') ORDER BY 1`,
    ),
    [
      ["AUR", null, 5n],
      ["ONE", "bob@example.com", 3n],
    ],
  );
  const [office, other] = [addressOf(founder.publicKey), addressOf(bob.publicKey)];
  assert.deepEqual(values("SELECT account, name, since_block FROM authorities ORDER BY since_block"), [
    [office, "office@example.com", 0n],
    [other, null, 2n],
  ]);
  assert.deepEqual(values("SELECT block_id, voter, action, authority FROM authority_votes"), [
    [1n, "office@example.com", "add", other],
  ]);
  assert.equal(values("SELECT 1 FROM holders WHERE account = ?", addressOf(carol.publicKey)).length, 3);
});
