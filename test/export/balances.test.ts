/** Balances in SQL are those of the ledger, at every head of real chains that reorganize, and so is what miners are paid. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import { loadUnits } from "../../src/export/units.ts";
import type { Entry } from "../../src/ledger/entry.ts";
import { blockRewardAt } from "../../src/protocol/genesis.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, miner, testSpec } from "../chain/block-builder.ts";
import { openChain } from "../chain/open-chain.ts";
import { exportOnce, jobFor, temporaryFolder } from "./ledger-contents.ts";
import { issueAsset, keyOf, SyntheticChain, transfer } from "./synthetic-chain.ts";

const actors = [alice, bob, miner] as const;
const uint64Max = 2n ** 64n - 1n;

function addressOfHex(hex: string): string {
  const key = fromHex(hex, 32);
  assert.ok(key);
  return addressOf(key);
}

/** Sums by address and asset; those of zero left out, as an account that never had anything is not in SQL. */
class Sums {
  readonly #sums = new Map<string, bigint>();

  add(account: string, asset: string, units: bigint): void {
    const key = `${account} ${asset}`;
    const sum = (this.#sums.get(key) ?? 0n) + units;
    if (sum === 0n) this.#sums.delete(key);
    else this.#sums.set(key, sum);
  }

  get sorted(): [string, bigint][] {
    return [...this.#sums].sort(([left], [right]) => (left < right ? -1 : 1));
  }
}

function ledgerSums(entries: readonly Entry[]): { balance: Sums; immature: Sums } {
  const [balance, immature] = [new Sums(), new Sums()];
  for (const entry of entries) {
    if (entry.type === "account") balance.add(addressOfHex(entry.account), "AUR", entry.balance);
    if (entry.type === "reward") immature.add(addressOfHex(entry.account), "AUR", entry.amount);
    if (entry.type === "assetBalance") {
      balance.add(addressOfHex(entry.account), entry.assetId, entry.balance);
    }
  }
  return { balance, immature };
}

function sqlSums(db: DatabaseSync, sql: string, prefix: string, ...bound: number[]): Sums {
  const query = db.prepare(sql);
  query.setReadBigInts(true);
  const sums = new Sums();
  for (const row of query.all(...bound)) {
    const units = loadUnits(row[`${prefix}_units`], row[`${prefix}_units_large`]);
    sums.add(String(row.account), String(row.asset_id), units);
  }
  return sums;
}

/** Holds the file against what the builder says of the chain up to its head. */
function assertAsLedger(db: DatabaseSync, canonical: readonly BuiltBlock[], builder: BlockBuilder): void {
  const { balance, immature } = ledgerSums((canonical.at(-1) as BuiltBlock).entries);
  const view = "SELECT * FROM balances";
  assert.deepEqual(sqlSums(db, view, "balance").sorted, balance.sorted);
  assert.deepEqual(sqlSums(db, view, "immature").sorted, immature.sorted);
  const { genesis } = builder.spec;
  const [due, paid, found] = [new Sums(), new Sums(), new Sums()];
  for (const [height, { block }] of canonical.entries()) {
    if (height === 0) continue;
    const producer = addressOf(block.header.producer);
    const fees = block.transactions.reduce((sum, { transaction }) => sum + transaction.fee, 0n);
    const earned = blockRewardAt(genesis, height) + fees;
    found.add(producer, "", 1n);
    due.add(producer, "", earned);
    if (height + genesis.rewardMaturityBlocks < canonical.length) paid.add(producer, "", earned);
  }
  const pool = (column: string) =>
    sqlSums(db, `SELECT member AS account, '' AS asset_id, * FROM mining_pool`, column);
  assert.deepEqual(pool("rewards_due").sorted, due.sorted);
  assert.deepEqual(pool("rewards_paid").sorted, paid.sorted);
  const members = db.prepare("SELECT member, blocks_found FROM mining_pool ORDER BY member").all();
  assert.deepEqual(
    members.map((row) => [`${row.member} `, BigInt(Number(row.blocks_found))]),
    found.sorted,
  );
}

/** The balances after each block, from one file that has them all. */
function assertHistory(db: DatabaseSync, canonical: readonly BuiltBlock[]): void {
  const sql = "SELECT * FROM ledger_entries WHERE block_id <= ?";
  for (const [height, { entries }] of canonical.entries()) {
    assert.deepEqual(sqlSums(db, sql, "delta", height).sorted, ledgerSums(entries).balance.sorted);
  }
}

/** A block of a tree, and what is tried in it. */
interface Twig {
  readonly on: number;
  readonly producer: number;
  readonly sender: number;
  readonly receiver: number;
  /** Of the sender's balance, in tenths. */
  readonly tenths: number;
  readonly fee: bigint;
}

const twigs = fc.array(
  fc.record<Twig>({
    on: fc.nat({ max: 5 }),
    producer: fc.nat({ max: 2 }),
    sender: fc.nat({ max: 2 }),
    receiver: fc.nat({ max: 2 }),
    tenths: fc.nat({ max: 9 }),
    fee: fc.constantFrom(0n, 7n, 10_000_000n),
  }),
  { minLength: 1, maxLength: 20 },
);

/** What the twig's sender can pay on `parent`: a part of its balance, with a fee. */
function paymentOf(twig: Twig, parent: BuiltBlock, builder: BlockBuilder): DecodedTransaction[] {
  const [sender, receiver] = [actors[twig.sender] as KeyPair, actors[twig.receiver] as KeyPair];
  const account = parent.entries.find(
    (entry) => entry.type === "account" && entry.account === toHex(sender.publicKey),
  );
  if (account?.type !== "account" || account.balance <= twig.fee) return [];
  const amount = ((account.balance - twig.fee) * BigInt(twig.tenths)) / 10n;
  const payload = amount === 0n ? undefined : transfer(receiver, amount);
  return [builder.sign(sender, account.sequence, payload, twig.fee)];
}

for (const rewardMaturityBlocks of [0, 1, 3, 7]) {
  test(`at every head the file has the ledger's balances, with rewards mature after ${rewardMaturityBlocks}`, async (context) => {
    const folder = await temporaryFolder(context);
    const spec = testSpec("pow", { rewardMaturityBlocks, blockReward: "5", halvingIntervalBlocks: 6 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(twigs, async (shape) => {
        run += 1;
        const [file, lateFile] = [join(folder, `${run}.sqlite`), join(folder, `${run}.late.sqlite`)];
        const builder = new BlockBuilder(spec);
        const built = [builder.genesis];
        const { chain, give } = await openChain({ spec });
        const canonical = () => {
          const byHash = new Map(built.map((one) => [one.block.hashHex, one]));
          const line: BuiltBlock[] = [];
          for (
            let at = byHash.get(chain.head.hashHex);
            at;
            at = byHash.get(toHex(at.block.header.parentHash))
          )
            line.unshift(at);
          return line;
        };
        const job = jobFor(file, chain, { rowsPerTransaction: 1 });
        const reader = openLedgerFile(file, { readOnly: true });
        for (const [index, twig] of shape.entries()) {
          // Mostly on one of the newest, so that branches grow long.
          const parent = built[Math.max(0, built.length - 1 - twig.on)] as BuiltBlock;
          const producer = actors[twig.producer] as KeyPair;
          const transactions = paymentOf(twig, parent, builder);
          const next = builder.on(parent, { producer, transactions, laterMs: 4_000 + index });
          built.push(next);
          assert.match(await give(next), /^(head|side)$/);
          await job.catchUp();
          assertAsLedger(reader, canonical(), builder);
          // A file that is opened only now and then has to find its way over several reorganizations at once.
          if (index % 4 === 3) await exportOnce(lateFile, chain);
        }
        assertHistory(reader, canonical());
        reader.close();
        job.close();
        await exportOnce(lateFile, chain);
        const late = openLedgerFile(lateFile, { readOnly: true });
        assertAsLedger(late, canonical(), builder);
        late.close();
      }),
      { numRuns: 8 },
    );
  });
}

test("a branch of 100 blocks that a heavier one replaces takes its rewards and payments with it", async (context) => {
  const folder = await temporaryFolder(context);
  const file = join(folder, "ledger.sqlite");
  const spec = testSpec("pow", { rewardMaturityBlocks: 10, blockReward: "5" });
  const builder = new BlockBuilder(spec);
  const { chain, give } = await openChain({ spec });
  const grow = (length: number, producer: KeyPair, receiver: KeyPair, fee: bigint) => {
    const line = [builder.genesis];
    for (let height = 1; height <= length; height += 1) {
      const payment = builder.sign(alice, height - 1, transfer(receiver, 3n), fee);
      const wishes = { producer, transactions: [payment], laterMs: 4_000 };
      line.push(builder.on(line.at(-1) as BuiltBlock, wishes));
    }
    return line;
  };
  const [first, second] = [grow(100, miner, bob, 5n), grow(101, bob, miner, 11n)];
  const job = jobFor(file, chain);
  const reader = openLedgerFile(file, { readOnly: true });
  for (const line of [first, second]) {
    for (const one of line.slice(1)) await give(one);
    assert.equal(chain.head.hashHex, line.at(-1)?.block.hashHex);
    await job.catchUp();
    assertAsLedger(reader, line, builder);
    assertHistory(reader, line);
  }
  assert.equal(reader.prepare("SELECT COUNT(*) AS orphans FROM orphaned_blocks").get()?.orphans, 100);
  reader.close();
  job.close();
});

test("sums stay exact where strangers issue and send as much as there can be", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = new SyntheticChain("pow");
  const [sender, receiver] = [keyOf(100), keyOf(101)];
  const issue = chain.sign(sender, issueAsset("MAX", 0, uint64Max));
  const moves = [uint64Max, 2n ** 63n, 2n ** 63n - 1n, 1n].map((amount, index) =>
    // To oneself: nothing changes but the sums on the way.
    chain.sign(sender, transfer(sender, amount, "", issue.id), index + 1),
  );
  const send = chain.sign(sender, transfer(receiver, 2n ** 63n - 1n, "", issue.id), 5);
  chain.append(keyOf(1), [issue, ...moves, send]);
  await exportOnce(file, chain);
  const db = openLedgerFile(file, { readOnly: true });
  const query = db.prepare(
    "SELECT account, balance_units, balance_units_large, balance_text, immature_units FROM balances WHERE asset_id = ? ORDER BY balance_text",
  );
  query.setReadBigInts(true);
  assert.deepEqual(
    query.all(issue.idHex).map((row) => Object.values<SQLOutputValue>(row)),
    [
      [addressOf(receiver.publicKey), 2n ** 63n - 1n, null, (2n ** 63n - 1n).toString(), 0n],
      [addressOf(sender.publicKey), null, (2n ** 63n).toString(), (2n ** 63n).toString(), 0n],
    ],
  );
  db.close();
});
