/** Importing blocks of 1,000 transfers that the node has never seen, as it does while it catches up. */
import path from "node:path";
import type { Chain } from "../src/chain/chain.ts";
import { type Block, decodeBlock } from "../src/protocol/block.ts";
import { BareRate } from "./bare-rate.ts";
import { elapsedMs, type Figure, median, type Section } from "./measure.ts";
import { transferChain } from "./sample-chain.ts";
import { openChain } from "./stored-chain.ts";

const transfersPerBlock = 1_000;
const blocksPerRound = 8;
const blocksVerifiedAhead = 2;
const warmUpBlocks = 4;
const bareMs = 500;

export const measureImport: Section = async ({ quick, progress, directory }) => {
  const rounds = quick ? 2 : 5;
  const { spec, next } = transferChain(transfersPerBlock);
  const blockCount = warmUpBlocks + rounds * blocksPerRound;
  progress(`signing ${blockCount} blocks of ${transfersPerBlock} transfers`);
  const encoded: Uint8Array[] = [];
  let sample: Block | undefined;
  while (encoded.length < blockCount) {
    sample = next();
    encoded.push(sample.bytes);
  }
  const bare = BareRate.verification(sample?.transactions ?? []);
  await using resources = new AsyncDisposableStack();
  resources.defer(() => bare.close());
  const chain = await openChain(spec, path.join(await directory(), "chain"), resources);

  await importBlocks(chain, encoded.slice(0, warmUpBlocks));
  await bare.perSecond(bareMs);
  const imported: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    limits.push(await bare.perSecond(bareMs));
    const from = warmUpBlocks + round * blocksPerRound;
    const blocks = encoded.slice(from, from + blocksPerRound);
    const durationMs = await elapsedMs(() => importBlocks(chain, blocks));
    imported.push((blocksPerRound * transfersPerBlock * 1_000) / durationMs);
    progress(`round ${round + 1} of ${rounds}: ${Math.round(imported.at(-1) ?? 0)} transfers/s`);
  }
  const figure: Figure = {
    name: "import, unseen transfers",
    value: median(imported),
    unit: "transfers/s",
    limit: { value: median(limits), meaning: "bare verification, every core" },
    aim: { above: 0.6 },
  };
  return [figure];
};

/** From bytes to committed, as the synchronizer does it: two blocks are verified while one is executed and written. */
async function importBlocks(chain: Chain, encoded: readonly Uint8Array[]): Promise<void> {
  const waiting: Block[] = [];
  for (const bytes of encoded) {
    const block = decoded(bytes);
    void chain.verifyAhead(block);
    waiting.push(block);
    if (waiting.length > blocksVerifiedAhead) await importFirst(chain, waiting);
  }
  while (waiting.length > 0) await importFirst(chain, waiting);
}

async function importFirst(chain: Chain, waiting: Block[]): Promise<void> {
  const imported = await chain.importBlock(waiting.shift() as Block);
  if (!imported.ok) throw new Error(`a sample block was refused: ${imported.fault.code}`);
}

function decoded(bytes: Uint8Array): Block {
  const block = decodeBlock(bytes);
  if (!block.ok) throw new Error(`a sample block does not decode: ${block.fault.code}`);
  return block.value;
}
