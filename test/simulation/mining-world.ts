/** Miners with hash rates on one network and in one simulated time, with everything that must not be seen there. */
import assert from "node:assert/strict";
import { toHex } from "../../src/base/bytes.ts";
import type { Logger } from "../../src/base/logger.ts";
import type { NodeCore } from "../../src/node/node-core.ts";
import type { Block } from "../../src/protocol/block.ts";
import type { ChainSpecJson } from "../../src/protocol/chain-spec-json.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, signTransaction } from "../../src/protocol/transaction.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { keyPairNamed, simulatedSpec, simulationStartMs } from "./chains.ts";
import { conservationViolations, entriesOf, ledgerViolations, replayViolations } from "./checks.ts";
import { createSeededRandom, type SeededRandom } from "./random.ts";
import { createSimulatedMiner, type MiningRig } from "./simulated-miner.ts";
import { memoryAddress, SimulatedNode } from "./simulated-node.ts";

const link = { latencyMs: [5, 120], loss: 0 } as const;

export interface Miner {
  readonly node: SimulatedNode;
  readonly rig: MiningRig;
  /** Blocks that it found, wherever they ended. */
  readonly found: Block[];
}

export class MiningWorld {
  readonly clock = createSimulatedClock(simulationStartMs);
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  readonly spec: ChainSpec;
  readonly miners: readonly Miner[];
  readonly wallets: readonly [KeyPair, KeyPair] = [keyPairNamed("wallet"), keyPairNamed("another wallet")];
  /** What nodes said of bans, refused blocks and errors: empty where all is well. */
  readonly complaints: string[] = [];
  readonly #deepest = new Map<SimulatedNode, number>();

  private constructor(seed: number, rates: readonly number[], changes: Partial<ChainSpecJson>) {
    const { clock } = this;
    this.random = createSeededRandom(seed);
    this.network = createMemoryNetwork(link, { clock, random: this.random.next });
    this.spec = simulatedSpec("pow", [], this.wallets, changes);
    const peers: string[] = [];
    this.miners = rates.map((hashesPerSecond, index) => {
      const rig = { hashesPerSecond };
      const found: Block[] = [];
      const node = new SimulatedNode(
        {
          name: `miner ${index}`,
          spec: this.spec,
          keyPair: keyPairNamed(`miner ${index}`),
          bootstrap: [...peers],
          rulesOff: {},
          mineEmptyBlocks: true,
          miner: (own) => createSimulatedMiner(rig, { clock: own, random: this.random.next }),
        },
        {
          clock,
          network: this.network,
          logger: this.#complaining({}),
          observer: {
            sealed: (_, block) => found.push(block),
            headMoved: (who, _, { length }) => {
              this.#deepest.set(who, Math.max(this.#deepest.get(who) ?? 0, length));
            },
            finalMoved: () => {},
          },
        },
      );
      peers.push(memoryAddress(node.peerId));
      return { node, rig, found };
    });
  }

  /** Every miner knows every other. */
  static async start(
    seed: number,
    rates: readonly number[],
    changes: Partial<ChainSpecJson> = {},
  ): Promise<MiningWorld> {
    const world = new MiningWorld(seed, rates, changes);
    for (const { node } of world.miners) await node.start();
    return world;
  }

  get nodes(): readonly SimulatedNode[] {
    return this.miners.map(({ node }) => node);
  }

  /** Hashes per second of all miners together. */
  get rate(): number {
    return this.miners.reduce((sum, { rig }) => sum + rig.hashesPerSecond, 0);
  }

  /** So many blocks have left the head of one of these nodes at once. */
  deepestReorganization(nodes: readonly SimulatedNode[] = this.nodes): number {
    return Math.max(...nodes.map((node) => this.#deepest.get(node) ?? 0));
  }

  /** Steps of simulated time until `isReached`; fails where it is not within `maxMs`. */
  async advanceUntil(isReached: () => boolean, maxMs: number, stepMs = 100): Promise<void> {
    for (let elapsedMs = 0; !isReached(); elapsedMs += stepMs) {
      assert.ok(elapsedMs < maxMs, `not reached within ${maxMs} ms: ${isReached}`);
      await this.clock.advance(stepMs);
    }
  }

  /** Until these nodes have one head: miners go on finding blocks, so that it comes and goes. */
  async advanceToOneHead(nodes: readonly SimulatedNode[] = this.nodes, maxMs = 60_000): Promise<Block> {
    const heads = () => new Set(nodes.map((node) => coreOf(node).chain.head.hashHex));
    await this.advanceUntil(() => heads().size === 1, maxMs);
    const { chain } = coreOf(nodes[0]!);
    const block = chain.block(chain.head.hash);
    assert.ok(block);
    return block;
  }

  /** A transfer of one unit; the test counts the sequences. */
  transfer(from: KeyPair, sequence: number): DecodedTransaction {
    const { publicKey: to } = keyPairNamed("somebody");
    const payload = {
      kind: "transfer",
      to,
      assetId: zeroBytes32,
      amount: 1n,
      memo: new Uint8Array(0),
    } as const;
    const draft = { payload, sequence, fee: 1n, validUntil: 0, timestampMs: 0 };
    return signTransaction(draft, from, this.spec.chainId);
  }

  /** Every node is connected to every other. */
  get isMeshed(): boolean {
    return this.nodes.every((node) => coreOf(node).network.peerCount === this.nodes.length - 1);
  }

  /** Everybody is connected, and nobody has complained of more than another's clock. */
  assertNobodyLost(): void {
    assert.ok(this.isMeshed, "somebody was lost");
    assert.deepEqual(
      this.complaints.filter((complaint) => !clockComplaint.test(complaint)),
      [],
    );
  }

  /** Stops the nodes and holds what is on their disks to the rules. */
  async stop(): Promise<void> {
    for (const node of this.nodes) await node.stop();
    for (const node of this.nodes) {
      const store = node.disk.open();
      const violations = [
        ...ledgerViolations(store),
        ...conservationViolations(entriesOf(store), this.spec, store.head?.height ?? 0),
      ];
      assert.deepEqual(violations, [], node.name);
    }
    const store = this.nodes[0]!.disk.open();
    assert.deepEqual(await replayViolations(store, this.spec, this.clock.nowMs()), []);
  }

  #complaining(bindings: object): Logger {
    const complain = (fields: object, message: string) => {
      // A world that cuts its nodes off from each other makes their addresses fail.
      if (message.startsWith("a bootstrap address does not work")) return;
      const atMs = this.clock.monotonicMs().toFixed(0);
      this.complaints.push(`${atMs} ${message} ${JSON.stringify({ ...bindings, ...fields }, errorText)}`);
    };
    const child = (more: object) => this.#complaining({ ...bindings, ...more });
    return { debug() {}, info() {}, warn: complain, error: complain, child };
  }
}

/** A miner that comes back from a wrong clock loses what it mined by it, which is a deep reorganization of its own. */
const clockComplaint =
  /far ahead of this machine's clock|clocks differ: |this machine's clock is |deep reorganization: /;

export function coreOf({ core, name }: SimulatedNode): NodeCore {
  assert.ok(core, `${name} is down`);
  return core;
}

/** The canonical blocks of a node, from height 1 to the head. */
export function canonicalBlocks(node: SimulatedNode): Block[] {
  const { chain } = coreOf(node);
  return Array.from({ length: chain.head.header.height }, (_, index) => {
    const block = chain.blockAtHeight(index + 1);
    assert.ok(block);
    return block;
  });
}

/** From the first of these blocks to the last, by their timestamps, a block. */
export function meanIntervalMs(blocks: readonly Block[]): number {
  const [first, last] = [blocks[0], blocks.at(-1)];
  assert.ok(first && last && blocks.length > 1);
  return (last.header.timestampMs - first.header.timestampMs) / (blocks.length - 1);
}

/** How many of the blocks each miner has made, in the order of the miners. */
export function sharesOf(miners: readonly Miner[], blocks: readonly Block[]): number[] {
  const counts = new Map<string, number>();
  for (const { header } of blocks) {
    const producer = toHex(header.producer);
    counts.set(producer, (counts.get(producer) ?? 0) + 1);
  }
  return miners.map(({ node }) => counts.get(toHex(node.keyPair.publicKey)) ?? 0);
}

/** The seed of these tests: another one by the environment variable SUITE_MINING_SEED. */
const miningSeed = Number(process.env.SUITE_MINING_SEED ?? 1);

/** Runs a test with the seed; where it fails, the seed is said. */
export async function withMiningSeed(test: (seed: number) => Promise<void>): Promise<void> {
  try {
    await test(miningSeed);
  } catch (thrown) {
    const again = `set SUITE_MINING_SEED=${miningSeed} to see it again`;
    throw new Error(`seed ${miningSeed} fails; ${again}: ${(thrown as Error).message}`, { cause: thrown });
  }
}

function errorText(_: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}
