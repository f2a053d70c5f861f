/** Files that want to harm whoever audits them: nothing in them is run, nothing of them fills the memory, and what can be judged is judged. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { before, describe, it } from "node:test";
import { auditLedger } from "../../src/audit/audit-ledger.ts";
import { run } from "../cli/test-terminal.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { changedCopy, failing, foundBy } from "./audited.ts";
import { writeAuthorityLedger } from "./ledgers.ts";

let folder = "";
let file = "";

before(async () => {
  folder = await folderUntilEnd("aurex-hostile-");
  file = path.join(folder, "ledger.sqlite");
  await writeAuthorityLedger(file);
});

/** A view that never ends, whoever reads it. */
const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

describe("a file that wants to harm", () => {
  for (const table of [
    "meta",
    "blocks",
    "transactions",
    "users",
    "nodes",
    "data_dictionary",
    "orphaned_blocks",
  ]) {
    it(`has a view that never ends in the place of ${table}`, async () => {
      const changed = changedCopy(file, `DROP TABLE ${table}; CREATE VIEW ${table} AS ${endless}`);
      const result = await auditLedger({ file: changed, jobs: 1 });
      assert.ok((failing(result).schema ?? 0) > 0, foundBy(result).join("\n"));
      assert.equal(result.holds, false);
    });
  }

  it("has a view that never ends under the name of a shipped view", async () => {
    const changed = changedCopy(file, `DROP VIEW balances; CREATE VIEW balances AS ${endless}`);
    const result = await auditLedger({ file: changed, jobs: 1 });
    assert.deepEqual(failing(result), { schema: 1 });
  });

  it("has a generated column that fills the memory in the place of a stored one", async () => {
    const changed = changedCopy(file, (db) => {
      const bomb = '"origin" TEXT GENERATED ALWAYS AS (hex(zeroblob(400000000))) VIRTUAL';
      const { changes: changed } = db
        .prepare("UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'users'")
        .run('"origin" TEXT NOT NULL', bomb);
      assert.equal(changed, 1);
    });
    const result = await auditLedger({ file: changed, jobs: 1 });
    assert.ok((failing(result).schema ?? 0) > 0);
    assert.equal(failing(result).transactions, undefined, "what can be judged is judged");
  });

  it("has a value that is larger than any ledger's", async () => {
    const changed = changedCopy(
      file,
      "UPDATE transactions SET bytes = zeroblob(40000000) WHERE block_id = 2 AND position = 0",
    );
    for (const threads of [{ jobs: 1 }, { jobs: 2, rowsForThreads: 0 }]) {
      const result = await auditLedger({ file: changed, ...threads });
      const found = foundBy(result).join("\n");
      assert.match(found, /schema: transactions, rowid \d+, null: values of at most 16 MiB/);
      assert.match(found, /blocks: blocks, block 2, transaction_count/);
      assert.equal(result.chains[0]?.blocks, 18, "the blocks behind it are judged, too");
    }
  });

  it("has rows by the thousand that belong to nothing", async () => {
    const junk = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)`;
    const changed = changedCopy(
      file,
      `INSERT INTO users SELECT 'n' || i, 'a' || i, 3, 0, 't' || i, chain_id, 'chain' FROM (${junk} SELECT i FROM n), meta;
       INSERT INTO authority_changes SELECT chain_id, 2, 'a' || i, 'n', 'added', 'chain' FROM (${junk} SELECT i FROM n), meta`,
    );
    const result = await auditLedger({ file: changed, jobs: 1 });
    assert.ok((failing(result).tables ?? 0) > 5_000);
    assert.ok(
      result.chains.every(({ findings }) => findings.length <= 2_000),
      "findings are bounded",
    );
    assert.equal(failing(result).transactions, undefined);
  });

  it("has markup, escapes and line ends in what a person is shown", async () => {
    const changed = changedCopy(
      file,
      "UPDATE nodes SET name = char(27) || '[2J' || char(10) || '<script>' || char(8238)",
    );
    const { code, stdout } = await run(["audit", changed]);
    assert.equal(code, 9);
    assert.match(stdout, /\\u\{1b\}\[2J\\u\{a\}<script>\\u\{202e\}/);
  });

  it("claims a height that no loop ends at", async () => {
    const changed = changedCopy(
      file,
      `UPDATE blocks SET "index" = 68719476000 WHERE "index" = 17; UPDATE meta SET cursor_index = 68719476000`,
    );
    const result = await auditLedger({ file: changed, jobs: 1 });
    assert.ok((failing(result).chain ?? 0) > 0);
    assert.equal(result.chains[0]?.blocks, 18);
  });

  it("is damaged in the middle", async () => {
    const changed = path.join(folder, "torn.sqlite");
    copyFileSync(file, changed);
    truncateSync(changed, 200 * 1024);
    const { code, stdout, stderr } = await run(["audit", changed]);
    assert.equal(code, 9, stdout + stderr);
  });
});

describe("a file that is no ledger of this version", () => {
  const refused: readonly [what: string, make: (at: string) => void, code: number, says: RegExp][] = [
    ["is not there", () => {}, 2, /there is no ledger/],
    ["is a directory", (at) => mkdirSync(at), 2, /it is a directory/],
    ["is empty", (at) => writeFileSync(at, ""), 2, /the file is empty/],
    ["is no database", (at) => writeFileSync(at, "x".repeat(10_000)), 2, /not an SQLite database/],
    [
      "is an empty database",
      (at) => withDatabase(at, "CREATE TABLE t (x); DROP TABLE t"),
      2,
      /empty database/,
    ],
    [
      "is the database of another program",
      (at) => withDatabase(at, "CREATE TABLE t (x)"),
      2,
      /another program/,
    ],
    ["has an older schema", (at) => withDatabase(at, older), 5, /written by an older Aurex[\s\S]*version 4/],
    ["has a newer schema", (at) => withDatabase(at, newer), 5, /written by a newer Aurex/],
  ];
  for (const [what, make, expected, says] of refused) {
    it(`${what}: the refusal says so`, async () => {
      const at = path.join(folder, what.replaceAll(" ", "-"));
      make(at);
      const { code, stderr } = await run(["audit", at]);
      assert.equal(code, expected, stderr);
      assert.match(stderr, says);
      assert.match(stderr, /^Next: /m);
    });
  }
});

const tables = "CREATE TABLE meta (x); CREATE TABLE blocks (x); CREATE TABLE transactions (x);";
const older = `${tables} PRAGMA application_id = ${0x4155_584c}; PRAGMA user_version = 4`;
const newer = `${tables} PRAGMA application_id = ${0x4155_584c}; PRAGMA user_version = 99`;

function withDatabase(at: string, sql: string): void {
  const db = new DatabaseSync(at);
  db.exec(sql);
  db.close();
}

describe("where a file lies", () => {
  it("beside a writer, an audit sees one moment, and leaves nothing behind", async () => {
    const busy = path.join(folder, "busy.sqlite");
    copyFileSync(file, busy);
    const writer = new DatabaseSync(busy);
    writer.exec(
      "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; UPDATE meta SET updated_at_ms = updated_at_ms + 1; COMMIT",
    );
    const auditing = auditLedger({ file: busy, jobs: 2, rowsForThreads: 0 });
    // While the threads start and read.
    writer.exec("UPDATE meta SET updated_at_ms = updated_at_ms + 1");
    const result = await auditing;
    assert.deepEqual(foundBy(result), []);
    assert.equal(result.holds, true);
    writer.exec("UPDATE meta SET updated_at_ms = updated_at_ms + 1");
    writer.close();
    assert.equal(existsSync(`${busy}-wal`), false, "the writer could empty its log and remove it");
  });

  it("in a folder that may not be written, in journal mode WAL and without its log", {
    skip: process.getuid?.() === 0 && !canDrop() && "root may write everywhere",
  }, async () => {
    const place = path.join(folder, "read-only");
    mkdirSync(place);
    const there = path.join(place, "ledger.sqlite");
    copyFileSync(file, there);
    withDatabase(there, "PRAGMA journal_mode = WAL");
    chmodSync(place, 0o555);
    try {
      const { holds } = await asNobody(() => auditLedger({ file: there, jobs: 1 }));
      assert.equal(holds, true);
    } finally {
      chmodSync(place, 0o755);
    }
  });
});

/** Root may write everywhere: it becomes another user for a moment. */
function canDrop(): boolean {
  return typeof process.seteuid === "function";
}

async function asNobody<Value>(work: () => Promise<Value>): Promise<Value> {
  if (process.getuid?.() !== 0) return work();
  chmodSync(folder, 0o755);
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
