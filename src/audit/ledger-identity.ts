/** Whether a database is a ledger of the schema that this program judges; anything else is refused, not judged. */
import type { DatabaseSync } from "node:sqlite";
import { AuditError } from "./audit-error.ts";
import { notALedger } from "./ledger-opening.ts";
import { shippedApplicationId, shippedObjects, shippedVersion } from "./shipped-schema.ts";

/** @throws AuditError */
export function checkIdentity(db: DatabaseSync, path: string): void {
  const tables = new Map(
    db
      .prepare(
        "SELECT name, CAST(sql AS TEXT) AS sql FROM sqlite_schema WHERE name IN ('meta', 'blocks', 'transactions')",
      )
      .all()
      .map(({ name, sql }) => [String(name), String(sql)]),
  );
  const id = Number(db.prepare("PRAGMA application_id").get()?.application_id);
  const version = Number(db.prepare("PRAGMA user_version").get()?.user_version);
  if (id !== shippedApplicationId && tables.size < 3) {
    const objects = Number(db.prepare("SELECT COUNT(*) AS n FROM sqlite_schema").get()?.n);
    throw notALedger(
      path,
      objects === 0 ? "it is an empty database" : "it is the database of another program",
    );
  }
  // A number alone is changed in a moment: a file with our tables is judged, whatever version it claims.
  const isOurs = shippedObjects.some(({ name, sql }) => tables.get(name) === sql);
  if (version === shippedVersion || isOurs) return;
  const isOlder = version < shippedVersion;
  throw new AuditError(
    "audit/other-version",
    `${path} was written by ${isOlder ? "an older" : "a newer"} Aurex`,
    `its schema is version ${version}, this program judges version ${shippedVersion}`,
    isOlder
      ? "make a copy of today's schema, and audit that: aurex-node export --copy NEW.sqlite --ledger OLD.sqlite; or audit it with the program that wrote it"
      : "audit it with the newer program",
  );
}
