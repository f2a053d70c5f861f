/** A real chain over a memory disk and a simulated clock, with what a test wants to watch. */

import { silentLogger } from "../../src/base/logger.ts";
import { Chain, type ChainOptions, type HeadChange } from "../../src/chain/chain.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import { genesisBlockOf } from "../../src/ledger/genesis-state.ts";
import type { Block } from "../../src/protocol/block.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import type { Evidence } from "../../src/protocol/evidence.ts";
import type { Vote } from "../../src/protocol/vote.ts";
import type { ChainStore } from "../../src/store/chain-store.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createMemoryDisk, type MemoryDisk } from "../support/memory-store.ts";
import { createSimulatedClock, type SimulatedClock } from "../support/simulated-clock.ts";
import { genesisMs } from "./block-builder.ts";

export interface OpenChain {
  readonly chain: Chain;
  readonly clock: SimulatedClock;
  readonly disk: MemoryDisk;
  readonly headChanges: HeadChange[];
  readonly waitingImported: Block[];
  readonly finalChanges: Checkpoint[];
  readonly evidenceFound: Evidence[];
  /** What becomes of each vote, once what follows from it is on disk. */
  vote(...votes: readonly Vote[]): Promise<string[]>;
  /** The outcome of an import, or the fault's code. */
  give(block: { readonly block: Block }): Promise<string>;
}

/** The clock stands far behind the genesis time of no test: an hour after it. */
export async function openChain(
  options: ChainOptions,
  {
    disk = createMemoryDisk(),
    clock = createSimulatedClock(genesisMs + 3_600_000),
    store = disk.open(),
  }: { disk?: MemoryDisk; clock?: SimulatedClock; store?: ChainStore } = {},
): Promise<OpenChain> {
  const chain = await Chain.open(options, {
    store,
    engine: createEngine(options.spec),
    verifier: createInlineVerifier(),
    clock,
    logger: silentLogger,
  });
  const headChanges: HeadChange[] = [];
  const waitingImported: Block[] = [];
  const finalChanges: Checkpoint[] = [];
  const evidenceFound: Evidence[] = [];
  chain.events.on("finalChanged", (final) => finalChanges.push(final));
  chain.events.on("evidenceFound", (evidence) => evidenceFound.push(evidence));
  chain.events.on("headChanged", (change) => headChanges.push(change));
  chain.events.on("waitingImported", (block) => waitingImported.push(block));
  const give = async ({ block }: { readonly block: Block }) => {
    const imported = await chain.importBlock(block);
    return imported.ok ? imported.value : imported.fault.code;
  };
  const vote = async (...votes: readonly Vote[]) => {
    const outcomes = votes.map((one) => {
      const added = chain.addVote(one);
      return added.ok ? added.value : added.fault.code;
    });
    // Queued behind what the votes have set going.
    await chain.importBlock(genesisBlockOf(options.spec));
    return outcomes;
  };
  const watched = { headChanges, waitingImported, finalChanges, evidenceFound };
  return { chain, clock, disk, ...watched, vote, give };
}

/** Lets everything that waits for nothing but promises come to its end. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
