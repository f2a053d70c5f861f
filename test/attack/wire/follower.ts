/** A real node inside an attacker: it follows the chain of the honest nodes, so that the attack knows the newest block. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { createLibp2pHost, type Libp2pHost } from "../../../src/network/libp2p/libp2p-host.ts";
import { NodeCore, type NodeCoreOptions } from "../../../src/node/node-core.ts";
import { keyPairFromSeed } from "../../../src/protocol/signing.ts";
import { createInlineVerifier } from "../../../src/verifier/verifier.ts";
import { createMemorySealJournal } from "../../support/memory-seal-journal.ts";
import { createMemoryStore } from "../../support/memory-store.ts";
import { createMemoryVoteJournal } from "../../support/memory-vote-journal.ts";
import type { Order } from "./orders.ts";
import { specOf } from "./spec.ts";

export interface FollowerOptions extends Partial<Pick<NodeCoreOptions, "listenFirstMs">> {
  /** 32 bytes; random by default. */
  readonly seed?: Uint8Array;
  /** It has journals, as an authority or a candidate has. */
  readonly signs?: boolean;
}

export interface Follower {
  readonly core: NodeCore;
  readonly host: Libp2pHost;
}

/** Resolves when it stands where the honest nodes stand. */
export async function openFollower(order: Order, options: FollowerOptions = {}): Promise<Follower> {
  const seed = options.seed ?? randomBytes(32);
  const host = await createLibp2pHost(
    {
      privateKeySeed: seed,
      listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
      mdns: { enabled: false, network: order.network, intervalMs: 60_000 },
      bootstrap: order.targets,
      maxConnections: 100,
      agentVersion: "aurex/0.1.0",
    },
    { clock: systemClock, logger: silentLogger },
  );
  const { listenFirstMs } = options;
  const core = await NodeCore.open(
    {
      spec: specOf(order),
      network: order.network,
      name: `guest ${order.index}`,
      keyPair: keyPairFromSeed(seed),
      mineEmptyBlocks: false,
      software: "aurex/0.1.0",
      introductions: false,
      otherChains: "report",
      ...(options.signs ? { instance: randomBytes(32) } : {}),
      ...(listenFirstMs === undefined ? {} : { listenFirstMs }),
    },
    {
      store: createMemoryStore(),
      host,
      verifier: createInlineVerifier(),
      sealer: undefined,
      journals: options.signs
        ? { seals: createMemorySealJournal(), votes: createMemoryVoteJournal() }
        : undefined,
      clock: systemClock,
      logger: silentLogger,
    },
  );
  await core.start();
  while (core.network.peerCount === 0 || core.isBehind || core.chain.head.header.height === 0)
    await delay(50);
  return { core, host };
}
