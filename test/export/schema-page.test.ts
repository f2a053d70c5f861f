/** docs/ledger-schema.md says what the files have. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import { ledgerSchemaPage } from "./schema-page.ts";

test("docs/ledger-schema.md is as the schema is now; else run npm run ledger-schema", () => {
  assert.equal(
    readFileSync(new URL("../../docs/ledger-schema.md", import.meta.url), "utf8"),
    ledgerSchemaPage(),
  );
});

test("the page has every line of a ledger's own data dictionary", () => {
  const page = ledgerSchemaPage();
  const db = openLedgerFile(":memory:");
  for (const { table_name, column_name, meaning } of db.prepare("SELECT * FROM data_dictionary").all()) {
    const section = page.slice(page.indexOf(`\n### ${table_name}\n`)).split("\n### ")[1] as string;
    const line = column_name === "" ? String(meaning) : `\`${column_name}\` |`;
    assert.ok(section.includes(line), `${table_name}.${column_name}`);
    assert.ok(section.includes(String(meaning).replaceAll("|", "\\|")), `${table_name}.${column_name}`);
  }
  db.close();
});
