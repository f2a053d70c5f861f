/** Brings a ledger of an older schema version up to date, in one SQL transaction: a kill in the middle leaves it as it was. */
import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { toError } from "../../base/invariant.ts";
import { ledgerViews } from "../auditor-views.ts";
import { ExportError, sqliteErrorCode } from "../export-error.ts";
import { tables } from "../ledger-tables.ts";
import { describeSchema, hashIndexes, ledgerSchemaVersion } from "../schema.ts";
import { quoted } from "../table.ts";
import type { Migration } from "./migration.ts";
import { createTable } from "./rebuild.ts";
import { schema4 } from "./schema-4.ts";

/** One after the other; earlier versions held chains whose blocks no program of today reads. */
const migrations: readonly Migration[] = [schema4];

export interface MigrationProgress {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  readonly rowsTotal: number;
}

/** The rows of a ledger do not add up to what its next schema version has to say: it can only be written anew. */
export class MigrationImpossible extends Error {
  override name = "MigrationImpossible";
}

export function canMigrate(version: number): boolean {
  return (
    version === ledgerSchemaVersion || migrations.some(({ from, to }) => from === version && canMigrate(to))
  );
}

/** The new tables, and the log that holds them until they are in the file; the old ones stay as free pages. */
const roomFactor = 3;

/**
 * Readers go on reading what was there if the file has a write-ahead log, which the caller sees to.
 *
 * @throws MigrationImpossible; ExportError if the disk has no room; what SQLite throws
 */
export function migrateLedger(
  db: DatabaseSync,
  path: string,
  onProgress: (progress: MigrationProgress) => void = () => undefined,
): void {
  checkRoom(path);
  // Else a view that a user has made would forbid to rename the tables that it reads, and a reference to drop them.
  db.exec("PRAGMA legacy_alter_table = ON; PRAGMA foreign_keys = OFF");
  db.exec("BEGIN IMMEDIATE");
  try {
    for (;;) {
      // Another process may have been faster.
      const version = Number(db.prepare("PRAGMA user_version").get()?.user_version);
      const migration = migrations.find(({ from }) => from === version);
      if (!migration) break;
      carryOut(db, migration, onProgress);
    }
    db.exec("COMMIT");
  } catch (thrown) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw thrown;
  } finally {
    db.exec("PRAGMA legacy_alter_table = OFF");
  }
}

function carryOut(
  db: DatabaseSync,
  migration: Migration,
  onProgress: (progress: MigrationProgress) => void,
): void {
  const { from, to } = migration;
  const rowsTotal = migration.rows(db);
  let rows = 0;
  onProgress({ from, to, rows, rowsTotal });
  try {
    // No ledger has triggers: what stands in a stranger's file must not run here.
    for (const name of namesOf(db, "trigger")) db.exec(`DROP TRIGGER ${quoted(name)}`);
    for (const name of viewsToDrop(db)) db.exec(`DROP VIEW ${quoted(name)}`);
    migration.migrate(db, (moved) => {
      rows += moved;
      onProgress({ from, to, rows, rowsTotal });
    });
    for (const table of [tables.dataDictionary, tables.readme]) {
      db.exec(`DROP TABLE IF EXISTS "${table.name}"`);
      createTable(db, table);
    }
    describeSchema(db);
    for (const sql of Object.values(hashIndexes)) db.exec(sql);
  } catch (thrown) {
    // A full disk or a lock says nothing about the rows.
    const code = sqliteErrorCode(thrown);
    if (code !== undefined && (code & 0xff) !== constraintFailed && (code & 0xff) !== logicError)
      throw thrown;
    throw new MigrationImpossible(toError(thrown).message, { cause: thrown });
  }
  db.exec(`PRAGMA user_version = ${to}`);
}

/** The ledger's own, and what would stand in the way of the new ones: views that a user has made stay. */
function viewsToDrop(db: DatabaseSync): string[] {
  const own = new Set(ledgerViews.map(({ name }) => name));
  const described = db.prepare("SELECT 1 FROM data_dictionary WHERE table_name = ?");
  return namesOf(db, "view").filter((name) => own.has(name) || described.get(name) !== undefined);
}

function namesOf(db: DatabaseSync, type: "trigger" | "view"): string[] {
  const query = db.prepare("SELECT name FROM sqlite_schema WHERE type = ?");
  return query.all(type).map(({ name }) => String(name));
}

/** SQLITE_ERROR and SQLITE_CONSTRAINT. */
const logicError = 1;
const constraintFailed = 19;

function checkRoom(path: string): void {
  const size = (suffix: string) => statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0;
  const needed = roomFactor * (size("") + size("-wal"));
  const { bavail, bsize } = statfsSync(dirname(path));
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new ExportError(
    "export/disk-full",
    `the ledger ${path} cannot be brought up to date`,
    `that takes ${mebibytes(needed)} of room on its disk, and ${mebibytes(free)} are free`,
    "free some space: the export goes on by itself",
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}
