/** Opens ledger files: new ones get the schema, foreign ones and those of other versions are refused untouched. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ExportError, notALedger, toExportError } from "./export-error.ts";
import { createSchema, ledgerApplicationId, ledgerSchemaVersion } from "./schema.ts";

export interface LedgerFileOptions {
  /** Opens without writing anything; the file must be there. */
  readonly readOnly?: boolean;
}

/** While opening, another process may be laying out the same new file. */
const openBusyMs = 5_000;
/** Once open: short, since SQLite waits on the event loop; writers wait longer by trying again. */
const writeBusyMs = 20;
const cacheKib = 65_536;
const checkpointPages = 4_000;

/**
 * Opens a ledger, or lays out a new one where there is none.
 *
 * @throws ExportError where the file is none of ours, of another version, or cannot be opened
 */
export function openLedgerFile(path: string, options: LedgerFileOptions = {}): DatabaseSync {
  const readOnly = options.readOnly ?? false;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly, timeout: openBusyMs, enableForeignKeyConstraints: false });
    const isEmpty = checkIdentity(db, path);
    if (readOnly) {
      if (isEmpty) throw notALedger(path, "it is an empty database");
      return db;
    }
    db.exec("PRAGMA journal_mode = WAL");
    // With WAL, NORMAL keeps the file consistent through a power cut; the newest rows may have to be exported again.
    db.exec("PRAGMA synchronous = NORMAL");
    db.exec(`PRAGMA cache_size = -${cacheKib}`);
    db.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    if (isEmpty) layOut(db, path);
    db.exec(`PRAGMA busy_timeout = ${writeBusyMs}`);
    return db;
  } catch (thrown) {
    db?.close();
    throw toExportError(thrown, path);
  }
}

function pragmaNumber(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** Whether the database is still empty; throws where it is something else than a ledger of this version. */
function checkIdentity(db: DatabaseSync, path: string): boolean {
  const applicationId = pragmaNumber(db, "application_id");
  const version = pragmaNumber(db, "user_version");
  if (applicationId === ledgerApplicationId) {
    if (version === ledgerSchemaVersion) return false;
    if (version < ledgerSchemaVersion) {
      throw new ExportError(
        "export/older-version",
        `${path} was written by an older Aurex`,
        `its schema is version ${version}, this program writes ${ledgerSchemaVersion}`,
        "move it aside: the export writes it anew from the chain",
      );
    }
    throw new ExportError(
      "export/newer-version",
      `${path} was written by a newer Aurex`,
      `its schema is version ${version}, this program knows ${ledgerSchemaVersion}`,
      "use the newer program, or name another file",
    );
  }
  const objects = Number(db.prepare("SELECT COUNT(*) AS objects FROM sqlite_schema").get()?.objects);
  if (applicationId === 0 && version === 0 && objects === 0) return true;
  throw notALedger(path, `its application id is ${applicationId}, a ledger's is ${ledgerApplicationId}`);
}

/** In one transaction, so that a process killed here leaves an empty database. */
function layOut(db: DatabaseSync, path: string): void {
  db.exec("BEGIN IMMEDIATE");
  if (checkIdentity(db, path)) createSchema(db);
  db.exec("COMMIT");
}

/**
 * Writes a complete copy beside `target` and moves it into place, so that whoever reads `target` sees the old copy or
 * the new one, never a part.
 *
 * @throws ExportError
 */
export function publishLedgerCopy(db: DatabaseSync, target: string): void {
  const path = resolve(target);
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
  if (db.location() === path) {
    const why = "it would replace the file that the export writes to";
    throw new ExportError("export/cannot-open", `no copy is written to ${path}`, why, "name another file");
  }
  try {
    rmSync(temporary, { force: true });
    db.prepare("VACUUM INTO ?").run(temporary);
    syncToDisk(temporary);
    renameSync(temporary, path);
    syncToDisk(dirname(path));
  } catch (thrown) {
    rmSync(temporary, { force: true });
    throw toExportError(thrown, path);
  }
}

function syncToDisk(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
