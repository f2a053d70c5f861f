/** A process that brings a ledger of schema 4 up to date is killed 20 times: the ledger is what it was, or what it becomes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import { everyTable, temporaryFolder } from "./ledger-contents.ts";
import { writeSchema4 } from "./schema-4/write-file.ts";

const rounds = 20;
const copies = 250;

test("kill -9 on the way to schema 5 loses nothing, 20 times", async (context) => {
  const folder = await temporaryFolder(context);
  const [old, whole, file] = ["old", "whole", "ledger"].map((name) => join(folder, `${name}.sqlite`)) as [
    string,
    string,
    string,
  ];
  writeSchema4(old, "pow");
  {
    // Long enough to be killed in: rows of a block that no migration looks at twice.
    using db = new DatabaseSync(old, { enableForeignKeyConstraints: false });
    const stored = db
      .prepare("SELECT name FROM pragma_table_info('transactions') WHERE name <> 'transaction_key'")
      .all()
      .map(({ name }) => `"${name}"`);
    db.exec(
      `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${copies}) ` +
        `INSERT INTO transactions (${stored.join(", ")}, transaction_key) SELECT ${stored.join(", ")}, transaction_key + n * 8 FROM transactions, numbers`,
    );
  }
  await copyFile(old, whole);
  const startMs = performance.now();
  openLedgerFile(whole).close();
  const tookMs = performance.now() - startMs;
  const expected = everyTable(whole);
  const rowsBefore = countOf(old);
  let killedBefore = 0;
  for (let round = 0; round < rounds; round += 1) {
    await copyFile(old, file);
    const program = fileURLToPath(new URL("./schema-4/migrate.ts", import.meta.url));
    const child = spawn(process.execPath, [program, file], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    await once(child.stdout, "data");
    const timer = setTimeout(() => child.kill("SIGKILL"), (tookMs * round) / rounds);
    await exited;
    clearTimeout(timer);
    {
      using db = new DatabaseSync(file, { readOnly: true });
      const version = db.prepare("PRAGMA user_version").get()?.user_version;
      assert.ok(version === 4 || version === 5);
      if (version === 4) killedBefore += 1;
      assert.equal(countOf(file), rowsBefore);
      assert.equal(db.prepare("PRAGMA integrity_check").get()?.integrity_check, "ok");
    }
    openLedgerFile(file).close();
    assert.deepEqual(everyTable(file), expected);
  }
  assert.ok(killedBefore > 0, "at least one kill came before the end");
});

function countOf(file: string): unknown {
  using db = new DatabaseSync(file, { readOnly: true });
  return db.prepare("SELECT COUNT(*) AS rows FROM transactions").get()?.rows;
}
