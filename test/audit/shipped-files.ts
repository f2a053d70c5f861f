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
    ["src/audit/shipped-schema.ts", schemaText(objects)],
    ["src/audit/shipped-dictionary.ts", dictionaryText(dictionary, readme)],
  ]);
}

type Cells = Readonly<Record<string, unknown>>;

function schemaText(objects: readonly Cells[]): string {
  const parts = objects.map(({ type, name, sql }) =>
    [`-- ${type} ${name}`, ...(sql === null ? [] : [sql])].join("\n"),
  );
  return `/** The schema of a ledger file as this program knows it, statement by statement; made by \`npm run shipped-schema\`. */
import { type ShippedObject, shippedObjectsOf } from "./shipped-object.ts";

export const shippedApplicationId = ${ledgerApplicationId};
export const shippedVersion = ${ledgerSchemaVersion};

export const shippedObjects: readonly ShippedObject[] = shippedObjectsOf(\`
${parts.map(literal).join("\n")}
\`);
`;
}

function dictionaryText(dictionary: readonly Cells[], readme: readonly Cells[]): string {
  const rows = dictionary.map((row) => Object.values(row).join("\t"));
  const lines = readme.map(({ line, text }) => `${line}\t${text}`);
  return `/** The rows of a ledger file's data dictionary and of its README, as this program knows them; made by \`npm run shipped-schema\`. */

/** Table, column, meaning, unit and source, each behind a tab but the first. */
export const shippedDictionary: readonly string[] = \`
${rows.map(literal).join("\n")}
\`
  .trim()
  .split("\\n");

/** The number of the line, a tab, and the line. */
export const shippedReadme: readonly string[] = \`
${lines.map(literal).join("\n")}
\`
  .trim()
  .split("\\n");
`;
}

function literal(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${");
}
