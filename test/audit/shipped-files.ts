/** The audit's own copy of the schema, as the export lays it out now. */
import { DatabaseSync } from "node:sqlite";
import {
  createSchema,
  hashIndexes,
  ledgerApplicationId,
  ledgerSchemaVersion,
} from "../../src/export/schema.ts";

/** Text by path from the root of the repository. */
export function shippedFiles(): Map<string, string> {
  const db = new DatabaseSync(":memory:");
  createSchema(db);
  for (const sql of Object.values(hashIndexes)) db.exec(sql);
  const objects = db.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY rowid").all();
  const dictionary = db.prepare("SELECT * FROM data_dictionary ORDER BY rowid").all();
  const hasReadme = objects.some(({ name }) => name === "README");
  const readme = hasReadme ? db.prepare("SELECT line, text FROM README ORDER BY line").all() : [];
  db.close();
  return new Map([
    ["config/ledger-schema.sql", schemaText(objects)],
    [
      "config/ledger-dictionary.tsv",
      `${dictionary.map((row) => Object.values(row).join("\t")).join("\n")}\n`,
    ],
    ["config/ledger-readme.tsv", `${readme.map(({ line, text }) => `${line}\t${text}`).join("\n")}\n`],
  ]);
}

type Cells = Readonly<Record<string, unknown>>;

/** Two pragmas of the file's header, then each object: a line that names it, and the statement that made it. */
function schemaText(objects: readonly Cells[]): string {
  const parts = objects.map(({ type, name, sql }) =>
    [`-- ${type} ${name}`, ...(sql === null ? [] : [sql])].join("\n"),
  );
  return [
    `PRAGMA application_id = ${ledgerApplicationId};`,
    `PRAGMA user_version = ${ledgerSchemaVersion};`,
    ...parts,
    "",
  ].join("\n");
}
