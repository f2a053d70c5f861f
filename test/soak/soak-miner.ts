/** One miner of the soak: a whole node over real libp2p and LevelDB, with a thread of its own that is held back. */
import path from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import type { Logger } from "../../src/base/logger.ts";
import type { Chain } from "../../src/chain/chain.ts";
import { createLibp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { NodeCore } from "../../src/node/node-core.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { type KeyPair, seedBytes } from "../../src/protocol/signing.ts";
import { createMiningThreads } from "../../src/sealing/pow/mining-threads.ts";
import { WorkBoard } from "../../src/sealing/pow/work-board.ts";
import { openLevelStore } from "../../src/store/level-store.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createNodeClock, type NodeClock } from "../simulation/node-clock.ts";
import { createThrottledSealer, type ThrottledSealer } from "./throttled-sealer.ts";

export interface SoakMinerOptions {
  readonly name: string;
  readonly spec: ChainSpec;
  readonly keyPair: KeyPair;
  /** Part of the time that its thread searches. */
  readonly duty: number;
  readonly folder: string;
  readonly bootstrap: readonly string[];
  readonly clockOffMs: number;
}

export interface SoakMiner {
  readonly name: string;
  readonly keyPair: KeyPair;
  readonly duty: number;
  readonly core: NodeCore;
  readonly chain: Chain;
  readonly clock: NodeClock;
  readonly sealer: ThrottledSealer;
  readonly addresses: readonly string[];
}

/** Starts it; it is stopped when `resources` are disposed of. */
export async function startSoakMiner(
  options: SoakMinerOptions,
  { logger, resources }: { readonly logger: Logger; readonly resources: AsyncDisposableStack },
): Promise<SoakMiner> {
  const { name, spec, keyPair, duty, folder, bootstrap, clockOffMs } = options;
  const clock = createNodeClock(systemClock);
  clock.setWrongBy(clockOffMs);
  const own = logger.child({ miner: name });
  const directory = path.join(folder, name);
  const store = await openLevelStore({ directory, chainId: spec.chainId }, { logger: own, clock });
  resources.defer(() => store.close());
  const host = await createLibp2pHost(
    {
      privateKeySeed: keyPair.secretKey.subarray(0, seedBytes),
      listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
      bootstrap,
      mdns: { enabled: false, network: "soak", intervalMs: 3_000 },
      maxConnections: 100,
      agentVersion: "aurex/soak",
    },
    { clock, logger: own },
  );
  const threads = createMiningThreads({ threads: 1 }, { logger: own });
  const sealer = createThrottledSealer({ duty }, { threads, clock });
  const core = await NodeCore.open(
    { spec, network: "soak", name, keyPair, mineEmptyBlocks: true, software: "aurex/soak" },
    {
      store,
      host,
      verifier: createInlineVerifier(),
      sealer: new WorkBoard({ own: sealer, firstJobId: 0 }),
      journals: undefined,
      clock,
      logger: own,
    },
  );
  resources.defer(() => core.stop());
  await core.start();
  return { name, keyPair, duty, core, chain: core.chain, clock, sealer, addresses: host.addresses() };
}
