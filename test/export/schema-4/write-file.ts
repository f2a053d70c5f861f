/** Makes the ledger of schema 4 that the SQL beside this file has. */
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

const textOf = (name: string) => readFileSync(new URL(`${name}.sql`, import.meta.url), "utf8");

export function writeSchema4(file: string, story: string): void {
  using db = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  db.exec("BEGIN");
  db.exec(textOf("schema"));
  db.exec(textOf(story));
  db.exec("COMMIT");
}
