/** A ledger of an older schema version becomes what a fresh export of its chain is, whatever comes between; never is it lost. */
import assert from "node:assert/strict";
import { copyFileSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import type { ExportError } from "../../src/export/export-error.ts";
import { copyLedger } from "../../src/export/ledger-copy.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import type { MigrationProgress } from "../../src/export/migrations/migrations.ts";
import { decodeBlock } from "../../src/protocol/block.ts";
import { everyTable, exportOnce, jobFor, temporaryFolder } from "./ledger-contents.ts";
import { type Schema4Story, schema4Stories } from "./schema-4/stories.ts";
import { writeSchema4 } from "./schema-4/write-file.ts";

/** All definitions, as the file has them. */
function layout(file: string): string[] {
  using db = new DatabaseSync(file, { readOnly: true });
  return db
    .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")
    .all()
    .map((row) => JSON.stringify(row));
}

async function freshOf(story: Schema4Story, file: string): Promise<void> {
  const node = await story.tell(async () => undefined);
  await exportOnce(file, node.chain);
}

/** What only the export of the chain itself can add comes with the next look at the chain: the certificate of the last final block. */
function withoutCertificate(contents: Record<string, string[]>) {
  const meta = contents.meta?.map((row) =>
    row.replace(/"final_certificate":("[0-9a-f]*"|null)/, "").replace(/"updated_at_ms":"[0-9n]+",?/, ""),
  );
  return { ...contents, meta };
}

describe("a ledger of schema 4", () => {
  for (const story of schema4Stories) {
    it(`becomes a fresh export: ${story.name}`, async (context) => {
      const folder = await temporaryFolder(context);
      const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
      writeSchema4(file, story.name);
      const before = orphansIn(file);
      const progress: MigrationProgress[] = [];
      openLedgerFile(file, { onMigration: (step) => progress.push(step) }).close();
      await freshOf(story, fresh);
      assert.deepEqual(layout(file), layout(fresh));
      const { reorganizations: _, ...migrated } = everyTable(file);
      const { reorganizations: __, ...anew } = everyTable(fresh);
      assert.deepEqual(withoutCertificate(migrated), withoutCertificate(anew));
      assert.deepEqual([progress[0]?.rows, progress[0]?.rowsTotal], [0, progress.at(-1)?.rows]);
      assert.deepEqual(orphansIn(file), before);
      using db = new DatabaseSync(file);
      assert.equal(db.prepare("PRAGMA integrity_check").get()?.integrity_check, "ok");
      assert.deepEqual(db.prepare("PRAGMA foreign_key_check").all(), []);

      // The export goes on with it, and has nothing to write but what it alone knows.
      const node = await story.tell(async () => undefined);
      const job = jobFor(file, node.chain);
      assert.equal((await job.catchUp()).blocks, 0);
      job.close();
      const { reorganizations: ___, ...followed } = everyTable(file);
      assert.deepEqual(followed, anew);

      // What it has seen on its way is what an export of today that went the same way has seen.
      const again = join(folder, "again.sqlite");
      await story.tell(async (other) => exportOnce(again, other.chain));
      assert.deepEqual(observedIn(file), observedIn(again));
    });
  }

  it("killed on the way is what it was, and the next opening completes it", async (context) => {
    const folder = await temporaryFolder(context);
    const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
    const story = schema4Stories[1] as Schema4Story;
    writeSchema4(file, story.name);
    const before = layout(file);
    await freshOf(story, fresh);
    // What a kill leaves: the files as they are at that moment.
    const images: string[] = [];
    openLedgerFile(file, {
      onMigration: () => {
        const image = join(folder, `image-${images.length}.sqlite`);
        for (const suffix of ["", "-wal"]) copyFileSync(file + suffix, image + suffix);
        images.push(image);
      },
    }).close();
    assert.ok(images.length >= 3);
    for (const image of images) {
      assert.deepEqual(layout(image), before);
      openLedgerFile(image).close();
      assert.deepEqual(layout(image), layout(fresh));
      const [{ reorganizations: _, ...mended }, { reorganizations: __, ...anew }] = [image, fresh].map(
        everyTable,
      ) as [Record<string, string[]>, Record<string, string[]>];
      assert.deepEqual(withoutCertificate(mended), withoutCertificate(anew));
    }
  });

  it("can be read while it is brought up to date, also in a transaction that began before", async (context) => {
    const file = join(await temporaryFolder(context), "ledger.sqlite");
    writeSchema4(file, "poa");
    using reader = new DatabaseSync(file);
    reader.exec("PRAGMA journal_mode = WAL; BEGIN");
    const count = () => reader.prepare("SELECT COUNT(*) AS rows FROM pragma_table_info('meta')").get()?.rows;
    const blocks = () => reader.prepare("SELECT COUNT(*) AS rows FROM blocks").get()?.rows;
    const seen = [[count(), blocks()]];
    openLedgerFile(file, { onMigration: () => seen.push([count(), blocks()]) }).close();
    seen.push([count(), blocks()]);
    assert.deepEqual(new Set(seen.map(String)), new Set(["12,10"]));
    reader.exec("COMMIT");
    assert.deepEqual([count(), blocks()], [14, 10]);
  });

  it("that somebody reads without a log is left alone until they have ended", async (context) => {
    const file = join(await temporaryFolder(context), "ledger.sqlite");
    writeSchema4(file, "pow");
    const before = await readFile(file);
    using reader = new DatabaseSync(file, { readOnly: true });
    reader.exec("BEGIN");
    reader.prepare("SELECT COUNT(*) FROM blocks").get();
    assert.throws(() => openLedgerFile(file, { busyMs: 5 }), { code: "export/busy" });
    assert.ok(before.equals(await readFile(file)));
    reader.exec("COMMIT");
    openLedgerFile(file).close();
  });

  it("keeps what its reader has added", async (context) => {
    const file = join(await temporaryFolder(context), "ledger.sqlite");
    writeSchema4(file, "pow");
    {
      using db = new DatabaseSync(file);
      db.exec("CREATE VIEW my_payments AS SELECT id, amount FROM transactions WHERE kind = 'transfer'");
      db.exec("CREATE TABLE notes (id TEXT, text TEXT); INSERT INTO notes VALUES ('a', 'b')");
      // A name that the ledger has taken since.
      db.exec("CREATE VIEW supply AS SELECT 1 AS mine");
    }
    const db = openLedgerFile(file);
    assert.equal(db.prepare("SELECT COUNT(*) AS rows FROM my_payments").get()?.rows, 5);
    assert.equal(db.prepare("SELECT text FROM notes").get()?.text, "b");
    assert.ok("created_text" in (db.prepare("SELECT * FROM supply").get() ?? {}));
    db.close();
  });

  it("runs no trigger and no view that a stranger has put into it", async (context) => {
    const file = join(await temporaryFolder(context), "ledger.sqlite");
    const [pow] = schema4Stories as [Schema4Story];
    writeSchema4(file, pow.name);
    const endless =
      "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT * FROM numbers";
    {
      using db = new DatabaseSync(file);
      db.exec(
        `CREATE TABLE junk (n); CREATE TRIGGER "tri""gger" AFTER UPDATE ON orphaned_blocks BEGIN INSERT INTO junk ${endless}; END`,
      );
      db.exec(`DROP VIEW balances; CREATE VIEW balances AS ${endless}`);
    }
    const db = openLedgerFile(file);
    assert.equal(db.prepare("SELECT COUNT(*) AS rows FROM balances").get()?.rows, 4);
    assert.equal(
      db.prepare("SELECT COUNT(*) AS rows FROM sqlite_schema WHERE type = 'trigger'").get()?.rows,
      0,
    );
    assert.equal(db.prepare("SELECT COUNT(*) AS rows FROM junk").get()?.rows, 0);
    db.close();
  });

  it("is refused to readers with the command that brings it up to date, which leaves the ledger itself alone", async (context) => {
    const folder = await temporaryFolder(context);
    const [file, copy] = [join(folder, "ledger.sqlite"), join(folder, "copy.sqlite")];
    writeSchema4(file, "poa");
    const before = await readFile(file);
    assert.throws(
      () => openLedgerFile(file, { readOnly: true }),
      (thrown: ExportError) => {
        assert.equal(thrown.code, "export/older-version");
        assert.match(thrown.next, /aurex-node export --copy NEW\.sqlite --ledger .*ledger\.sqlite/);
        return true;
      },
    );
    await copyLedger({ ledger: file, target: copy });
    assert.ok(before.equals(await readFile(file)));
    openLedgerFile(file).close();
    assert.deepEqual(layout(copy), layout(file));
    assert.deepEqual(withoutCertificate(everyTable(copy)), withoutCertificate(everyTable(file)));
  });
});

describe("a ledger that cannot be brought up to date", () => {
  const spoiling = {
    "schema-4": `UPDATE blocks SET header_bytes = zeroblob(length(header_bytes)) WHERE "index" = 3`,
    "schema-3": "PRAGMA user_version = 3",
  };
  for (const [suffix, sql] of Object.entries(spoiling)) {
    it(`is renamed to .${suffix}, and written anew from the chain, with the nodes that were seen`, async (context) => {
      const folder = await temporaryFolder(context);
      const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
      const story = schema4Stories[1] as Schema4Story;
      for (const round of ["", ".2"]) {
        writeSchema4(file, story.name);
        {
          using db = new DatabaseSync(file);
          db.exec(sql);
          db.exec(
            "INSERT INTO nodes VALUES ('n', 'PoA_1', NULL, NULL, '[]', 'poa', 'authority', 3, 'aurex', 1, 2, 3, x'00', 'c')",
          );
        }
        const before = await readFile(file);
        const node = await story.tell(async () => undefined);
        await exportOnce(file, node.chain);
        await exportOnce(fresh, node.chain);
        const [{ nodes, ...written }, { nodes: _, ...expected }] = [everyTable(file), everyTable(fresh)];
        assert.deepEqual(written, expected);
        assert.equal(nodes?.length, suffix === "schema-4" ? 1 : 0);
        const aside = `${file}.${suffix}${round}`;
        using old = new DatabaseSync(aside, { readOnly: true });
        assert.equal(old.prepare("SELECT COUNT(*) AS blocks FROM blocks").get()?.blocks, 10);
        assert.equal((await readFile(aside)).length, before.length);
        rmSync(file);
      }
      assert.equal((await readdir(folder)).length, 3);
    });
  }
});

/** What the export saw leave, without clocks. */
function observedIn(file: string): string[] {
  using db = new DatabaseSync(file, { readOnly: true });
  const rows = [
    ...db.prepare("SELECT * FROM reorgs").all(),
    ...db.prepare("SELECT * FROM orphaned_blocks").all(),
  ];
  return rows.map(({ seen_at_ms: _, ...row }) => JSON.stringify(row)).sort();
}

/** Bytes of the orphans, which no migration changes. */
function orphansIn(file: string): string[] {
  using db = new DatabaseSync(file, { readOnly: true });
  return db
    .prepare('SELECT block_bytes, hash FROM orphaned_blocks ORDER BY reorg_id, "index"')
    .all()
    .map(({ block_bytes, hash }) => {
      const block = decodeBlock(block_bytes as Uint8Array);
      assert.ok(block.ok);
      assert.equal(block.value.hashHex, hash);
      return block.value.hashHex;
    });
}
