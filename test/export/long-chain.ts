/** A chain that two processes can make alike, and, run as a program, the export of it that a test kills. */
import { pathToFileURL } from "node:url";
import { jobFor } from "./ledger-contents.ts";
import { keyOf, registerUser, SyntheticChain, transfer } from "./synthetic-chain.ts";

export const longChainBlocks = 60;

export function longChain(): SyntheticChain {
  const chain = new SyntheticChain("pow");
  const sender = keyOf(100);
  for (let height = 1; height <= longChainBlocks; height += 1) {
    const producer = keyOf(1 + (height % 3));
    const newcomer = keyOf(1_000 + height);
    chain.append(producer, [
      chain.sign(sender, transfer(newcomer, BigInt(height)), 2 * height),
      chain.sign(newcomer, registerUser(`user${height}@example.com`)),
      chain.sign(sender, transfer(newcomer, 1n), 2 * height + 1),
    ]);
  }
  return chain;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const job = jobFor(process.argv[2] as string, longChain(), { rowsPerTransaction: 1 });
  // The parent reads a line for each SQL transaction, and kills this process at one of them.
  await job.catchUp(({ index }) => process.stdout.write(`${index}\n`));
  job.close();
}
