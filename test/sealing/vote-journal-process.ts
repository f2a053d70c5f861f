/** A process that journals votes for heights 1 to N and says which are acknowledged, until it is killed at a given step. */
import fs from "node:fs";
import { silentLogger } from "../../src/base/logger.ts";
import { openFileVoteJournal } from "../../src/sealing/poa/file-vote-journal.ts";
import { killAtStep } from "./disk-steps.ts";
import { voteOf } from "./votes.ts";

const [filePath, heightsKept, heightMax, killAt] = process.argv.slice(2) as [string, string, string, string];
await killAtStep(Number(killAt));
const journal = await openFileVoteJournal(filePath, { logger: silentLogger }, Number(heightsKept));
for (let height = 1; height <= Number(heightMax); height += 1) {
  await journal.record(voteOf(height - 1, height));
  fs.writeSync(1, `${height}\n`);
}
await journal.close();
fs.writeSync(1, "done\n");
