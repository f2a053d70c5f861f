/** A chain of two branches that any process can make alike, and, run as a program, the export that follows one after the other until it is killed. */
import { pathToFileURL } from "node:url";
import { silentLogger } from "../../src/base/logger.ts";
import { ExportThread } from "../../src/export/export-thread.ts";
import type { Block } from "../../src/protocol/block.ts";
import { issueAsset, keyOf, registerUser, SyntheticChain, transfer } from "./synthetic-chain.ts";

const forkHeight = 8;
/** Each as long as the other. */
export const branchHeight = 24;

export interface TwoBranches {
  readonly chain: SyntheticChain;
  readonly branches: readonly (readonly Block[])[];
}

export function twoBranches(): TwoBranches {
  const chain = new SyntheticChain("pow");
  const sender = keyOf(100);
  const grow = (branch: number) => {
    for (let height = chain.canonical.length; height <= branchHeight; height += 1) {
      const newcomer = keyOf(1_000 * branch + height);
      const transactions = [
        chain.sign(sender, transfer(newcomer, BigInt(height)), 2 * height),
        chain.sign(newcomer, registerUser(`user${branch}.${height}@example.com`)),
        chain.sign(newcomer, issueAsset(`A${height}`, 2, 5n), 1),
      ];
      chain.append(keyOf(branch + (height % 3)), transactions, branch);
    }
    return chain.canonical.slice();
  };
  const first = grow(1);
  chain.rewindTo(forkHeight);
  return { chain, branches: [first, grow(2)] };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , file = "", rounds = "1000000"] = process.argv;
  const { chain, branches } = twoBranches();
  const thread = new ExportThread({ file, rowsPerTransaction: 12 }, { source: chain, logger: silentLogger });
  for (let round = 0; round < Number(rounds); round += 1) {
    chain.switchTo(branches[round % 2] as readonly Block[]);
    // The parent reads a line for each SQL transaction.
    await thread.catchUp(({ index }) => process.stdout.write(`${index}\n`));
  }
  await thread.close();
}
