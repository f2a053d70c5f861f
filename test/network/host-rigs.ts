/** Hosts for tests: real ones on loopback in real time, and ones in memory under a simulated clock. */
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type GossipSub, gossipsub } from "@chainsafe/libp2p-gossipsub";
import { noise } from "@chainsafe/libp2p-noise";
import { identify } from "@libp2p/identify";
import type { Libp2p, PrivateKey } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import {
  createLibp2pHost,
  type Libp2pHost,
  type Libp2pHostOptions,
} from "../../src/network/libp2p/libp2p-host.ts";
import { freePort } from "../support/free-port.ts";
import { createMemoryNetwork } from "../support/network/memory-network.ts";
import { until } from "../support/patience.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import type { HostRig } from "./host-contract.ts";

/** In simulated time, which runs as fast on a busy machine. */
const waitMaxMs = 15_000;

export function libp2pHost(
  seed: string,
  options: Partial<Libp2pHostOptions> = {},
  logger: Logger = silentLogger,
  clock: Clock = systemClock,
): Promise<Libp2pHost> {
  return createLibp2pHost(
    {
      privateKeySeed: createHash("sha256").update(seed).digest(),
      listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
      mdns: { enabled: false, network: "test", intervalMs: 2_000 },
      bootstrap: [],
      maxConnections: 100,
      agentVersion: "aurex/test",
      ...options,
    },
    { clock, logger },
  );
}

/** A libp2p node that keeps no rule of ours; it is running. */
export function rulelessNode(): Promise<Libp2p> {
  return createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  });
}

/** The same, dialling from one address of this machine and taking gossip: who takes none is hung up on. It is running. */
export async function strangerNode(from: string, privateKey?: PrivateKey): Promise<Libp2p> {
  const node = await createLibp2p({
    // Node's own option, which the type of libp2p's options lacks.
    transports: [tcp({ dialOpts: { localAddress: from } as object })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { identify: identify() },
    ...(privateKey ? { privateKey } : {}),
  });
  await node.handle("/meshsub/1.1.0", () => undefined);
  return node;
}

/** The real gossipsub as libp2p makes it, not started: for what is changed in its inside. */
export async function idleGossip(): Promise<GossipSub> {
  const { services } = await createLibp2p({
    start: false,
    services: { identify: identify(), gossip: (components) => gossipsub()(components) as GossipSub },
  });
  return services.gossip as GossipSub;
}

export async function realUntil(condition: () => boolean, what: string, seen?: () => unknown): Promise<void> {
  await until(what, condition, seen ? { pollMs: 10, seen } : { pollMs: 10 });
}

export function libp2pRig(): HostRig {
  return {
    makeHost: (index, { bootstrap = [], at } = {}) =>
      libp2pHost(`contract ${index}`, { bootstrap, ...(at ? { listenAddresses: [at] } : {}) }),
    freePlace: async () => `/ip4/127.0.0.1/tcp/${await freePort()}`,
    until: realUntil,
    drive: (promise) => promise,
    pass: (durationMs) => delay(durationMs),
  };
}

/** A generator of numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function memoryRig(): HostRig {
  const clock = createSimulatedClock(1_700_000_000_000);
  const network = createMemoryNetwork({ latencyMs: [1, 20], loss: 0 }, { clock, random: seededRandom(1) });
  const step = async (startMs: number, what: string) => {
    if (clock.monotonicMs() - startMs > waitMaxMs) throw new Error(`did not happen: ${what}`);
    await clock.advance(10);
  };
  return {
    makeHost: async (index, { bootstrap = [], at } = {}) => {
      const place = at?.replace("/memory/", "");
      return network.createHost(`peer-${index}`, { bootstrap, ...(place ? { place } : {}) });
    },
    freePlace: async () => "/memory/free",
    async until(condition, what) {
      const startMs = clock.monotonicMs();
      while (!condition()) await step(startMs, what);
    },
    async drive(promise) {
      const startMs = clock.monotonicMs();
      let settled = false;
      const settle = () => {
        settled = true;
      };
      promise.then(settle, settle);
      await clock.advance(0);
      while (!settled) await step(startMs, "the promise settles");
      return promise;
    },
    pass: (durationMs) => clock.advance(durationMs),
  };
}
