/** The SQL that lays out the ledger in PostgreSQL, held to what distributed databases have, too. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { layouts, postgresTables, tableScript } from "../../../src/export/postgres/postgres-schema.ts";

const lacking =
  /\b(?:TRIGGER|DEFERRABLE|EXCLUDE|REFERENCES|SERIAL|IDENTITY|LISTEN|NOTIFY|TEMP|TEMPORARY|UNLOGGED|INHERITS|pg_advisory\w*|nextval|SAVEPOINT|DECLARE|MERGE)\b/;

describe("the ledger's SQL for PostgreSQL", () => {
  for (const layout of layouts) {
    it(`has in the layout ${layout} nothing that Citus or YugabyteDB lack, and keys that begin with the chain`, () => {
      const script = tableScript("aurex", layout);
      assert.doesNotMatch(script, lacking);
      const keys = [...script.matchAll(/PRIMARY KEY \((.*)\)/g)].map(([, columns]) => columns ?? "");
      assert.equal(keys.length, postgresTables.length);
      for (const key of keys) assert.match(key, /^"chain_id"|^"table_name", "column_name"/);
      // Whatever a table is spread by, each of its unique keys holds it.
      for (const [, columns] of script.matchAll(/UNIQUE \((.*)\)/g))
        assert.match(String(columns), /^"chain_id"/);
      assert.match(script, /CREATE TABLE IF NOT EXISTS "aurex"\."transactions"/);
    });
  }

  it("and so have the statements that write the rows", async () => {
    const folder = path.join(import.meta.dirname, "../../../src/export/postgres");
    for (const name of await readdir(folder)) {
      const text = await readFile(path.join(folder, name), "utf8");
      const statements = [
        ...text.matchAll(/[`"]((?:SELECT|INSERT|UPDATE|DELETE|COPY|BEGIN|CREATE|DROP|SET)\b[^`]*)[`"]/g),
      ];
      for (const [, sql] of statements) assert.doesNotMatch(String(sql), lacking, name);
    }
  });

  it("prints what docs/postgres.md shows", async () => {
    const page = await readFile(path.join(import.meta.dirname, "../../../docs/postgres.md"), "utf8");
    const citus = tableScript("aurex", "citus")
      .split("\n")
      .filter((line) => /"(?:blocks|transactions)"', '/.test(line));
    assert.equal(citus.length, 2);
    for (const line of citus) assert.ok(page.includes(line), line);
    assert.match(tableScript("aurex", "yugabyte"), /PRIMARY KEY \("chain_id" ASC, "index" ASC\)/);
    assert.ok(page.includes('PRIMARY KEY ("chain_id" ASC, "index" ASC)'));
  });
});
