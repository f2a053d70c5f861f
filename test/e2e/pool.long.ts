/** A pool of one server and three members as processes: everyone is paid, a kill loses nothing, and the SQL agrees with the chain. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import type { PoolAnswer } from "../../src/api/mining.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/patience.ts";
import { type NodeProcess, type Running, Stage, untilAgreed } from "./processes.ts";

const names = ["ada", "ben", "cem"];
const paid = ({ members }: PoolAnswer, address: string) =>
  Number(members.find((member) => member.address === address)?.paid ?? 0);

describe("a pool", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  it("pays its three members, through a kill of the server, and mining_pool agrees with the chain", async () => {
    const chain = await stage.spec("pow.json", {
      consensus: "pow",
      difficulty: 3,
      targetBlockTimeMs: 500,
      minimumIntervalMs: 50,
      blockReward: "10",
      rewardMaturityBlocks: 3,
      minimumFee: "0.001",
    });
    const witness = await stage.start("witness", "--chain", chain);
    const ledger = stage.place("ledger.sqlite");
    const poolPort = await freePort();
    const serve = (): NodeProcess =>
      stage.launchBy(
        ["pool", "serve"],
        "server",
        ...["--chain", chain, "--bootstrap", witness.multiaddr, "--mine-empty", "--export", ledger],
        ...["--pool-port", `${poolPort}`, "--pool-payout-every", "4", "--pool-payout-minimum", "0.1"],
      );
    let server = await serve().ready();
    const place = (await server.status()).pool?.addresses[0] ?? "";
    const addresses: string[] = [];
    const members: Running[] = [];
    for (const name of names) {
      const address = await stage.nodeAddress(name);
      addresses.push(address);
      members.push(stage.run(["pool", "join", place, "--account", address, "--threads", "1", "--json"]));
    }
    const untilPaid = async (before: (address: string) => number) => {
      await until("every member is paid", async () => {
        const pool = await server.api.pool();
        return addresses.every((address) => paid(pool, address) > before(address));
      });
      return server.api.pool();
    };
    const first = await untilPaid(() => 0);

    assert.equal((await server.stop("SIGKILL")).code, null);
    server = await serve().ready();
    const again = await server.api.pool();
    for (const address of addresses) assert.ok(paid(again, address) <= paid(first, address) + 1_000);
    await untilPaid((address) => paid(first, address));

    let acknowledged = 0;
    for (const member of members) {
      const { code, stdout, stderr } = await member.stop();
      assert.equal(code, 0, stderr);
      const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
      assert.ok(last.msg === "stopped" && last.accepted > 0, stdout);
      acknowledged += last.accepted;
    }
    await untilAgreed([server, witness]);
    await server.until("the SQL ledger is in step", ({ export: sql, head }) => sql?.height === head.height);
    await until("the books are written into the SQL ledger", () => isSettled(ledger));
    const pool = await server.api.pool();
    // What the API said before the kill may have been on its way to the disk; what a member was told was there.
    assert.ok(pool.sharesAccepted >= acknowledged, "no share that a member was told of is lost");
    assert.equal((await server.stop()).code, 0);

    const stopped = stage.place("stopped.sqlite");
    await stage.output("export", "--out", stopped, "--data-dir", stage.place("server"));
    assert.deepEqual(poolTables(stopped), poolTables(ledger), "a stopped node's export has the same");

    const db = new DatabaseSync(ledger, { readOnly: true });
    try {
      const rows = db.prepare("SELECT * FROM mining_pool WHERE pool = ?").all(pool.address);
      assert.deepEqual(rows.map((row) => row.member).sort(), [...addresses].sort());
      for (const row of rows) {
        const sent = db
          .prepare(
            "SELECT SUM(amount_units + fee_units) AS units, COUNT(*) AS payments FROM transactions WHERE from_account = ? AND to_account = ?",
          )
          .get(pool.address, row.member as string);
        assert.ok(Number(sent?.payments) >= 2);
        assert.equal(row.rewards_paid_units, sent?.units, "paid is what the chain has");
        assert.ok(Number(row.rewards_due_units) >= Number(row.rewards_paid_units));
        const id = row.payout_transaction as string;
        const theirs = await witness.api.transaction(id);
        assert.equal(theirs.status, "committed", "another node has the payment, too");
        assert.ok(Number(row.shares_accepted) > 0);
      }
      const shares = rows.reduce((sum, row) => sum + Number(row.shares_accepted), 0);
      assert.equal(shares, pool.sharesAccepted);
      // All that the pool's account ever earned is due to its members: it keeps no fee.
      const earned = db.prepare("SELECT * FROM mining_pool WHERE pool = 'solo'").all();
      assert.deepEqual(
        earned.map((row) => row.member),
        [pool.address],
      );
      const due = rows.reduce((sum, row) => sum + Number(row.rewards_due_units), 0);
      assert.ok(due >= Number(earned[0]?.rewards_due_units), `${due} due of ${earned[0]?.rewards_due_units}`);
    } finally {
      db.close();
    }
  });
});

/** Members and payments, without the hash rate, which only a running pool has. */
function poolTables(ledger: string): unknown {
  const db = new DatabaseSync(ledger, { readOnly: true });
  try {
    const members = db.prepare("SELECT * FROM mining_pool ORDER BY pool, member").all();
    const payments = db.prepare("SELECT * FROM pool_payments ORDER BY transaction_id").all();
    assert.ok(members.length > names.length && payments.length > 0);
    return { members: members.map((row) => ({ ...row, hash_rate: undefined })), payments };
  } finally {
    db.close();
  }
}

/** What the books say was paid stands in the rows of the chain, and nothing more does. */
function isSettled(ledger: string): boolean {
  const db = new DatabaseSync(ledger, { readOnly: true });
  try {
    const row = db
      .prepare(
        "SELECT (SELECT SUM(rewards_paid_units) FROM mining_pool WHERE pool <> 'solo') AS paid, (SELECT SUM(t.amount_units + t.fee_units) FROM transactions t JOIN mining_pool m ON m.pool = t.from_account AND m.member = t.to_account) AS sent",
      )
      .get();
    return row?.paid !== null && row?.paid === row?.sent;
  } finally {
    db.close();
  }
}
