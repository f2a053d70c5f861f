/** Opens ledger files: new ones get the schema, older ones are brought up to date, foreign ones and newer ones refused untouched. */
import { existsSync, linkSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { ExportError, notALedger, toExportError } from "./export-error.ts";
import { tables } from "./ledger-tables.ts";
import {
  canMigrate,
  MigrationImpossible,
  type MigrationProgress,
  migrateLedger,
} from "./migrations/migrations.ts";
import { RowInserter } from "./row-inserter.ts";
import type { Row } from "./rows.ts";
import { createSchema, ledgerApplicationId, ledgerSchemaVersion } from "./schema.ts";
import { columnNames } from "./table.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";

export interface LedgerFileOptions {
  /** Opens without writing anything; the file must be there. */
  readonly readOnly?: boolean;
  /** Nobody writes to the file, as on media that cannot be written: SQLite then needs no locks. Only with `readOnly`. */
  readonly isImmutable?: boolean;
  /**
   * How long to wait for another program that has the file locked; 5 s unless told. SQLite waits on the event loop.
   */
  readonly busyMs?: number;
  /** Also opens an older version that {@link openLedgerFile} could bring up to date: to copy it. Only with `readOnly`. */
  readonly acceptsOlder?: boolean;
  /** Told of an older version that is brought up to date, step by step. */
  readonly onMigration?: (progress: MigrationProgress) => void;
  /** Told of an older version that could not be: where it lies now, and why. */
  readonly onSetAside?: (aside: string, why: string) => void;
}

/** While opening, another process may be laying out the same new file. */
const openBusyMs = 5_000;
/** Once open: short, since SQLite waits on the event loop; writers wait longer by trying again. */
const writeBusyMs = 20;
const cacheKib = 65_536;
const inMemory = ":memory:";

/**
 * Opens a ledger, or lays out a new one if there is none. The schema of a new one stands in the file itself, never in a
 * log beside it: whoever copies the bare file has at least its tables. An older version is brought up to date; if its
 * rows do not allow that, it is set aside under another name, and a new one is laid out in its place.
 *
 * @throws ExportError where the file is none of ours, of a newer version, only to be read and of an older one, or cannot be opened
 */
export function openLedgerFile(path: string, options: LedgerFileOptions = {}): DatabaseSync {
  try {
    return openFile(path, options);
  } catch (thrown) {
    if (!(thrown instanceof MigrationImpossible)) throw thrown;
    const aside = setAside(path);
    options.onSetAside?.(aside, thrown.message);
    const db = openFile(path, options);
    keepNodes(db, aside);
    return db;
  }
}

function openFile(path: string, options: LedgerFileOptions): DatabaseSync {
  const readOnly = options.readOnly ?? false;
  let db: DatabaseSync | undefined;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw isDirectory(path);
    if (!readOnly && path !== inMemory && !existsSync(path)) layOutNew(path);
    const place = options.isImmutable ? new URL(`${pathToFileURL(path)}?immutable=1`) : path;
    const timeout = options.busyMs ?? openBusyMs;
    db = new DatabaseSync(place, { readOnly, timeout, enableForeignKeyConstraints: false });
    const version = checkIdentity(db, path);
    if (readOnly) {
      if (version === undefined) throw notALedger(path, "it is an empty database");
      const isReadable = options.acceptsOlder && canMigrate(version);
      if (version < ledgerSchemaVersion && !isReadable) throw olderVersion(path, version);
      return db;
    }
    db.exec(`PRAGMA cache_size = -${cacheKib}`);
    if (version === undefined) layOut(db, path);
    else if (version < ledgerSchemaVersion) bringUpToDate(db, path, version, options);
    db.exec(`PRAGMA busy_timeout = ${writeBusyMs}`);
    return db;
  } catch (thrown) {
    db?.close();
    throw thrown instanceof MigrationImpossible ? thrown : toExportError(thrown, path);
  }
}

function bringUpToDate(
  db: DatabaseSync,
  path: string,
  version: number,
  { onMigration }: LedgerFileOptions,
): void {
  if (!canMigrate(version)) {
    throw new MigrationImpossible(
      `schema version ${version} held chains of an older format, which no node runs any more`,
    );
  }
  // With a log readers go on reading. Where there can be none, they and this wait for each other.
  const log = new WriteAheadLog(db, path);
  log.enter();
  log.setBulk(true);
  migrateLedger(db, path, onMigration);
  log.shrink();
}

/** Renames a ledger with what its log holds; nothing of it is lost. Returns its new path. */
function setAside(path: string): string {
  const old = new DatabaseSync(path);
  let version: number;
  try {
    version = pragmaNumber(old, "user_version");
    old.exec("PRAGMA journal_mode = DELETE");
  } catch (thrown) {
    throw toExportError(thrown, path);
  } finally {
    old.close();
  }
  const name = `${path}.schema-${version}`;
  let aside = name;
  for (let number = 2; existsSync(aside); number += 1) aside = `${name}.${number}`;
  renameSync(path, aside);
  return aside;
}

function pragmaNumber(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** The schema version; undefined for a database that is still empty. Throws where it is something else than a ledger, or newer. */
function checkIdentity(db: DatabaseSync, path: string): number | undefined {
  const applicationId = pragmaNumber(db, "application_id");
  const version = pragmaNumber(db, "user_version");
  if (applicationId === ledgerApplicationId) {
    if (version <= ledgerSchemaVersion) return version;
    throw new ExportError(
      "export/newer-version",
      `${path} was written by a newer Aurex`,
      `its schema is version ${version}, this program knows ${ledgerSchemaVersion}`,
      "use the newer program, or name another file",
    );
  }
  const objects = Number(db.prepare("SELECT COUNT(*) AS objects FROM sqlite_schema").get()?.objects);
  if (applicationId === 0 && version === 0 && objects === 0) return undefined;
  throw notALedger(path, `its application id is ${applicationId}, a ledger's is ${ledgerApplicationId}`);
}

function olderVersion(path: string, version: number): ExportError {
  return new ExportError(
    "export/older-version",
    `${path} was written by an older Aurex`,
    `its schema is version ${version}, this program reads ${ledgerSchemaVersion}`,
    canMigrate(version)
      ? `bring it up to date: a node that exports to it does so by itself, and so does a copy: aurex-node export --copy NEW.sqlite --ledger ${path}`
      : "let the export write a new file from the chain",
  );
}

function isDirectory(path: string): ExportError {
  const next = `name a file in it, e.g. ${join(path, "ledger.sqlite")}`;
  return new ExportError("export/cannot-open", `${path} is no ledger`, "it is a directory", next);
}

/** Takes over which nodes were seen: no chain tells that again. Reorganizations stay where their blocks are. */
function keepNodes(db: DatabaseSync, aside: string): void {
  const old = new DatabaseSync(aside, { readOnly: true });
  try {
    const present = new Set(
      old
        .prepare("SELECT name FROM pragma_table_info('nodes')")
        .all()
        .map(({ name }) => name),
    );
    const names = columnNames(tables.nodes);
    // Of versions before 4 other chains' nodes.
    if (
      pragmaNumber(old, "user_version") < 4 ||
      !names.every((name) => name === "origin" || present.has(name))
    )
      return;
    const query = old.prepare("SELECT *, 'observed' AS origin FROM nodes");
    query.setReadBigInts(true);
    new RowInserter(db, tables.nodes).insert(query.all() as Row[]);
  } catch {
    // What was seen is less than a ledger that works; it still stands in the old file.
  } finally {
    old.close();
  }
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
  if (checkIdentity(db, path) === undefined) createSchema(db);
  db.exec("COMMIT");
}
