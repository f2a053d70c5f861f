/** Writes docs/ledger-schema.md from the definitions in src/export. Run it after the schema has changed: `npm run ledger-schema`. */
import { writeFileSync } from "node:fs";
import { ledgerSchemaPage } from "../test/export/schema-page.ts";

writeFileSync(new URL("../docs/ledger-schema.md", import.meta.url), ledgerSchemaPage());
