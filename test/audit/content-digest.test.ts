/** The content digest: its format with vectors, the same from any way of writing a ledger, and by the lines that the docs print. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { ContentDigest, canonicalRow, type DigestRow } from "../../src/audit/content-digest.ts";
import { digestColumns } from "../../src/audit/digest-columns.ts";
import { type LedgerContentError, ledgerDigests } from "../../src/audit/ledger-digest.ts";
import { toHex } from "../../src/base/bytes.ts";
import { ledgerTables } from "../../src/export/ledger-tables.ts";
import { issuedAssetId } from "../../src/protocol/transaction.ts";
import { exportOnce, jobFor, temporaryFolder } from "../export/ledger-contents.ts";
import {
  issueAsset,
  keyOf,
  record,
  registerUser,
  SyntheticChain,
  transfer,
} from "../export/synthetic-chain.ts";

const page = readFileSync(new URL("../../docs/content-digest.md", import.meta.url), "utf8");

const meta: DigestRow = {
  chain_id: "00",
  name: "grüße",
  consensus: "pow",
  genesis_hash: "11",
  genesis_bytes: Uint8Array.of(0, 255),
  reward_maturity_blocks: 2n,
};
const allocation: DigestRow = {
  chain_id: "00",
  account: "ax1example",
  amount_units: 5_000_000_000_000_000n,
  amount_units_large: null,
  amount_text: "50000000.00000000",
};
const genesisDigest = "3ae171518e37eab7c6ef42b4748f5e682a4a5fd8eb268802825ebe4d39237ecd";

test("rows are hashed as the page writes them", () => {
  const text = canonicalRow("meta", meta) + canonicalRow("allocations", allocation);
  assert.ok(page.includes(`\`\`\`\naurex/ledger-content/1\n${text}\`\`\``), text);
  const digest = new ContentDigest(meta, [allocation]);
  assert.equal(
    toHex(digest.current),
    createHash("sha256").update(`aurex/ledger-content/1\n${text}`).digest("hex"),
  );
  assert.equal(toHex(digest.current), genesisDigest);
  assert.ok(page.includes(genesisDigest));
  const amounts: [DigestRow[string], string][] = [
    [10.5, "R4025000000000000"],
    [0, "R0000000000000000"],
    [-0.1, "Rbfb999999999999a"],
    [-(2n ** 63n), "I-9223372036854775808"],
    ["", "S0:"],
    ["a\nb=N\n😀", "S10:a\nb=N\n😀"],
    [new Uint8Array(), "B"],
    [Buffer.from("..\u0001\u00ff", "latin1").subarray(2), "B01ff"],
    [null, "N"],
  ];
  for (const [value, text] of amounts) {
    assert.ok(
      canonicalRow("allocations", { ...allocation, amount_units: value }).includes(`amount_units=${text}\n`),
    );
  }
});

test("the digest covers exactly the columns that follow from the chain", () => {
  for (const [table, names] of Object.entries(digestColumns)) {
    const found = ledgerTables.find(({ name }) => name === table);
    const chained = found?.columns.filter(({ source }) => source === "chain" || source === "genesis");
    assert.deepEqual(
      names,
      chained?.map(({ name }) => name).filter((name) => name !== "transaction_key"),
      table,
    );
    assert.ok(page.includes(`| \`${table}\` | ${names.map((name) => `\`${name}\``).join(" ")} |`), table);
  }
});

/** Users and assets against the order of their names, amounts beyond 2^63, markup, and a block with nothing in it. */
function richChain(): SyntheticChain {
  const chain = new SyntheticChain("pow");
  const [alice, bob] = [keyOf(100), keyOf(101)];
  const issue = chain.sign(alice, issueAsset("ZED", 18, 2n ** 64n - 1n), 2);
  chain.append(keyOf(1), [
    chain.sign(alice, registerUser("zoe@example.com"), 0),
    chain.sign(bob, registerUser("adam@example.com"), 0),
    chain.sign(alice, record('=cmd|"/c calc"!A0\r\n,😀\t'), 1),
    issue,
    chain.sign(bob, issueAsset("ACE", 0, 3n), 1),
  ]);
  chain.append(keyOf(2), []);
  chain.append(keyOf(1), [chain.sign(alice, transfer(bob, 2n ** 64n - 1n, "", issuedAssetId(issue)), 3, 7n)]);
  return chain;
}

function digestsOf(file: string, chainId: string): string[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return [...ledgerDigests(db, chainId)].map(({ digest }) => toHex(digest));
  } finally {
    db.close();
  }
}

test("a ledger that followed a reorganization has the digests of one that was written at once", async (context) => {
  const folder = await temporaryFolder(context);
  const chain = richChain();
  const chainId = toHex(chain.spec.chainId);
  const [once, often] = [join(folder, "once.sqlite"), join(folder, "often.sqlite")];
  await exportOnce(often, new SyntheticChain("poa"));
  const job = jobFor(often, chain);
  await job.catchUp();
  const before = digestsOf(often, chainId);
  chain.rewindTo(1);
  chain.append(keyOf(3), [chain.sign(keyOf(101), record("other"), 2)], 7);
  await job.catchUp();
  job.close();
  await exportOnce(once, chain);
  const after = digestsOf(once, chainId);
  assert.deepEqual(digestsOf(often, chainId), after);
  assert.equal(after.length, 3);
  assert.deepEqual(after.slice(0, 2), before.slice(0, 2));
  assert.notEqual(after[2], before[2]);
});

test("Python's standard library makes the same digest by the page's lines", async (context) => {
  if (spawnSync("python3", ["-c", "import sqlite3"]).status !== 0) return context.skip("no python3 here");
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const chain = richChain();
  await exportOnce(file, chain);
  const [, program = ""] = /```python\n([\s\S]*?)```/.exec(page) ?? [];
  const lines = `${program}\nimport sys\nfor at in range(4): print(digest(sys.argv[1], at=at))\n`;
  const { stdout, stderr } = spawnSync("python3", ["-", file], { input: lines, encoding: "utf8" });
  assert.equal(stderr, "");
  assert.deepEqual(stdout.trim().split("\n"), digestsOf(file, toHex(chain.spec.chainId)));
});

test("whatever is changed in a row that follows from the chain changes the digest, or it is said what does not fit", async (context) => {
  const folder = await temporaryFolder(context);
  const file = join(folder, "ledger.sqlite");
  const chain = richChain();
  const chainId = toHex(chain.spec.chainId);
  await exportOnce(file, chain);
  const honest = digestsOf(file, chainId).at(-1);
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  context.after(() => db.close());
  db.exec("PRAGMA ignore_check_constraints = ON");
  let changed = 0;
  for (const [table, names] of Object.entries(digestColumns)) {
    for (const name of names) {
      const row = db.prepare(`SELECT rowid AS rowid FROM ${table} WHERE chain_id = ? LIMIT 1`).get(chainId);
      if (!row) continue;
      db.exec("SAVEPOINT here");
      db.prepare(
        `UPDATE ${table} SET "${name}" = CASE typeof("${name}") WHEN 'null' THEN 'x' WHEN 'blob' THEN x'00' WHEN 'text' THEN "${name}" || ' ' ELSE "${name}" + 1000 END WHERE rowid = ?`,
      ).run(Number(row.rowid));
      let found: string | undefined;
      try {
        found = toHex([...ledgerDigests(db, chainId)].at(-1)?.digest ?? new Uint8Array());
      } catch (thrown) {
        assert.ok((thrown as LedgerContentError).next, `${table}.${name}: ${thrown}`);
      }
      assert.notEqual(found, honest, `${table}.${name}`);
      changed += 1;
      db.exec("ROLLBACK TO here; RELEASE here");
    }
  }
  assert.ok(changed > 80, `${changed}`);
  assert.equal(toHex([...ledgerDigests(db, chainId)].at(-1)?.digest ?? new Uint8Array()), honest);
});

test("nothing of a hostile file is run: a view or a computed column in the place of a table is refused", async (context) => {
  const folder = await temporaryFolder(context);
  const chainId = toHex(new SyntheticChain("pow").spec.chainId);
  const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT";
  const hostile: Record<string, string> = {
    "no table of this name": `DROP TABLE users; CREATE VIEW users AS ${endless} '' AS name FROM n`,
    "it has no column change of its own":
      "DROP TABLE authority_changes; CREATE TABLE authority_changes (chain_id, block_id, account, node_id, change AS (zeroblob(1000000000)), origin)",
    "the next row of blocks": `DELETE FROM blocks WHERE "index" = 1`,
    "its block_id is 9": `INSERT INTO authority_changes SELECT chain_id, 9, 'a', 'b', 'added', 'chain' FROM meta`,
  };
  for (const [why, sql] of Object.entries(hostile)) {
    const file = join(folder, `${Object.keys(hostile).indexOf(why)}.sqlite`);
    await exportOnce(file, richChain());
    const db = new DatabaseSync(file, { enableForeignKeyConstraints: false });
    try {
      db.exec(sql);
      assert.throws(
        () => [...ledgerDigests(db, chainId)],
        (thrown: LedgerContentError) => thrown.why.includes(why),
      );
    } finally {
      db.close();
    }
  }
});
