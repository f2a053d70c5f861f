/** The audit's own copy of the schema is that of the export: a change of one shows as a change of both. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { shippedFiles } from "../audit/shipped-files.ts";

for (const [file, text] of shippedFiles()) {
  it(`${file} is up to date (npm run shipped-schema writes it)`, () => {
    const shipped = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    assert.ok(shipped === text, `the export lays out another schema: npm run shipped-schema writes ${file}`);
  });
}
