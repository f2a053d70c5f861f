/** A real chain over a memory disk and a simulated clock, with what a test wants to watch. */

import { silentLogger } from "../../src/base/logger.ts";
import { createSimulatedClock, type SimulatedClock } from "../../src/base/simulated-clock.ts";
import { Chain, type ChainOptions, type HeadChange } from "../../src/chain/chain.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import type { Block } from "../../src/protocol/block.ts";
import { createMemoryDisk, type MemoryDisk } from "../../src/store/memory-store.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { genesisMs } from "./block-builder.ts";

export interface OpenChain {
  readonly chain: Chain;
  readonly clock: SimulatedClock;
  readonly disk: MemoryDisk;
  readonly headChanges: HeadChange[];
  readonly missingParents: string[];
  readonly waitingImported: Block[];
  /** The outcome of an import, or the fault's code. */
  give(block: { readonly block: Block }): Promise<string>;
}

/** The clock stands far behind the genesis time of no test: an hour after it. */
export async function openChain(
  options: ChainOptions,
  { disk = createMemoryDisk(), clock = createSimulatedClock(genesisMs + 3_600_000) } = {},
): Promise<OpenChain> {
  const chain = await Chain.open(options, {
    store: disk.open(),
    engine: createEngine(options.spec),
    verifier: createInlineVerifier(),
    clock,
    logger: silentLogger,
  });
  const headChanges: HeadChange[] = [];
  const missingParents: string[] = [];
  const waitingImported: Block[] = [];
  chain.events.on("headChanged", (change) => headChanges.push(change));
  chain.events.on("parentMissing", (parent) => missingParents.push(Buffer.from(parent).toString("hex")));
  chain.events.on("waitingImported", (block) => waitingImported.push(block));
  const give = async ({ block }: { readonly block: Block }) => {
    const imported = await chain.importBlock(block);
    return imported.ok ? imported.value : imported.fault.code;
  };
  return { chain, clock, disk, headChanges, missingParents, waitingImported, give };
}

/** Lets everything that waits for nothing but promises come to its end. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
