/** A process that brings a ledger up to date, and says when it begins: for a test that kills it. */
import { openLedgerFile } from "../../../src/export/ledger-file.ts";

openLedgerFile(process.argv[2] as string, {
  onMigration: ({ rows }) => process.stdout.write(`${rows}\n`),
}).close();
process.stdout.write("done\n");
