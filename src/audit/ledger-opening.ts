/** Opens a ledger file to be judged: nothing is written to it, and nothing that it says is run. */
import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { toError } from "../base/invariant.ts";
import { AuditError, sqliteCodeOf } from "./audit-error.ts";

/** More than any value of a real ledger: a spec with 65,536 allocations has 2.6 MB. */
export const valueBytesMax = 16 * 1024 * 1024;
const busyMs = 10_000;
const cacheKib = 4_096;

const [readOnlyCode, cannotOpenCode, notADatabaseCode, busyCode, lockedCode, ioCode] = [8, 14, 26, 5, 6, 10];

/**
 * Opens a file with one snapshot of it: what others write from now on is not seen.
 *
 * @throws AuditError if no SQLite database can be read there
 */
export function openLedger(path: string): DatabaseSync {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) {
    throw new AuditError(
      "audit/cannot-open",
      `there is no ledger ${path}`,
      "no file of this name is on this machine, or this user may not see it",
      "name a ledger file, e.g. the one that aurex-node status shows as sql ledger",
    );
  }
  if (!found.isFile()) {
    const why = found.isDirectory() ? "it is a directory" : "it is no regular file";
    throw new AuditError("audit/not-a-ledger", `${path} is no ledger`, why, "name the ledger file itself");
  }
  if (found.size === 0 && !existsSync(`${path}-wal`)) {
    throw notALedger(path, "the file is empty");
  }
  try {
    return opened(path, false);
  } catch (thrown) {
    const code = sqliteCodeOf(thrown);
    const isBeside = code === cannotOpenCode || code === readOnlyCode || code === ioCode;
    // In journal mode WAL SQLite wants to write beside a file even to read it. Without a log there is nothing to miss.
    if (!isBeside || hasContent(`${path}-wal`) || hasContent(`${path}-journal`)) throw refusal(thrown, path);
  }
  try {
    return opened(path, true);
  } catch (thrown) {
    throw refusal(thrown, path);
  }
}

function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function opened(path: string, isImmutable: boolean): DatabaseSync {
  const place = isImmutable ? new URL(`${pathToFileURL(path)}?immutable=1`) : path;
  const db = new DatabaseSync(place, {
    readOnly: true,
    timeout: busyMs,
    enableForeignKeyConstraints: false,
    enableDoubleQuotedStringLiterals: false,
    allowExtension: false,
  });
  try {
    // Definitions in the file may call functions: with this only harmless ones.
    db.exec("PRAGMA trusted_schema = OFF");
    db.exec("PRAGMA cell_size_check = ON");
    db.exec("PRAGMA mmap_size = 0");
    db.exec(`PRAGMA cache_size = -${cacheKib}`);
    db.enableDefensive(true);
    db.limits.length = valueBytesMax;
    // A name of a view, table or function of the file can be long; a statement of ours is not.
    db.limits.attach = 0;
    db.exec("BEGIN");
    // The transaction sees the file as it is now, from its first read on.
    db.prepare("SELECT COUNT(*) AS objects FROM sqlite_schema").get();
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

export function notALedger(path: string, why: string): AuditError {
  return new AuditError(
    "audit/not-a-ledger",
    `${path} is not an Aurex ledger`,
    why,
    "name the file that a node writes with --export, or a copy of it",
  );
}

function refusal(thrown: unknown, path: string): Error {
  const error = toError(thrown);
  const cause = { cause: thrown };
  switch (sqliteCodeOf(thrown)) {
    case undefined:
      return error;
    case notADatabaseCode:
      return notALedger(path, "it is not an SQLite database");
    case busyCode:
    case lockedCode:
      return new AuditError(
        "audit/busy",
        `the ledger ${path} is locked`,
        "another program holds it for itself",
        "end that program's transaction, then try again",
        cause,
      );
    case readOnlyCode:
    case cannotOpenCode:
    case ioCode:
      if (hasContent(`${path}-wal`) || hasContent(`${path}-journal`)) {
        return new AuditError(
          "audit/needs-recovery",
          `the ledger ${path} cannot be read in its folder`,
          `beside it lies a log (${path}-wal or ${path}-journal) with changes that belong to it, and SQLite cannot write there`,
          "copy the file together with the log to a folder that may be written, and audit it there",
          cause,
        );
      }
      return new AuditError(
        "audit/cannot-open",
        `the ledger ${path} cannot be read`,
        error.message,
        "check that this user may read it",
        cause,
      );
    default:
      // Damaged, or definitions that SQLite cannot read: the file is there and is wrong.
      return new AuditError(
        "audit/damaged",
        `the ledger ${path} cannot be read`,
        error.message,
        "the file is damaged or was changed by hand: ask for another copy",
        cause,
      );
  }
}
