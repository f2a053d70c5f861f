/** A whole node core that follows and seals nothing, alone on a memory network, an hour after the test chains begin. */
import { silentLogger } from "../../src/base/logger.ts";
import { NodeCore } from "../../src/node/node-core.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createMemoryDisk, type MemoryDisk } from "../support/memory-store.ts";
import { createMemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { genesisMs, keyPairNamed } from "./block-builder.ts";

export async function openCore(spec: ChainSpec, disk: MemoryDisk = createMemoryDisk()): Promise<NodeCore> {
  const clock = createSimulatedClock(genesisMs + 3_600_000);
  const network = createMemoryNetwork({ latencyMs: [1, 1], loss: 0 }, { clock, random: () => 0 });
  return NodeCore.open(
    {
      spec,
      network: "test",
      name: "node",
      keyPair: keyPairNamed("node"),
      mineEmptyBlocks: false,
      software: "test",
    },
    {
      store: disk.open(),
      host: network.createHost("node"),
      verifier: createInlineVerifier(),
      sealer: undefined,
      journals: undefined,
      clock,
      logger: silentLogger,
    },
  );
}
