/** One mining thread of the node against the same hashing without the node. */
import { silentLogger } from "../src/base/logger.ts";
import { emptyConsensusRoot, type Header } from "../src/protocol/block.ts";
import { zeroBytes32 } from "../src/protocol/hashing.ts";
import { createPowSealer } from "../src/sealing/pow/pow-sealer.ts";
import type { Sealer } from "../src/sealing/sealer.ts";
import { BareRate } from "./bare-rate.ts";
import { median, type Section } from "./measure.ts";

const roundMs = 1_000;

/** No hash is zero: the search goes on until it is stopped. */
const header: Header = {
  version: 1,
  chainId: zeroBytes32,
  height: 1,
  parentHash: zeroBytes32,
  timestampMs: 1,
  producer: zeroBytes32,
  transactionsRoot: zeroBytes32,
  transactionCount: 0,
  stateRoot: zeroBytes32,
  consensusRoot: emptyConsensusRoot,
  target: zeroBytes32,
  extraData: zeroBytes32,
};

export const measureMining: Section = async ({ quick, progress }) => {
  const rounds = quick ? 2 : 5;
  const bare = BareRate.hashing();
  const sealer = createPowSealer({ threads: 1 }, { logger: silentLogger });
  try {
    await minedPerSecond(sealer);
    await bare.perSecond(roundMs / 2);
    const mined: number[] = [];
    const limits: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      limits.push(await bare.perSecond(roundMs));
      mined.push(await minedPerSecond(sealer));
      progress(`round ${round + 1} of ${rounds}: ${Math.round(mined.at(-1) ?? 0)} hashes/s`);
    }
    return [
      {
        name: "mining, one worker",
        value: median(mined),
        unit: "hashes/s",
        limit: { value: median(limits), meaning: "bare hashtree loop, one thread" },
        aim: { above: 0.6 },
      },
    ];
  } finally {
    await sealer.close();
    await bare.close();
  }
};

/** What the sealer itself reports after a round. */
async function minedPerSecond(sealer: Sealer): Promise<number> {
  let hashesPerSecond = 0;
  await sealer.seal(header, {
    signal: AbortSignal.timeout(roundMs),
    onProgress: (progress) => {
      hashesPerSecond = progress.hashesPerSecond;
    },
  });
  return hashesPerSecond;
}
