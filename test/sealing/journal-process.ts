/** A process that journals heights 1 to N and says which ones are acknowledged, until it is killed at a given step. */
import fs from "node:fs";
import { silentLogger } from "../../src/base/logger.ts";
import { openFileSealJournal } from "../../src/sealing/poa/file-seal-journal.ts";
import { killAtStep } from "./disk-steps.ts";
import { entryOf } from "./journal-entries.ts";

const [filePath, heightsKept, heightMax, killAt] = process.argv.slice(2) as [string, string, string, string];
await killAtStep(Number(killAt));
const journal = await openFileSealJournal(filePath, { logger: silentLogger }, Number(heightsKept));
for (let height = 1; height <= Number(heightMax); height += 1) {
  await journal.record(entryOf(height));
  fs.writeSync(1, `${height}\n`);
}
await journal.close();
fs.writeSync(1, "done\n");
