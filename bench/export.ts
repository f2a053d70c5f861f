/** Writing a chain into the SQL ledger: a backlog against the `sqlite3` shell's `.import` of the same rows, and block by block. */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { ExportThread } from "../src/export/export-thread.ts";
import { createExportJob } from "../test/export/local-export-job.ts";
import { type EncodedChain, encodedChain } from "./encoded-chain.ts";
import { elapsedMs, type Figure, median, quantile, type Section } from "./measure.ts";

const transfersPerBlock = 500;
const blocks = 200;
/** Of them, as many come one after the other while the export follows. */
const liveBlocks = 30;
const liveEveryMs = 60;
/** What the issue allows the export to hold the node's thread. */
const holdMaxMs = 20;

export const measureExport: Section = async ({ quick, progress, directory }) => {
  const rounds = quick ? 1 : 4;
  progress(`signing ${blocks} blocks of ${transfersPerBlock} transfers`);
  const source = encodedChain(blocks, transfersPerBlock);
  const folder = await directory();
  const transactions = blocks * transfersPerBlock;
  const exported: number[] = [];
  const imported: number[] = [];
  const holds: number[] = [];
  const holdsBefore: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const file = path.join(folder, `ledger-${round}.sqlite`);
    const { ms, holdMs } = await backfill(new ExportThread({ file }, { source, logger: silentLogger }));
    exported.push((transactions * 1_000) / ms);
    holds.push(holdMs);
    const again = path.join(folder, `again-${round}.sqlite`);
    const inThisThread = createExportJob(
      { file: again },
      { source, clock: systemClock, logger: silentLogger },
    );
    holdsBefore.push((await backfill(inThisThread)).holdMs);
    imported.push((transactions * 1_000) / importAgain(file));
    progress(`round ${round + 1} of ${rounds}: ${Math.round(exported.at(-1) ?? 0)} transactions/s`);
  }
  const live = await follow(path.join(folder, "live.sqlite"), source);
  const allowed = { value: holdMaxMs, meaning: "the most that we allow" };
  return [
    {
      name: "export, transactions of a backlog",
      value: median(exported),
      unit: "transactions/s",
      limit: {
        value: median(imported),
        meaning: "the sqlite3 shell's .import of the same rows, with the same indexes",
      },
      aim: { above: 1 },
    },
    holdFigure("longest hold of the node's thread, a backlog", median(holds), allowed),
    holdFigure("the same if the node's thread wrote it", median(holdsBefore), allowed),
    holdFigure("longest hold of the node's thread, block by block", live.holdMs, allowed),
    { name: "block of 500 until it is in the SQL ledger, median", value: median(live.lagsMs), unit: "ms" },
    { name: "the same, 99th", value: quantile(live.lagsMs, 0.99), unit: "ms" },
  ];
};

function holdFigure(name: string, value: number, limit: Figure["limit"] & object): Figure {
  return { name, value, unit: "ms", limit, aim: { below: 1 } };
}

/** From an empty file to one that is closed with all its indexes. */
async function backfill(job: {
  open(): unknown;
  catchUp(): Promise<unknown>;
  close(): unknown;
}): Promise<{ ms: number; holdMs: number }> {
  await job.open();
  return withHold(() =>
    elapsedMs(async () => {
      await job.catchUp();
      await job.close();
    }),
  );
}

/**
 * The longest time that this thread computed between two turns of its event loop, in milliseconds. By the clock of its
 * processor, since other work on the machine would make any thread wait.
 */
async function withHold(work: () => Promise<number>): Promise<{ ms: number; holdMs: number }> {
  let holdMs = 0;
  let isOver = false;
  const watch = async () => {
    for (let lastMs = threadMs(); !isOver; ) {
      await pause(1);
      const nowMs = threadMs();
      holdMs = Math.max(holdMs, nowMs - lastMs);
      lastMs = nowMs;
    }
  };
  const watched = watch();
  const ms = await work();
  isOver = true;
  await watched;
  return { ms, holdMs };
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** The head moves by a block at a time, and the export follows, as beside a running node. */
async function follow(file: string, source: EncodedChain): Promise<{ lagsMs: number[]; holdMs: number }> {
  source.height = blocks - liveBlocks;
  const job = new ExportThread({ file }, { source, logger: silentLogger });
  await job.catchUp();
  const lagsMs: number[] = [];
  const { holdMs } = await withHold(() =>
    elapsedMs(async () => {
      while (source.height < blocks) {
        source.height += 1;
        lagsMs.push(await elapsedMs(() => job.catchUp()));
        await pause(liveEveryMs);
      }
    }),
  );
  await job.close();
  return { lagsMs, holdMs };
}

/**
 * Milliseconds that the `sqlite3` shell takes to import the rows of both tables from CSV, and to build their indexes. CSV
 * has neither NULL nor BLOB, so that its tables go without CHECKs, and bytes are hex.
 */
function importAgain(file: string): number {
  const target = `${file}.imported`;
  rmSync(target, { force: true });
  let script = "PRAGMA journal_mode = WAL;\nPRAGMA synchronous = NORMAL;\n";
  let indexes = "";
  for (const table of ["blocks", "transactions"]) {
    using db = new DatabaseSync(file, { readOnly: true });
    const columns = db.prepare("SELECT name, type, pk FROM pragma_table_info(?)").all(table);
    const values = columns.map(({ name, type }) => (type === "BLOB" ? `lower(hex("${name}"))` : `"${name}"`));
    const csv = `${file}.${table}.csv`;
    const written = spawnSync("sqlite3", ["-csv", file, `SELECT ${values.join(", ")} FROM ${table}`], {
      maxBuffer: 1 << 30,
    });
    writeFileSync(csv, written.stdout);
    const keys = columns.filter(({ pk }) => pk).map(({ name }) => `"${name}"`);
    // A single whole number as key is the row's own number, as in the ledger.
    const definitions = columns.map(
      ({ name, type, pk }) => `"${name}" ${type}${pk && keys.length === 1 ? " PRIMARY KEY" : ""}`,
    );
    if (keys.length > 1) definitions.push(`PRIMARY KEY (${keys.join(", ")})`);
    script += `CREATE TABLE ${table} (${definitions.join(", ")});\n.mode csv\n.import "${csv}" ${table}\n`;
    const found = db
      .prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND type = 'index' AND sql NOT NULL")
      .all(table);
    indexes += found.map(({ sql }) => `${sql};\n`).join("");
  }
  const beginMs = performance.now();
  const { status, stderr } = spawnSync("sqlite3", [target], { input: script + indexes, encoding: "utf8" });
  const tookMs = performance.now() - beginMs;
  if (status !== 0) throw new Error(`the sqlite3 shell: ${stderr}`);
  return tookMs;
}
