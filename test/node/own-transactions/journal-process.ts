/** Submits transactions to a journal, says which are acknowledged, and is killed at a step of its disk work. */
import fs from "node:fs";
import { silentLogger } from "../../../src/base/logger.ts";
import { TransactionJournal } from "../../../src/node/own-transactions/transaction-journal.ts";
import { chainId, signed } from "../../mempool/test-ledger.ts";
import { killAtStep } from "../../sealing/disk-steps.ts";

const [filePath, , , killAt] = process.argv.slice(2);
await killAtStep(Number(killAt));
// So small that it is compacted under way.
const journal = await TransactionJournal.open(
  { filePath: filePath as string, chainId, compactAboveBytes: 3_000 },
  { logger: silentLogger },
);
for (let sequence = 0; sequence < 12; sequence += 2) {
  const pair = [sequence, sequence + 1].map((each) => signed({ from: 0, sequence: each }));
  const faults = await Promise.all(pair.map((transaction) => journal.sent(transaction)));
  if (faults.some((fault) => fault)) process.exit(1);
  fs.writeSync(1, `${sequence}\n`);
  // Settled ones make the file worth compacting; what a kill leaves unsettled does no harm.
  if (sequence >= 4) for (const { idHex } of pair) journal.settled(idHex);
}
await journal.close();
fs.writeSync(1, "done\n");
