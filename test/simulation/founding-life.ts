/** Nodes of a simulation that begin without a chain: each with a repository, disks and journals that outlive its process. */

import assert from "node:assert/strict";
import type { AuthorityJournals } from "../../src/authority/authority-role.ts";
import { toHex } from "../../src/base/bytes.ts";
import type { Clock } from "../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import type { PeerHost } from "../../src/network/peer-host.ts";
import type { PinnedChain } from "../../src/node/data-directory.ts";
import { NodeCore } from "../../src/node/node-core.ts";
import {
  ChainSupervisor,
  type ChainSupervisorOptions,
  type SupervisedNode,
} from "../../src/node/supervisor/chain-supervisor.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { signTransaction } from "../../src/protocol/transaction.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createMemorySealJournal } from "../support/memory-seal-journal.ts";
import { createMemoryDisk, type MemoryDisk } from "../support/memory-store.ts";
import { createMemoryVoteJournal } from "../support/memory-vote-journal.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { keyPairNamed, simulationStartMs } from "./chains.ts";
import { createNodeClock } from "./node-clock.ts";
import { createSeededRandom, type SeededRandom } from "./random.ts";
import { memoryAddress } from "./simulated-node.ts";

export interface FoundingNodeOptions extends Partial<Omit<ChainSupervisorOptions, "publicKey">> {
  readonly bootstrap?: readonly string[];
}

interface RunningCore extends SupervisedNode {
  readonly core: NodeCore;
}

export interface LogLine {
  readonly node: string;
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

export class FoundingStage {
  readonly clock = createSimulatedClock(simulationStartMs);
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  readonly lines: LogLine[] = [];
  readonly nodes: FoundingNode[] = [];

  constructor(seed: number) {
    this.random = createSeededRandom(seed);
    const link = { latencyMs: [1, 80], loss: 0.005 } as const;
    this.network = createMemoryNetwork(link, { clock: this.clock, random: this.random.next });
  }

  /** A node that knows the addresses of all others, as on a LAN. */
  add(name: string, options: FoundingNodeOptions = {}): FoundingNode {
    const node = new FoundingNode(name, options, this);
    this.nodes.push(node);
    return node;
  }

  logged(text: string, name?: string): LogLine[] {
    return this.lines.filter(
      ({ message, node }) => message.includes(text) && (name === undefined || node === name),
    );
  }

  /** Moves time until it is so; fails where that does not come. */
  async until(what: string, isSo: () => boolean, maxMs = 120_000): Promise<void> {
    const startMs = this.clock.monotonicMs();
    while (!isSo()) {
      if (this.clock.monotonicMs() - startMs > maxMs) {
        assert.fail(`not in ${maxMs} ms: ${what}; ${this.nodes.map((node) => node.describe()).join(", ")}`);
      }
      await this.clock.advance(100);
    }
  }

  async stop(): Promise<void> {
    const ended = Promise.all(this.nodes.map((node) => node.stop()));
    await this.clock.advance(10_000);
    await ended;
  }
}

export class FoundingNode {
  readonly name: string;
  readonly keyPair: KeyPair;
  readonly peerId: string;
  readonly #options: FoundingNodeOptions;
  readonly #stage: FoundingStage;
  readonly aside: PinnedChain[] = [];
  readonly left: Uint8Array[] = [];
  pinned: PinnedChain | undefined;
  /** By chain id, as the data directory has them, aside or not. */
  readonly #disks = new Map<string, { disk: MemoryDisk; journals: AuthorityJournals }>();
  #supervisor: ChainSupervisor<RunningCore> | undefined;
  #stopping = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #clock: ReturnType<typeof createNodeClock> | undefined;
  failure: Error | undefined;

  constructor(name: string, options: FoundingNodeOptions, stage: FoundingStage) {
    this.name = name;
    this.keyPair = keyPairNamed(name);
    this.peerId = nodeIdOf(this.keyPair.publicKey);
    this.#options = options;
    this.#stage = stage;
  }

  get core(): NodeCore | undefined {
    return this.#supervisor?.node?.core;
  }

  /** The id of the chain that the node runs on. */
  get chainId(): string | undefined {
    return this.core && toHex(this.core.chain.spec.chainId);
  }

  /** Puts a record of this node's own key into its chain, which makes that one established. */
  async submitRecord(text: string): Promise<void> {
    const { core, keyPair } = this;
    assert.ok(core, `${this.name} runs on no chain`);
    const transaction = signTransaction(
      {
        payload: { kind: "record", data: Buffer.from(text) },
        sequence: core.mempool.pendingSequence(toHex(keyPair.publicKey)),
        fee: core.chain.spec.genesis.minimumFee,
        validUntil: 0,
        timestampMs: this.#stage.clock.nowMs(),
      },
      keyPair,
      core.chain.spec.chainId,
    );
    const submitted = core.submit(transaction);
    await this.#stage.until("the record is committed", () => !!core.chain.transaction(transaction.id));
    assert.ok((await submitted).ok);
  }

  /** The head of the chain that the node runs on. */
  get head(): string | undefined {
    return this.core?.chain.head.hashHex;
  }

  start(): void {
    const { clock: shared, random } = this.#stage;
    const clock = createNodeClock(shared);
    clock.setWrongBy(this.#wrongByMs);
    this.#clock = clock;
    this.#stopping = new AbortController();
    const logger = this.#logger();
    const supervisor = new ChainSupervisor<RunningCore>(
      {
        network: "lab",
        name: this.name,
        authority: true,
        expect: 1,
        admission: "open-lan",
        spec: undefined,
        ...this.#options,
        publicKey: this.keyPair.publicKey,
      },
      {
        repository: {
          pinned: async () => this.pinned,
          pin: async (spec, origin) => {
            this.pinned = { spec, origin };
          },
          change: async (from, to) => {
            assert.ok(this.pinned && toHex(this.pinned.spec.chainId) === toHex(from.chainId));
            this.aside.push(this.pinned);
            this.pinned = { spec: to, origin: "joined" };
            return `aside ${this.aside.length}`;
          },
          leave: async (from) => {
            assert.ok(this.pinned && toHex(this.pinned.spec.chainId) === toHex(from.chainId));
            this.aside.push(this.pinned);
            this.left.push(from.chainId);
            this.pinned = undefined;
            return `aside ${this.aside.length}`;
          },
          left: async () => this.left,
        },
        openHost: async () => this.#host(logger),
        openNode: ({ spec }) => this.#open(spec, clock, logger),
        clock,
        logger,
        salt: () => sha256(Buffer.from(`${random.next()}`)),
      },
    );
    this.#supervisor = supervisor;
    this.#ended = supervisor.run(this.#stopping.signal).catch((error: Error) => {
      this.failure = error;
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  /** What the operator's command does. */
  leaveChain(): void {
    this.#supervisor?.leaveChain();
  }

  setClockWrongBy(offsetMs: number): void {
    this.#wrongByMs = offsetMs;
    this.#clock?.setWrongBy(offsetMs);
  }

  /** As by a kill: only the repository and the stores are left. */
  crash(): void {
    this.#clock?.kill();
    this.#supervisor = undefined;
    void this.#hostNow?.stop();
  }

  #hostNow: PeerHost | undefined;
  #wrongByMs = 0;

  #host(logger: Logger): PeerHost {
    const others = this.#stage.nodes.filter((node) => node !== this);
    const bootstrap = this.#options.bootstrap ?? others.map(({ peerId }) => memoryAddress(peerId));
    this.#hostNow = this.#stage.network.createHost(this.peerId, { bootstrap, logger });
    return this.#hostNow;
  }

  async #open(spec: ChainSpec, clock: Clock, logger: Logger): Promise<RunningCore> {
    const host = this.#host(logger);
    const id = toHex(spec.chainId);
    const kept = this.#disks.get(id) ?? {
      disk: createMemoryDisk(),
      journals: { seals: createMemorySealJournal(), votes: createMemoryVoteJournal() },
    };
    this.#disks.set(id, kept);
    const { authority = true } = this.#options;
    const { keyPair } = this;
    const journals = authority ? kept.journals : undefined;
    const core = await NodeCore.open(
      {
        spec,
        network: this.#options.network ?? "lab",
        name: this.name,
        keyPair,
        mineEmptyBlocks: false,
        software: "simulated",
        otherChains: "report",
      },
      {
        store: kept.disk.open(),
        host,
        verifier: createInlineVerifier(),
        sealer: undefined,
        journals,
        clock,
        logger,
      },
    );
    return {
      core,
      host,
      get established() {
        return core.chain.engine.authority!.finality(core.chain.head).established !== false;
      },
      get isAhead() {
        return core.isChainAhead;
      },
      start: () => core.start(),
      stop: () => core.stop(),
      onOtherChain: (listener) => core.network.events.on("otherChain", listener),
      refuseChain: (peer) => core.network.refuseChain(peer),
    };
  }

  #logger(): Logger {
    const say = (level: string) => (fields: object, message: string) => {
      this.#stage.lines.push({ node: this.name, level, message, fields });
    };
    const logger: Logger = {
      ...silentLogger,
      info: say("info"),
      warn: say("warn"),
      error: say("error"),
      child: () => logger,
    };
    return logger;
  }

  describe(): string {
    return `${this.name} ${this.failure?.stack ?? this.chainId?.slice(0, 8) ?? "without a chain"}`;
  }
}
