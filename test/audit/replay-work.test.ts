/** Checks 4, 8 and 9 on Proof of Work chains: blocks that break each rule, and rows that do not follow. */
import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import path from "node:path";
import { before, describe, it } from "node:test";
import { auditLedger } from "../../src/audit/audit-ledger.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import {
  alice,
  BlockBuilder,
  type BlockWishes,
  type BuiltBlock,
  bob,
  genesisMs,
  miner,
  testSpec,
} from "../chain/block-builder.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { writeWorkLedger } from "./ledgers.ts";
import { change, judge, notJudged, told, writeBlocks } from "./replayed.ts";

const builder = new BlockBuilder(
  testSpec("pow", { rewardMaturityBlocks: 2, halvingIntervalBlocks: 3, blockReward: "8" }),
);
const start = [builder.genesis, ...builder.branch(builder.genesis, 3)];
const tip = start.at(-1) as BuiltBlock;

let folder = "";
let files = 0;
const newFile = () => path.join(folder, `${files++}.sqlite`);
before(async () => {
  folder = await folderUntilEnd("aurex-replay-work-");
});

/** The chain with one more block as wished, and two good ones above it. */
async function withBlock(wishes: BlockWishes, above = 2): Promise<string> {
  const file = newFile();
  const next = builder.on(tip, wishes);
  await writeBlocks(file, builder, [...start, next, ...builder.branch(next, above)]);
  return file;
}

const easiest = builder.spec.genesis.easiestTarget;
const twice = builder.engine
  .slot(tip.record, miner.publicKey)
  ?.target.map((byte, at) => (at === 0 ? byte >> 1 : byte));

describe("a Proof of Work chain is replayed", () => {
  it("without a finding where it is true, also beside this audit's clock", async () => {
    const file = await withBlock({ transactions: [builder.transfer(alice, 0, bob, 5n)] });
    assert.deepEqual(told(judge(file)), []);
    assert.deepEqual(notJudged(judge(file)), []);
    assert.deepEqual(told(judge(file, { nowMs: genesisMs + 3_600_000 })), []);
    const late = told(judge(file, { nowMs: genesisMs - 10_000 }));
    assert.ok(late.includes("work: blocks, block 6, timestamp_ms"), String(late));
  });

  it("and finds a block that breaks a rule of work, once", async () => {
    const cases: readonly (readonly [string, BlockWishes, string])[] = [
      ["a target that is not the next one", { header: { target: twice ?? easiest } }, "target"],
      ["a time too near", { header: { timestampMs: tip.record.header.timestampMs + 1 } }, "timestamp_ms"],
      ["a hash above the target", { seal: { nonce: new Uint8Array(32).fill(0xee) } }, "hash"],
      ["a signature in the seal", { seal: { signature: new Uint8Array(64) } }, "seal_signature"],
      ["another next target", { header: { consensusStateHash: sha256(easiest) } }, "consensus_state_hash"],
    ];
    for (const [what, wishes, column] of cases) {
      const found = told(judge(await withBlock(wishes, 0))).filter((text) => text.startsWith("work"));
      assert.deepEqual(found, [`work: blocks, block 4, ${column}`], what);
    }
  });

  it("and finds an easy tail that somebody mined for nothing", async () => {
    const file = newFile();
    const forged: BuiltBlock[] = [];
    for (let count = 0; count < 3; count += 1) {
      forged.push(builder.on(forged.at(-1) ?? tip, { header: { target: new Uint8Array(32).fill(0xff) } }));
    }
    await writeBlocks(file, builder, [...start, ...forged]);
    const found = told(judge(file));
    assert.ok(found.includes("work: blocks, block 4, target"), String(found));
  });

  it("and adds up the work", async () => {
    const file = await withBlock({});
    change(file, `UPDATE blocks SET cumulative_weight = cumulative_weight + 1 WHERE "index" = 2`);
    assert.deepEqual(told(judge(file)), ["work: blocks, block 2, cumulative_weight"]);
  });

  it("and finds what no node would have executed, and another ledger than the header's", async () => {
    const tooMuch = builder.transfer(alice, 0, bob, 5_000_000_000_000n);
    const gap = builder.transfer(alice, 7, bob, 1n);
    const again = [builder.transfer(alice, 0, bob, 1n), builder.transfer(alice, 0, bob, 1n)];
    const cases: readonly (readonly [string, BlockWishes, string[]])[] = [
      [
        "more than it has",
        { transactions: [tooMuch] },
        ["state: transactions, block 4, transaction 0, amount_units"],
      ],
      ["a gap", { transactions: [gap] }, ["transactions: transactions, block 4, transaction 0, sequence"]],
      ["twice", { transactions: again }, ["transactions: transactions, block 4, transaction 1, sequence"]],
      ["another root", { header: { stateRoot: new Uint8Array(32) } }, ["state: blocks, block 4, state_root"]],
    ];
    for (const [what, wishes, places] of cases) {
      const judgement = judge(await withBlock(wishes));
      const found = told(judgement).filter((text) => /^(state|transactions)/.test(text));
      assert.deepEqual(found, places, what);
      assert.deepEqual(notJudged(judgement), [], `${what}: the next header commits to the ledger again`);
    }
  });
});

describe("the rows of a Proof of Work ledger", () => {
  let rich = "";
  before(async () => {
    rich = newFile();
    await writeWorkLedger(rich);
  });

  it("follow from the replay: miners, a pool, reorganizations, halving, maturity, amounts over 2^63", () => {
    const judgement = judge(rich);
    assert.deepEqual([told(judgement), notJudged(judgement)], [[], []]);
    assert.match(String(judgement.authority.notApplicable), /Proof of Work/);
  });

  const cases: readonly (readonly [string, string])[] = [
    [
      "UPDATE users SET registered_in = registered_in + 1 WHERE name = 'bob@example.com'",
      "tables: users, name bob@example.com",
    ],
    [
      "UPDATE users SET account = (SELECT producer FROM blocks WHERE producer IS NOT NULL LIMIT 1) WHERE name = 'bob@example.com'",
      "tables: users, name bob@example.com, account",
    ],
    ["DELETE FROM users WHERE name = 'bob@example.com'", "tables: users, name bob@example.com"],
    ["UPDATE users SET registered_in = 100 WHERE name = 'bob@example.com'", "tables: users, "],
    ["UPDATE assets SET metadata = 'other' WHERE symbol = 'GOLD'", "metadata"],
    ["UPDATE assets SET issuer = 'mallory' WHERE symbol = 'GOLD'", "issuer"],
    [
      "UPDATE assets SET supply_units = 1 WHERE asset_id = 'AUR'",
      "tables: assets, asset_id AUR, supply_units",
    ],
    ["DELETE FROM assets WHERE symbol = 'FINE'", "tables: assets, asset_id"],
    [
      "UPDATE allocations SET amount_units = amount_units + 1 WHERE amount_units < 1e12",
      "tables: allocations, account",
    ],
    ["DELETE FROM allocations WHERE amount_units_large IS NOT NULL", "tables: balances, "],
    ["UPDATE mining_pool SET blocks_found = blocks_found + 1 WHERE pool = 'solo'", "blocks_found"],
    [
      "UPDATE mining_pool SET rewards_paid_units = rewards_paid_units + 1 WHERE pool = 'solo'",
      "rewards_paid_units",
    ],
    ["UPDATE mining_pool SET origin = 'observed' WHERE pool = 'solo'", "origin"],
    [
      "UPDATE mining_pool SET rewards_paid_units = rewards_paid_units + 101 WHERE payout_transaction IS NOT NULL",
      "rewards_paid_units",
    ],
    [
      "UPDATE mining_pool SET payout_transaction = (SELECT id FROM transactions LIMIT 1) WHERE payout_transaction IS NOT NULL",
      "payout_transaction",
    ],
    ["UPDATE mining_pool SET node_id = 'x' WHERE pool <> 'solo'", "node_id"],
    ["UPDATE mining_pool SET rewards_due_text = '1' WHERE pool <> 'solo'", "rewards_due_text"],
    [
      "UPDATE transactions SET amount_units = amount_units + 1 WHERE amount_units = 6 AND asset_id = 'AUR'",
      "tables: balances, ",
    ],
    ['UPDATE blocks SET reward_units = 1 WHERE "index" = 2', "tables: balances, "],
    ["UPDATE meta SET final_index = 3, final_hash = ''", "authority: meta, chain"],
    [
      "INSERT INTO authority_changes SELECT chain_id, 2, 'aurex1x', 'x', 'added', 'chain' FROM meta",
      "authority: authority_changes, account aurex1x",
    ],
  ];
  for (const [statement, place] of cases) {
    it(`do not after ${statement.slice(0, 70)}`, async () => {
      const file = newFile();
      await copyFile(rich, file);
      change(file, statement);
      const found = told(judge(file));
      assert.ok(
        found.some((text) => text.includes(place)),
        `${place} is not among ${found.join("; ")}`,
      );
    });
  }

  it("hold the CHECKs of their tables, which SQLite passes over in a file that is opened to be read only", async () => {
    for (const set of [
      "meta SET updated_at_ms = 'late'",
      "nodes SET port = 'x'",
      "mining_pool SET hash_rate = 'fast'",
    ]) {
      const file = newFile();
      await copyFile(rich, file);
      change(file, `UPDATE ${set}`);
      const { schema, findings } = await auditLedger({ file, jobs: 1 });
      assert.equal(schema.status, "fails", set);
      assert.equal(findings[0]?.table, set.split(" ")[0]);
    }
  });

  it("are judged as far as they can be where a block is missing or does not decode, and what cannot is said once", async () => {
    const [gap, damaged, healed] = [newFile(), newFile(), newFile()];
    for (const file of [gap, damaged, healed]) await copyFile(rich, file);
    change(gap, `DELETE FROM blocks WHERE "index" = 4`);
    const missing = judge(gap);
    assert.deepEqual(
      told(missing).filter((text) => !text.startsWith("tables")),
      [],
    );
    assert.match(notJudged(missing).join("\n"), /state: the ledger after blocks 5 to \d+/);
    assert.match(notJudged(missing).join("\n"), /work: whether the targets of block 5 follow/);
    change(damaged, "UPDATE transactions SET bytes = x'00' WHERE block_id = 3 AND position = 1");
    const judgement = judge(damaged);
    assert.deepEqual(
      told(judgement).filter((text) => !text.startsWith("tables")),
      [],
    );
    assert.match(notJudged(judgement).join("\n"), /state: the ledger after blocks 3 to \d+/);
    // The header's bytes are lost, and the columns say the same.
    change(healed, `UPDATE blocks SET header_bytes = zeroblob(4) WHERE "index" = 5`);
    assert.deepEqual(
      [told(judge(healed)), notJudged(judge(healed))].flat().filter((text) => !/miners/.test(text)),
      [],
    );
  });
});
