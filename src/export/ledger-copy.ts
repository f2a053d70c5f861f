/** Copies a ledger, also one that a running node writes to: one consistent file, put in its place whole. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { syncDirectory } from "../base/durable-file.ts";
import { ExportError, toExportError } from "./export-error.ts";
import { openLedgerFile } from "./ledger-file.ts";
import { MigrationImpossible, migrateLedger } from "./migrations/migrations.ts";
import { ledgerSchemaVersion } from "./schema.ts";

export interface LedgerCopyOptions {
  /** The ledger to read; nothing in it is changed. */
  readonly ledger: string;
  /** The file to write. */
  readonly target: string;
  /** Replace what is at `target`, in one step. */
  readonly force?: boolean;
  /** False: a copy that need not outlive a power cut, without the syncs that would hold up the whole process. Default true. */
  readonly durable?: boolean;
}

export interface LedgerCopyModules {
  readonly onProgress?: (progress: LedgerCopyProgress) => void;
  /** Gives the copy up; nothing of it stays. */
  readonly signal?: AbortSignal | undefined;
}

export interface LedgerCopyProgress {
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface CopiedChain {
  /** Hex. */
  readonly chainId: string;
  readonly name: string;
  /** Of the last block in the copy. */
  readonly height: number;
  /** Hex. */
  readonly hash: string;
  /** Of the last final block in the copy; null if none is known to be. */
  readonly finalHeight: number | null;
}

export interface LedgerCopyReport {
  /** Absolute. */
  readonly file: string;
  /** Absolute. */
  readonly ledger: string;
  readonly bytes: number;
  readonly chains: readonly CopiedChain[];
}

/** Of 4 KiB: the next step of the copy, and the next line of progress. */
const pagesPerStep = 1_024;
/** What SQLite would play into a file of this name. */
const companions = ["-wal", "-shm", "-journal"];

/**
 * Copies all that is committed at this moment, while others go on writing. The copy is one file in journal mode DELETE,
 * on disk when this resolves, which SQLite opens on media that cannot be written.
 *
 * @throws ExportError if there is no ledger to read, `target` is there already or is the ledger itself, or a disk fails;
 * then `target` is as it was
 */
export async function copyLedger(
  options: LedgerCopyOptions,
  modules: LedgerCopyModules = {},
): Promise<LedgerCopyReport> {
  const [ledger, target] = [resolve(options.ledger), resolve(options.target)];
  const source = openToRead(ledger);
  const partial = join(dirname(target), `.${basename(target)}.${process.pid}.partial`);
  const removePartial = () => {
    for (const suffix of ["", ...companions]) rmSync(partial + suffix, { force: true });
  };
  try {
    checkTarget(ledger, target, options.force ?? false);
    removePartial();
    await copyPages(source, partial, modules);
    const durable = options.durable ?? true;
    const chains = finishCopy(partial, durable);
    const { size: bytes } = statSync(partial);
    // Left there by a file of this name that is gone, or goes now.
    for (const suffix of companions) rmSync(target + suffix, { force: true });
    renameSync(partial, target);
    if (durable) await syncDirectory(dirname(target));
    return { file: target, ledger, bytes, chains };
  } catch (thrown) {
    removePartial();
    if (thrown instanceof CopyStopped) throw stopped(target);
    throw toExportError(thrown, target);
  } finally {
    source.close();
  }
}

/** Opens a ledger to be read, also on media where SQLite cannot write beside it. */
export function openToRead(ledger: string): DatabaseSync {
  if (!existsSync(ledger)) {
    throw new ExportError(
      "export/cannot-open",
      `there is no ledger ${ledger}`,
      "no file of this name is on this machine, or this user may not see it",
      "name the file that a node writes: aurex-node status shows it as sql ledger",
    );
  }
  try {
    return openLedgerFile(ledger, { readOnly: true, acceptsOlder: true });
  } catch (thrown) {
    // In journal mode WAL SQLite wants to write beside a file even to read it. Without a log there is nothing to miss.
    const isUnreadable = thrown instanceof ExportError && unreadable.has(thrown.code);
    if (!isUnreadable || !existsSync(ledger) || existsSync(`${ledger}-wal`)) throw thrown;
    return openLedgerFile(ledger, { readOnly: true, acceptsOlder: true, isImmutable: true });
  }
}

const unreadable: ReadonlySet<string> = new Set(["export/cannot-open", "export/read-only", "export/io"]);

function checkTarget(ledger: string, target: string, force: boolean): void {
  const found = statSync(target, { throwIfNoEntry: false });
  const own = statSync(ledger);
  const parts = companions.map((suffix) => realpathSync(ledger) + suffix);
  if ((found && found.ino === own.ino && found.dev === own.dev) || parts.includes(target)) {
    throw new ExportError(
      "export/cannot-open",
      `no copy is written to ${target}`,
      `it is the ledger ${ledger} itself, or a part of it`,
      "name another file",
    );
  }
  if (found?.isDirectory()) {
    const next = `name a file in it, e.g. ${join(target, basename(ledger))}`;
    throw new ExportError("export/exists", `no copy is written to ${target}`, "it is a directory", next);
  }
  const there = ["", ...companions].map((suffix) => target + suffix).find((file) => existsSync(file));
  if (there === undefined || force) return;
  throw new ExportError(
    "export/exists",
    `no copy is written to ${target}`,
    there === target ? "it is there already" : `${there} is there already, a part of another database`,
    "name another file, or add --force to replace what is there",
  );
}

class CopyStopped extends Error {}

async function copyPages(
  source: DatabaseSync,
  partial: string,
  { onProgress, signal }: LedgerCopyModules,
): Promise<void> {
  if (signal?.aborted) throw new CopyStopped();
  const pageBytes = Number(source.prepare("PRAGMA page_size").get()?.page_size);
  // With a transaction open every step reads the same snapshot: without one, each write of the node would begin the copy anew.
  source.exec("BEGIN");
  source.prepare("SELECT COUNT(*) FROM meta").get();
  await backup(source, partial, {
    rate: pagesPerStep,
    progress: ({ totalPages, remainingPages }) => {
      if (signal?.aborted) throw new CopyStopped();
      onProgress?.({ bytes: (totalPages - remainingPages) * pageBytes, bytesTotal: totalPages * pageBytes });
    },
  });
  source.exec("COMMIT");
}

/** Takes the copy out of journal mode WAL, which it has from the ledger, and syncs it. */
function finishCopy(partial: string, durable: boolean): readonly CopiedChain[] {
  const db = new DatabaseSync(partial);
  try {
    if (!durable) db.exec("PRAGMA synchronous = OFF");
    db.exec("PRAGMA journal_mode = DELETE");
    bringUpToDate(db, partial);
    const rows = db
      .prepare(
        "SELECT chain_id, name, cursor_index, cursor_hash, final_index FROM meta ORDER BY chain_number",
      )
      .all();
    return rows.map((row) => ({
      chainId: String(row.chain_id),
      name: String(row.name),
      height: Number(row.cursor_index),
      hash: String(row.cursor_hash),
      finalHeight: row.final_index === null ? null : Number(row.final_index),
    }));
  } finally {
    db.close();
    if (durable) syncToDisk(partial);
  }
}

/** A copy of an older version's ledger is one of this version; the ledger itself stays as it is. */
function bringUpToDate(db: DatabaseSync, partial: string): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.user_version);
  if (version >= ledgerSchemaVersion) return;
  try {
    migrateLedger(db, partial);
    // The old tables' pages: nobody else has this file open.
    db.exec("VACUUM");
  } catch (thrown) {
    if (!(thrown instanceof MigrationImpossible)) throw thrown;
    throw new ExportError(
      "export/older-version",
      "the ledger of an older Aurex cannot be brought up to date",
      `its rows do not add up: ${thrown.message}`,
      "let a node's export write a new ledger from the chain",
    );
  }
}

function stopped(target: string): ExportError {
  return new ExportError(
    "export/io",
    `the copy to ${target} was stopped`,
    "this process was asked to end; nothing of the copy is left",
    "run the command again",
  );
}

function syncToDisk(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
