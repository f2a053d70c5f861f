/** Writes config/ledger-schema.sql, ledger-dictionary.tsv and ledger-readme.tsv from the schema that the export lays out. Run it after the schema has changed: `npm run shipped-schema`. The audit holds files against this copy, so that a change of the exporter's shows as a change of two files. */
import { writeFileSync } from "node:fs";
import { shippedFiles } from "../test/audit/shipped-files.ts";

for (const [file, text] of shippedFiles()) writeFileSync(new URL(`../${file}`, import.meta.url), text);
