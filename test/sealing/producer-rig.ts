/** A block producer on a real chain in memory, with a mempool, an hour after the genesis. */
import type { TestContext } from "node:test";
import { SigningGate } from "../../src/authority/signing-gate.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Chain } from "../../src/chain/chain.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import { createMempool } from "../../src/mempool/mempool.ts";
import { mempoolChange, mempoolHead } from "../../src/node/node-core.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { BlockProducer, type BlockProducerOptions } from "../../src/sealing/block-producer.ts";
import type { BlockSealer } from "../../src/sealing/block-sealer.ts";
import type { SigningPermission } from "../../src/sealing/signing-permission.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { genesisMs } from "../chain/block-builder.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { QuietNetwork } from "../support/quiet-network.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

const logger = silentLogger;

export interface ProducerRigOptions {
  /** See {@link SigningGate}. */
  readonly listenFirstMs?: number;
  /** Instead of a gate that knows the chain and the clock only. */
  readonly permission?: SigningPermission;
}

export async function openProducer(
  t: TestContext,
  spec: ChainSpec,
  sealer: BlockSealer,
  options: Omit<BlockProducerOptions, "extraData">,
  { listenFirstMs = 0, permission }: ProducerRigOptions = {},
) {
  const clock = createSimulatedClock(genesisMs + 3_600_000);
  const verifier = createInlineVerifier();
  const store = createMemoryStore();
  const chain = await Chain.open({ spec }, { store, engine: createEngine(spec), verifier, clock, logger });
  const ledger = () => mempoolHead(chain);
  const mempool = createMempool({}, { clock, verifier, logger, ledger });
  const announced: number[] = [];
  const network = new QuietNetwork(clock);
  const gate = new SigningGate({ listenFirstMs }, { chain, network, clock, logger });
  const producer = new BlockProducer(
    { ...options, extraData: new Uint8Array(32) },
    {
      chain,
      mempool,
      sealer,
      clock,
      logger,
      announceBlock: ({ header }) => announced.push(header.height),
      permission: permission ?? gate,
      quorumHeard: () => true,
      hasPeers: () => true,
    },
  );
  chain.events.on("headChanged", (change) => {
    gate.headChanged(change);
    mempool.headChanged(mempoolChange(change));
    producer.look();
  });
  t.after(async () => {
    await producer.stop();
    gate.stop();
    await chain.close();
    mempool.close();
    await verifier.close();
  });
  const start = () => {
    gate.start();
    producer.start();
  };
  return { start, producer, clock, chain, mempool, announced };
}
