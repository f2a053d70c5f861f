/** Ledgers of a part of the chain: final blocks alone, up to a height, and excerpts, which say that they are none of the whole. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import type { ExportError } from "../../src/export/export-error.ts";
import { ExportThread, type ExportThreadOptions } from "../../src/export/export-thread.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import type { LedgerSource } from "../../src/export/ledger-source.ts";
import type { Block } from "../../src/protocol/block.ts";
import { exportOnce, fileContents, temporaryFolder } from "./ledger-contents.ts";
import { longChain, longChainBlocks } from "./long-chain.ts";
import { keyOf, record, SyntheticChain } from "./synthetic-chain.ts";

async function exported(
  file: string,
  source: LedgerSource,
  options: Partial<ExportThreadOptions>,
): Promise<number | undefined> {
  const thread = new ExportThread({ file, ...options }, { source, logger: silentLogger });
  try {
    return (await thread.catchUp()).cursor?.index;
  } finally {
    await thread.close();
  }
}

function read(file: string, sql: string): readonly Record<string, unknown>[] {
  const db = openLedgerFile(file, { readOnly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

test("with finalizedOnly rows end with the final block, and no reorganization is ever seen", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
  const chain = new SyntheticChain("poa");
  const finalAt = (height: number) => {
    chain.final = { height, hash: (chain.canonical[height] as Block).hash };
  };
  for (let height = 1; height <= 9; height += 1) {
    chain.append(keyOf(1), [chain.sign(keyOf(100), record("x"), height)]);
  }
  assert.equal(
    await exported(file, chain, { finalizedOnly: true }),
    undefined,
    "nothing is known to be final",
  );
  finalAt(4);
  assert.equal(await exported(file, chain, { finalizedOnly: true }), 4);
  chain.rewindTo(4);
  for (let note = 1; note <= 9; note += 1) chain.append(keyOf(1), [], note);
  finalAt(7);
  assert.equal(await exported(file, chain, { finalizedOnly: true }), 7);
  assert.deepEqual(
    read(file, "SELECT final_index, cursor_index, (SELECT COUNT(*) FROM reorgs) AS reorgs FROM meta").map(
      (row) => ({ ...row }),
    ),
    [{ final_index: 7, cursor_index: 7, reorgs: 0 }],
  );
  // A ledger of the same blocks that followed every block is the same ledger.
  chain.rewindTo(7);
  await exportOnce(fresh, chain);
  assert.deepEqual(fileContents(file), fileContents(fresh));
});

test("a ledger up to a height is a whole ledger, and goes on from there", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, fresh] = [join(folder, "ledger.sqlite"), join(folder, "fresh.sqlite")];
  const chain = longChain();
  assert.equal(await exported(file, chain, { lastHeight: 20 }), 20);
  const short = longChain();
  short.rewindTo(20);
  await exportOnce(fresh, short);
  assert.deepEqual(fileContents(file), fileContents(fresh));
  assert.equal(await exported(file, chain, {}), longChainBlocks);
  await exportOnce(fresh, chain);
  assert.deepEqual(fileContents(file), fileContents(fresh));
});

test("an excerpt has the rows of its blocks as the whole ledger has them, and says where it begins", async (context) => {
  const folder = await temporaryFolder(context);
  const [file, whole] = [join(folder, "excerpt.sqlite"), join(folder, "whole.sqlite")];
  const chain = longChain();
  await exportOnce(whole, chain);
  assert.equal(await exported(file, chain, { firstHeight: 31, lastHeight: 40, rowsPerTransaction: 10 }), 40);
  for (const [table, column] of [
    ["blocks", '"index"'],
    ["transactions", "block_id"],
  ]) {
    const sql = `SELECT * FROM ${table} WHERE ${column} BETWEEN 31 AND 40 ORDER BY ${column}`;
    assert.deepEqual(read(file, `SELECT * FROM ${table} ORDER BY ${column}`), read(whole, sql));
    assert.ok(read(file, sql).length >= 10);
  }
  // Whoever is named in it is there, also if the name was registered before.
  assert.equal(read(file, "SELECT * FROM users").length, 40);
  assert.deepEqual(
    { ...read(file, "SELECT first_index, cursor_index FROM meta")[0] },
    {
      first_index: 31,
      cursor_index: 40,
    },
  );
  assert.equal(read(file, "SELECT * FROM mining_pool").length, 0, "no totals of a part");

  const isExcerpt = (thrown: ExportError) => thrown.code === "export/excerpt" && thrown.next.length > 0;
  await assert.rejects(exported(file, chain, {}), isExcerpt);
  await assert.rejects(exported(file, chain, { firstHeight: 30 }), isExcerpt);
  await assert.rejects(exported(whole, chain, { firstHeight: 31 }), isExcerpt);
  assert.equal(await exported(file, chain, { firstHeight: 31 }), longChainBlocks);

  chain.rewindTo(50);
  for (let note = 1; note <= 20; note += 1) chain.append(keyOf(1), [], note);
  assert.equal(await exported(file, chain, { firstHeight: 31 }), 70);
  chain.rewindTo(10);
  for (let note = 1; note <= 80; note += 1) chain.append(keyOf(2), [], note);
  await assert.rejects(exported(file, chain, { firstHeight: 31 }), isExcerpt);
});
