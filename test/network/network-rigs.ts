/** Whole nodes over either host: followers that are handed blocks, and bare hosts that play tricks on them. */
import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import type { PeerHost, Verdict } from "../../src/network/peer-host.ts";
import { NodeCore, type NodeCoreOptions } from "../../src/node/node-core.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import type { ChainStore } from "../../src/store/chain-store.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { type BuiltBlock, genesisMs, keyPairNamed } from "../chain/block-builder.ts";
import { createMemorySealJournal } from "../support/memory-seal-journal.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { createMemoryVoteJournal } from "../support/memory-vote-journal.ts";
import { createMemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { connectHosts, isConnected } from "./host-connections.ts";
import type { HostRig } from "./host-contract.ts";
import { libp2pHost, realUntil, seededRandom } from "./host-rigs.ts";

export { isConnected };

export interface NetworkRig extends Omit<HostRig, "makeHost" | "freePlace"> {
  readonly clock: Clock;
  makeHost(name: string): Promise<PeerHost>;
}

/** All test chains begin at one time in the past; the clocks of their nodes stand an hour later. */
const startMs = genesisMs + 3_600_000;
/** In simulated time, which runs as fast on a busy machine. */
const waitMaxMs = 60_000;

export function memoryNetworkRig(): NetworkRig {
  const clock = createSimulatedClock(startMs);
  const network = createMemoryNetwork({ latencyMs: [1, 20], loss: 0 }, { clock, random: seededRandom(1) });
  const until = async (condition: () => boolean, what: string) => {
    const beganMs = clock.monotonicMs();
    while (!condition()) {
      if (clock.monotonicMs() - beganMs > waitMaxMs) throw new Error(`did not happen: ${what}`);
      await clock.advance(10);
    }
  };
  return {
    clock,
    makeHost: async (name) => network.createHost(nodeIdOf(keyPairNamed(name).publicKey)),
    until,
    async drive(promise) {
      let settled = false;
      const settle = () => {
        settled = true;
      };
      promise.then(settle, settle);
      await clock.advance(0);
      await until(() => settled, "the promise settles");
      return promise;
    },
    pass: (durationMs) => clock.advance(durationMs),
  };
}

export function libp2pNetworkRig(): NetworkRig {
  const beganMs = performance.now();
  const clock: Clock = {
    ...systemClock,
    nowMs: () => Math.floor(startMs + performance.now() - beganMs),
  };
  return {
    clock,
    makeHost: (name) => libp2pHost(name),
    until: realUntil,
    drive: (promise) => promise,
    pass: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
  };
}

export interface TestNode {
  readonly core: NodeCore;
  readonly host: PeerHost;
  /** Messages of warnings and errors, with the fields of each. */
  readonly warnings: { readonly message: string; readonly fields: object }[];
  /** The same of what it says at info. */
  readonly lines: { readonly message: string; readonly fields: object }[];
  /** Imports blocks as if they were its own. */
  has(...blocks: readonly BuiltBlock[]): Promise<void>;
}

/** What a test has started, and stops in the end. */
export class TestNetwork {
  readonly rig: NetworkRig;
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(rig: NetworkRig) {
    this.rig = rig;
  }

  /** A node that follows and seals nothing; with an instance, one that would sign if it were an authority. */
  async node(
    name: string,
    spec: ChainSpec,
    {
      store = createMemoryStore(),
      ...wishes
    }: Partial<Pick<NodeCoreOptions, "network" | "instance" | "otherChains" | "introductions">> & {
      readonly store?: ChainStore;
    } = {},
  ): Promise<TestNode> {
    const host = await this.rig.makeHost(name);
    const warnings: TestNode["warnings"] = [];
    const warn = (fields: object, message: string) => {
      warnings.push({ fields, message });
    };
    const lines: TestNode["lines"] = [];
    const info = (fields: object, message: string) => void lines.push({ fields, message });
    const logger: Logger = { ...silentLogger, info, warn, error: warn, child: () => logger };
    const core = await NodeCore.open(
      {
        spec,
        network: "test",
        name,
        keyPair: keyPairNamed(name),
        mineEmptyBlocks: false,
        software: "test",
        ...wishes,
      },
      {
        store,
        host,
        verifier: createInlineVerifier(),
        sealer: undefined,
        journals: wishes.instance && { seals: createMemorySealJournal(), votes: createMemoryVoteJournal() },
        clock: this.rig.clock,
        logger,
      },
    );
    await this.rig.drive(core.start());
    this.#stops.push(() => core.stop());
    const has = async (...blocks: readonly BuiltBlock[]) => {
      for (const { block } of blocks) assert.ok((await this.rig.drive(core.chain.importBlock(block))).ok);
    };
    return { core, host, warnings, lines, has };
  }

  /** A host without a node behind it: it does what the test says. */
  async stranger(name: string, topics: readonly string[] = []): Promise<PeerHost> {
    const host = await this.rig.makeHost(name);
    const judge = (): Verdict => "accept";
    for (const topic of topics) host.subscribe(topic, { messageBytesMax: 4 << 20, queueMax: 64, judge });
    await this.rig.drive(host.start());
    this.#stops.push(() => host.stop());
    return host;
  }

  async connect(from: PeerHost, to: PeerHost): Promise<void> {
    await connectHosts(this.rig, from, to);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.reverse()) await this.rig.drive(stop());
  }
}

/** The condition that a block is a node's head. */
export function headIs({ core }: TestNode, built: BuiltBlock | undefined): () => boolean {
  return () => core.chain.head.hashHex === built?.block.hashHex;
}

/** Every chunk of an answer, or the reason why none came. */
export async function ask(
  rig: NetworkRig,
  from: PeerHost,
  to: PeerHost,
  protocol: string,
  request: Uint8Array,
): Promise<Uint8Array[] | string> {
  const collect = async () => {
    const chunks: Uint8Array[] = [];
    const options = { timeoutMs: 30_000, chunksMax: 256, chunkBytesMax: 1 << 20 };
    for await (const chunk of from.request(to.peerId, protocol, request, options)) chunks.push(chunk);
    return chunks;
  };
  return rig.drive(collect()).catch((error: Error & { code?: string }) => error.code ?? error.message);
}
