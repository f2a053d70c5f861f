/** The audit of real ledgers of both engines: nothing is found in what the export wrote, and what was changed is found by the check that should. */
import assert from "node:assert/strict";
import path from "node:path";
import { before, describe, it } from "node:test";
import { auditLedger } from "../../src/audit/audit-ledger.ts";
import { type CheckName, checkNames } from "../../src/audit/finding.ts";
import { ledgerDigests } from "../../src/audit/ledger-digest.ts";
import { openLedger } from "../../src/audit/ledger-opening.ts";
import { toHex } from "../../src/base/bytes.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { changedCopy, failing, foundBy } from "./audited.ts";
import { type ToldChain, writeAuthorityLedger, writeMixedLedger, writeWorkLedger } from "./ledgers.ts";

const files = { poa: "", pow: "", mixed: "" };
const told: Partial<Record<keyof typeof files, ToldChain>> = {};

before(async () => {
  const folder = await folderUntilEnd("aurex-audit-");
  for (const name of ["poa", "pow", "mixed"] as const) files[name] = path.join(folder, `${name}.sqlite`);
  told.poa = await writeAuthorityLedger(files.poa);
  told.pow = await writeWorkLedger(files.pow);
  await writeMixedLedger(files.mixed);
});

const hashOf = (name: "poa" | "pow", height: number) => told[name]?.blocks[height]?.record.hashHex ?? "";
const chainIdOf = (name: "poa" | "pow") => toHex(told[name]?.spec.chainId ?? new Uint8Array());

describe("an untouched ledger", () => {
  for (const name of ["poa", "pow", "mixed"] as const) {
    it(`of ${name} holds, every check having looked`, async () => {
      const result = await auditLedger({ file: files[name], jobs: 1 });
      assert.deepEqual(foundBy(result), []);
      assert.equal(result.holds, true);
      assert.equal(result.verdict, "consistent");
      assert.equal(result.chains.length, name === "mixed" ? 2 : 1);
      for (const { checks, blocks, consensus } of result.chains) {
        const foreign = consensus === "pow" ? "authority" : "work";
        for (const check of checks) {
          const isIdle = check.name === foreign || check.name === "append";
          assert.equal(check.status, isIdle ? "does-not-apply" : "holds", check.name);
          if (!isIdle) assert.ok(check.rows > 0, `${check.name} has looked at nothing`);
        }
        assert.ok(blocks > 15);
      }
    });
  }

  it("gives the same on threads, each with its own view of the file", async () => {
    const alone = await auditLedger({ file: files.mixed, jobs: 1 });
    const threads = await auditLedger({ file: files.mixed, jobs: 2, rowsForThreads: 0 });
    assert.equal(threads.jobs, 2);
    const told = (result: typeof alone) =>
      result.chains.map(({ checks, words }) => [
        words,
        checks.map(({ name, status, rows }) => [name, status, rows]),
      ]);
    assert.deepEqual(told(threads), told(alone));
    const changed = changedCopy(files.mixed, "UPDATE transactions SET data = 'x' WHERE position = 1");
    const [one, two] = [
      await auditLedger({ file: changed, jobs: 1 }),
      await auditLedger({ file: changed, jobs: 2, rowsForThreads: 0 }),
    ];
    assert.deepEqual(failing(two), failing(one));
    assert.deepEqual(foundBy(two).toSorted(), foundBy(one).toSorted());
  });
});

/** Where not said, of the chain of Proof of Authority. */
const changes: readonly [what: string, sql: string, check: CheckName, column: string | null, of?: "pow"][] = [
  ["a view shows something else", "DROP VIEW users_at_a_glance", "schema", null],
  ["an index is dropped", "DROP INDEX transactions_id", "schema", null],
  [
    "a trigger is added",
    "CREATE TRIGGER t AFTER INSERT ON users BEGIN DELETE FROM users; END",
    "schema",
    null,
  ],
  ["a table is added", "CREATE TABLE notes (text)", "schema", null],
  [
    "the dictionary says something else",
    "UPDATE data_dictionary SET meaning = 'x' WHERE column_name = 'fee_units'",
    "schema",
    "meaning",
  ],
  ["the README says something else", "UPDATE README SET text = 'trust me' WHERE line = 2", "schema", "text"],
  ["the file claims another version", "PRAGMA user_version = 6", "schema", "user_version"],
  [
    "a block is taken out",
    `DELETE FROM transactions WHERE block_id = 5; DELETE FROM blocks WHERE "index" = 5`,
    "chain",
    "index",
  ],
  [
    "a block is doubled under another height",
    `INSERT INTO blocks SELECT * FROM (SELECT * FROM blocks WHERE "index" = 4) WHERE FALSE; UPDATE blocks SET "index" = 99 WHERE "index" = 17`,
    "chain",
    "index",
  ],
  [
    "the cursor is moved back",
    "UPDATE meta SET cursor_index = 16, final_index = 15",
    "chain",
    "cursor_index",
  ],
  ["the final hash is another", "UPDATE meta SET final_hash = genesis_hash", "chain", "final_hash"],
  ["the network has another name", "UPDATE meta SET name = 'x'", "chain", "name"],
  ["the genesis is another", "UPDATE meta SET genesis_bytes = x'00'", "chain", "genesis_bytes"],
  [
    "a timestamp is moved",
    `UPDATE blocks SET timestamp_iso = '2020-01-01T00:00:00.000Z' WHERE "index" = 3`,
    "headers",
    "timestamp_iso",
  ],
  [
    "a real number stands for a whole one",
    `UPDATE blocks SET nonce = 1.5 WHERE "index" = 3`,
    "headers",
    "nonce",
    "pow",
  ],
  [
    "a header has one bit less",
    `UPDATE blocks SET header_bytes = substr(header_bytes, 1, 308) WHERE "index" = 3`,
    "headers",
    "header_bytes",
  ],
  [
    "what a block does is told otherwise",
    `UPDATE blocks SET data = '[]' WHERE "index" = 1`,
    "headers",
    "data",
  ],
  [
    "a name has a letter that looks alike",
    "UPDATE transactions SET from_user = replace(from_user, 'a', char(1072)) WHERE from_user LIKE '%a%@%'",
    "transactions",
    "from_user",
  ],
  [
    "a text ends with NUL",
    "UPDATE transactions SET data = data || char(0) WHERE data <> ''",
    "transactions",
    "data",
  ],
  [
    "an amount is text",
    "UPDATE transactions SET amount_units = 'x' WHERE amount_units IS NOT NULL",
    "transactions",
    "amount_units",
  ],
  [
    "a signature has one bit changed",
    "UPDATE transactions SET bytes = CAST(substr(bytes, 1, 70) || x'00' || substr(bytes, 72) AS BLOB) WHERE position = 0",
    "transactions",
    "signature",
  ],
  [
    "two transactions are swapped",
    "UPDATE transactions SET transaction_key = -transaction_key WHERE block_id = 1 AND position = 0; UPDATE transactions SET transaction_key = transaction_key - 1 WHERE block_id = 1 AND position = 1; UPDATE transactions SET transaction_key = -transaction_key + 1 WHERE transaction_key < 0",
    "blocks",
    "transactions_root",
  ],
  [
    "a transaction is taken out",
    "DELETE FROM transactions WHERE block_id = 2 AND position = 2",
    "blocks",
    "transaction_count",
  ],
  [
    "a transaction stands outside",
    "UPDATE transactions SET transaction_key = 5 WHERE block_id = 2 AND position = 2",
    "transactions",
    "transaction_key",
  ],
  [
    "a certificate is taken out",
    `UPDATE blocks SET consensus_bytes = (SELECT consensus_bytes FROM blocks WHERE "index" = 0) WHERE "index" = 12`,
    "blocks",
    "consensus_root",
  ],
  ["a node's port is another", "UPDATE nodes SET port = 1", "observed", "port"],
  ["a node's record is forged", "UPDATE nodes SET record_bytes = zeroblob(400)", "observed", "record_bytes"],
  [
    "a block that left the chain says something else",
    "UPDATE orphaned_blocks SET data = '[]'",
    "orphans",
    "data",
  ],
  [
    "a block that left the chain is taken out",
    `DELETE FROM orphaned_blocks WHERE "index" = (SELECT MAX("index") FROM orphaned_blocks)`,
    "orphans",
    "old_index",
  ],
  [
    "a reorganization parted elsewhere",
    "UPDATE reorgs SET fork_index = fork_index - 1",
    "orphans",
    "fork_hash",
  ],
];

describe("a changed ledger", () => {
  for (const [what, sql, check, column, of] of changes) {
    it(`${what}: ${check} finds it`, async () => {
      const text = sql === "DROP VIEW users_at_a_glance" ? redefineView : sql;
      const result = await auditLedger({ file: changedCopy(files[of ?? "poa"], text), jobs: 1 });
      assert.equal(result.holds, false);
      assert.equal(result.verdict, "failed");
      const all = [...result.findings, ...result.chains.flatMap(({ findings }) => findings)];
      const found = all.filter((finding) => finding.check === check && finding.column === column);
      assert.ok(found.length > 0, foundBy(result).join("\n"));
      for (const { expected, found: seen, meaning } of all) {
        assert.ok(meaning.length > 20 && expected.length <= 200 && seen.length <= 200);
      }
    });
  }
});

const redefineView =
  "DROP VIEW daily_volume; CREATE VIEW daily_volume AS SELECT chain_id, '2020-01-01' AS day FROM meta";

describe("what is known from somebody else", () => {
  it("a genesis makes the chain authentic, and another one does not hold", async () => {
    for (const genesis of [chainIdOf("poa"), hashOf("poa", 0)]) {
      const { verdict, chains } = await auditLedger({ file: files.poa, genesis: [genesis], jobs: 1 });
      assert.equal(verdict, "authentic");
      assert.match(chains[0]?.words ?? "", /^authentic up to block 17:/);
    }
    const other = await auditLedger({ file: files.poa, genesis: [chainIdOf("pow")], jobs: 1 });
    assert.deepEqual(failing(other), { chain: 1 });
  });

  it("of a file with two chains, one genesis speaks for one of them", async () => {
    const { holds, verdict, chains } = await auditLedger({
      ...{ file: files.mixed, genesis: [chainIdOf("pow")], jobs: 1 },
    });
    assert.equal(holds, true);
    assert.equal(verdict, "consistent");
    assert.deepEqual(
      chains.map((chain) => chain.verdict),
      ["consistent", "authentic"],
    );
  });

  it("a head makes it complete up to there", async () => {
    const newest = await auditLedger({ file: files.poa, heads: [hashOf("poa", 17)], jobs: 1 });
    assert.match(newest.chains[0]?.words ?? "", /^authentic and complete up to block 17:/);
    const older = await auditLedger({ file: files.poa, heads: [hashOf("poa", 9)], jobs: 1 });
    assert.deepEqual(
      [newest, older].map(({ chains }) => chains[0]?.upTo),
      [17, 9],
    );
    assert.equal(older.verdict, "complete");
    assert.match(older.chains[0]?.words ?? "", /^authentic up to block 17, and complete up to block 9:/);
    assert.ok(older.chains[0]?.notProved.some(({ what }) => /cut off after block 9/.test(what)));
  });

  it("a cut tail is seen by the head alone", async () => {
    const cut = changedCopy(
      files.pow,
      `DELETE FROM transactions WHERE block_id = 22; DELETE FROM blocks WHERE "index" = 22;
       UPDATE meta SET cursor_index = 21, cursor_hash = (SELECT hash FROM blocks WHERE "index" = 21)`,
    );
    const blind = failing(await auditLedger({ file: cut, jobs: 1 }));
    // Only what the last block had changed in the sums of miners shows it.
    assert.deepEqual(
      Object.keys(blind).filter((name) => name !== "tables"),
      [],
    );
    const seen = await auditLedger({ file: cut, heads: [hashOf("pow", 22)], jobs: 1 });
    assert.equal(failing(seen).append, 1);
  });

  it("a digest holds as long as its rows are as they were", async () => {
    const db = openLedger(files.poa);
    const entries = [...ledgerDigests(db, chainIdOf("poa"))];
    db.close();
    const { height = 0, hash = "", digest = new Uint8Array() } = entries[9] ?? {};
    const since = [{ chainId: chainIdOf("poa"), height, hash, contentDigest: toHex(digest) }];
    for (const threads of [{ jobs: 1 }, { jobs: 2, rowsForThreads: 0 }]) {
      const held = await auditLedger({ file: files.poa, since, ...threads });
      assert.deepEqual(foundBy(held), []);
      assert.match(held.chains[0]?.words ?? "", /complete up to block 9:/);
    }
    const below = changedCopy(
      files.poa,
      "UPDATE transactions SET data = 'x' WHERE block_id = 1 AND position = 1",
    );
    assert.equal(failing(await auditLedger({ file: below, since, jobs: 1 })).append, 1);
    const above = changedCopy(files.poa, "UPDATE transactions SET data = 'x' WHERE block_id > 9");
    assert.equal(failing(await auditLedger({ file: above, since, jobs: 1 })).append, undefined);
    const elsewhere = await auditLedger({ file: files.pow, since, jobs: 1 });
    assert.equal(failing(elsewhere).append, 1);
    assert.match(foundBy(elsewhere).join(), new RegExp(chainIdOf("poa")));
  });

  it("one chain of two can be asked for, and one that is not there cannot", async () => {
    const { chains } = await auditLedger({ file: files.mixed, chain: chainIdOf("pow"), jobs: 1 });
    assert.deepEqual(
      chains.map(({ consensus }) => consensus),
      ["pow"],
    );
    await assert.rejects(auditLedger({ file: files.poa, chain: chainIdOf("pow") }), {
      code: "audit/unknown-chain",
    });
  });
});

it("no check is without a failing case here or beside (test/audit/replay-*.test.ts)", () => {
  const here = new Set<string>([...changes.map(([, , check]) => check), "append"]);
  const beside = ["work", "authority", "state", "tables"];
  assert.deepEqual(
    checkNames.filter((name) => !here.has(name)),
    beside,
  );
});
