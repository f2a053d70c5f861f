/** Opens ledger files: new ones get the schema, foreign ones and those of other versions are refused untouched. */
import { existsSync, linkSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { ExportError, notALedger, toExportError } from "./export-error.ts";
import { createSchema, ledgerApplicationId, ledgerSchemaVersion } from "./schema.ts";

export interface LedgerFileOptions {
  /** Opens without writing anything; the file must be there. */
  readonly readOnly?: boolean;
  /** Nobody writes to the file, as on media that cannot be written: SQLite then needs no locks. Only with `readOnly`. */
  readonly isImmutable?: boolean;
  /**
   * How long to wait for another program that has the file locked; 5 s unless told. SQLite waits on the event loop.
   */
  readonly busyMs?: number;
}

/** While opening, another process may be laying out the same new file. */
const openBusyMs = 5_000;
/** Once open: short, since SQLite waits on the event loop; writers wait longer by trying again. */
const writeBusyMs = 20;
const cacheKib = 65_536;
const inMemory = ":memory:";

/**
 * Opens a ledger, or lays out a new one if there is none. The schema of a new one stands in the file itself, never in a
 * log beside it: whoever copies the bare file has at least its tables.
 *
 * @throws ExportError where the file is none of ours, of another version, or cannot be opened
 */
export function openLedgerFile(path: string, options: LedgerFileOptions = {}): DatabaseSync {
  const readOnly = options.readOnly ?? false;
  let db: DatabaseSync | undefined;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw isDirectory(path);
    if (!readOnly && path !== inMemory && !existsSync(path)) layOutNew(path);
    const place = options.isImmutable ? new URL(`${pathToFileURL(path)}?immutable=1`) : path;
    const timeout = options.busyMs ?? openBusyMs;
    db = new DatabaseSync(place, { readOnly, timeout, enableForeignKeyConstraints: false });
    const isEmpty = checkIdentity(db, path);
    if (readOnly) {
      if (isEmpty) throw notALedger(path, "it is an empty database");
      return db;
    }
    db.exec(`PRAGMA cache_size = -${cacheKib}`);
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

function isDirectory(path: string): ExportError {
  const next = `name a file in it, e.g. ${join(path, "ledger.sqlite")}`;
  return new ExportError("export/cannot-open", `${path} is no ledger`, "it is a directory", next);
}

/** Beside its place and then put there, so that whoever finds a file of this name finds a ledger with its tables. */
function layOutNew(path: string): void {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  try {
    rmSync(draft, { force: true });
    const db = new DatabaseSync(draft);
    try {
      layOut(db, draft);
      // Now, while nobody can be reading: later this needs the file for itself. Not all file systems can have it.
      db.exec("PRAGMA journal_mode = WAL");
    } finally {
      db.close();
    }
    putInPlace(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Another process may have been faster: then its file stays. */
function putInPlace(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    // exFAT and some network file systems have no links.
    if (!existsSync(path)) renameSync(draft, path);
  }
}

/** In one transaction, so that a process killed here leaves an empty database. */
function layOut(db: DatabaseSync, path: string): void {
  db.exec("BEGIN IMMEDIATE");
  if (checkIdentity(db, path)) createSchema(db);
  db.exec("COMMIT");
}
