/** A whole network in one process and one simulated time, decided by a seed alone: faults first, then calm, then checks. */
import { createHash } from "node:crypto";
import { toHex } from "../../src/base/bytes.ts";
import type { Logger } from "../../src/base/logger.ts";
import { BlockExecution } from "../../src/ledger/apply-block.ts";
import { ledgerContext } from "../../src/ledger/ledger-context.ts";
import type { Block } from "../../src/protocol/block.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import type { ChainSpec, ConsensusName } from "../../src/protocol/genesis.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { createMemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { keyPairNamed, simulatedSpec, simulationStartMs } from "./chains.ts";
import { conservationViolations, entriesOf, ledgerViolations, replayViolations } from "./checks.ts";
import { FaultSchedule } from "./fault-schedule.ts";
import { createSeededRandom } from "./random.ts";
import { memoryAddress, type RulesOff, SimulatedNode, type SimulationObserver } from "./simulated-node.ts";
import { Wallet } from "./wallets.ts";

export interface SimulationOptions {
  readonly powNodes: number;
  readonly poaNodes: number;
  /** Faults and new transactions last so long. */
  readonly faultsMs: number;
  readonly rulesOff?: RulesOff;
  readonly logger?: Logger;
  /** Called with every block that any node seals, whether it stays in the chain or not. */
  readonly onSealed?: (spec: ChainSpec, block: Block) => void;
  /** Called with every line of the trace. */
  readonly onTrace?: (line: string) => void;
}

export interface SimulationReport {
  readonly seed: number;
  /** Of every line of the trace: two runs of one seed have one hash. */
  readonly traceHash: string;
  /** What must never happen and did; empty where all is well. */
  readonly violations: readonly string[];
  readonly blocks: number;
  readonly committed: number;
  /** Accepted by some node and never committed, by the reason that the ledger gives. */
  readonly refused: Readonly<Record<string, number>>;
  readonly reorganizations: number;
  readonly deepestReorganization: number;
  /** Simulated time from the end of the faults to one head and every transaction settled. */
  readonly settledAfterMs: number | undefined;
}

const usualLink = { latencyMs: [5, 120], loss: 0.005 } as const;
const walletsPerChain = 4;
const peersDialled = 3;
/** After the last fault: a dial's longest backoff, a status, catching up, and a few blocks. */
const calmMaxMs = 180_000;
const calmStepMs = 1_000;
const resubmitEveryMs = 5_000;

export function simulate(seed: number, options: SimulationOptions): Promise<SimulationReport> {
  return new Simulation(seed, options).run();
}

interface SimulatedChain {
  readonly spec: ChainSpec;
  readonly nodes: readonly SimulatedNode[];
  readonly wallets: readonly Wallet[];
}

class Simulation implements SimulationObserver {
  readonly #seed: number;
  readonly #options: SimulationOptions;
  readonly #random: ReturnType<typeof createSeededRandom>;
  readonly #clock = createSimulatedClock(simulationStartMs);
  readonly #chains: SimulatedChain[] = [];
  readonly #hash = createHash("sha256");
  readonly #violations: string[] = [];
  /** By authority and parent: the block sealed there. */
  readonly #sealedOn = new Map<string, string>();
  readonly #finalAt = new Map<string, string>();
  #blocks = 0;
  #reorganizations = 0;
  #deepest = 0;
  #submitting = true;

  constructor(seed: number, options: SimulationOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#random = createSeededRandom(seed);
  }

  sealed(node: SimulatedNode, block: Block): void {
    this.#blocks += 1;
    this.#options.onSealed?.(node.spec, block);
    this.#trace(`${node.name} sealed ${block.header.height} ${block.hashHex}`);
    this.#checkSealedOnce(node, block);
  }

  headMoved(node: SimulatedNode, connected: readonly Block[], disconnected: readonly Block[]): void {
    this.#trace(`${node.name} head ${connected.at(-1)?.hashHex} -${disconnected.length}`);
    if (disconnected.length > 0) this.#reorganizations += 1;
    this.#deepest = Math.max(this.#deepest, disconnected.length);
    for (const block of connected) this.#checkSealedOnce(node, block);
  }

  /** Of all nodes and all their lives: one block is final at a height, and final never goes back. */
  finalMoved(node: SimulatedNode, { height, hash }: Checkpoint, previousHeight: number): void {
    this.#trace(`${node.name} final ${height} ${toHex(hash)}`);
    if (height <= previousHeight) {
      this.#violate(`${node.name}: final went from ${previousHeight} to ${height}`);
    }
    const key = `${toHex(node.spec.chainId)} ${height}`;
    const first = this.#finalAt.get(key) ?? toHex(hash);
    this.#finalAt.set(key, first);
    if (first !== toHex(hash)) this.#violate(`${node.name}: a second final block of height ${height}`);
    // Final blocks between two that were told are final, too: what is canonical below must be the same everywhere.
    for (let below = height - 1; below > previousHeight && below >= 0; below -= 1) {
      const canonical = node.core?.chain.hashAtHeight(below);
      const known = this.#finalAt.get(`${toHex(node.spec.chainId)} ${below}`);
      if (canonical && known && toHex(canonical) !== known) {
        this.#violate(
          `${node.name}: below its final block ${height} stands another block ${below} than the final one`,
        );
      }
    }
  }

  async run(): Promise<SimulationReport> {
    const random = this.#random;
    const network = createMemoryNetwork(usualLink, { clock: this.#clock, random: random.next });
    this.#addChain("pow", this.#options.powNodes, network);
    this.#addChain("poa", this.#options.poaNodes, network);
    const nodes = this.#chains.flatMap((chain) => chain.nodes);
    for (const node of nodes) await node.start();
    for (const chain of this.#chains) for (const wallet of chain.wallets) this.#submitNow(chain, wallet);
    const broken = (error: unknown) => this.#violate(`broken: ${(error as Error).stack}`);
    const trace = (line: string) => this.#trace(line);
    const faults = new FaultSchedule({
      clock: this.#clock,
      random,
      network,
      nodes,
      usualLink,
      trace,
      broken,
    });
    faults.start();
    await this.#clock.advance(this.#options.faultsMs);
    this.#submitting = false;
    await faults.end();
    if (this.#options.rulesOff?.healing) network.partition([[nodes[0]!.peerId]]);
    const settledAfterMs = await this.#settle();
    for (const node of nodes) await node.stop();
    for (const chain of this.#chains) await this.#checkDisks(chain);
    return this.#report(settledAfterMs);
  }

  #addChain(consensus: ConsensusName, count: number, network: ReturnType<typeof createMemoryNetwork>): void {
    if (count === 0) return;
    const random = this.#random;
    const { rulesOff = {}, logger } = this.#options;
    const keys = Array.from({ length: count }, (_, index) => keyPairNamed(`${consensus} ${index}`));
    const walletKeys = Array.from({ length: walletsPerChain }, (_, index) =>
      keyPairNamed(`${consensus} wallet ${index}`),
    );
    const spec = simulatedSpec(consensus, keys, walletKeys, { rewardMaturityBlocks: 3 });
    const mesh = [...keys, ...this.#chains.flatMap(({ nodes }) => nodes.map(({ keyPair }) => keyPair))];
    const nodes = keys.map((keyPair, index) => {
      // A ring keeps the mesh in one piece; the rest is chance.
      const ring = keys[(index + 1) % count]!;
      const dialled = [ring, ...random.shuffled(mesh).slice(0, peersDialled)].filter(
        (key) => key !== keyPair,
      );
      const modules = { clock: this.#clock, network, observer: this };
      return new SimulatedNode(
        {
          name: `${consensus}-${index}`,
          spec,
          keyPair,
          bootstrap: dialled.map(({ publicKey }) => memoryAddress(nodeIdOf(publicKey))),
          rulesOff,
          sealsWrongRoots: index < (rulesOff.stateRoots ?? 0),
        },
        logger ? { ...modules, logger } : modules,
      );
    });
    const wallets = walletKeys.map(
      (keyPair, index) =>
        new Wallet(
          `${consensus} wallet ${index}`,
          keyPair,
          random,
          rulesOff.signatures === true && index === 0,
        ),
    );
    this.#chains.push({ spec, nodes, wallets });
  }

  #submitNow(chain: SimulatedChain, wallet: Wallet): void {
    this.#clock.schedule(this.#random.between(500, 6_000), () => {
      if (!this.#submitting) return;
      const core = this.#random.pick(chain.nodes).core;
      if (core) {
        void wallet
          .submit(core, chain.wallets)
          .then((line) => this.#trace(line))
          .catch((error: unknown) => this.#violate(`submitting broke: ${(error as Error).stack}`));
      }
      this.#submitNow(chain, wallet);
    });
  }

  /** Waits until every chain has one head and every accepted transaction is settled; undefined where that does not come. */
  async #settle(): Promise<number | undefined> {
    const startMs = this.#clock.monotonicMs();
    let resubmitMs = startMs;
    for (;;) {
      const elapsedMs = this.#clock.monotonicMs() - startMs;
      const unsettled = this.#chains.flatMap((chain) => this.#unsettled(chain));
      if (unsettled.length === 0) return elapsedMs;
      if (elapsedMs >= calmMaxMs) {
        for (const reason of unsettled) this.#violate(reason);
        return undefined;
      }
      if (this.#clock.monotonicMs() >= resubmitMs) {
        resubmitMs += resubmitEveryMs;
        for (const chain of this.#chains) await this.#resubmit(chain);
      }
      await this.#clock.advance(calmStepMs);
    }
  }

  #unsettled(chain: SimulatedChain): string[] {
    const heads = new Set(chain.nodes.map(({ core }) => core?.chain.head.hashHex));
    if (heads.size > 1) {
      return [`no one head: ${chain.nodes.map((node) => node.describe()).join(" ")}`];
    }
    const waiting = chain.nodes.filter(({ core }) => core?.chain.awaitsFinality);
    return [
      ...waiting.map((node) => `${node.name} waits for finality: ${node.describe()}`),
      ...this.#executable(chain).map(
        (transaction) =>
          `a valid transaction is not committed: ${transaction.idHex} ${transaction.payload.kind}`,
      ),
    ];
  }

  /** What was accepted, is not committed, and could stand in the next block. */
  #executable(chain: SimulatedChain): DecodedTransaction[] {
    const core = chain.nodes[0]!.core!;
    const { ledger, spec, head } = core.chain;
    const { publicKey: producer } = chain.nodes[0]!.keyPair;
    const context = ledgerContext({ height: head.header.height + 1, producer }, spec.genesis);
    const execution = new BlockExecution(ledger, context);
    return chain.wallets
      .flatMap(({ accepted }) => accepted)
      .filter((transaction) => !core.chain.transaction(transaction.id))
      .filter((transaction) => execution.apply(transaction) === undefined);
  }

  /** A wallet whose transaction does not come through hands it to another node, as people do. */
  async #resubmit(chain: SimulatedChain): Promise<void> {
    for (const transaction of this.#executable(chain)) {
      await this.#random.pick(chain.nodes).core?.submit(transaction);
    }
  }

  #checkSealedOnce(node: SimulatedNode, block: Block): void {
    if (node.spec.consensus !== "poa") return;
    const { producer, parentHash } = block.header;
    const key = `${toHex(producer)} ${toHex(parentHash)}`;
    const before = this.#sealedOn.get(key);
    if (before === undefined) this.#sealedOn.set(key, block.hashHex);
    else if (before !== block.hashHex) {
      this.#violate(`${node.name}: two blocks of one authority on one parent, height ${block.header.height}`);
    }
  }

  async #checkDisks({ spec, nodes }: SimulatedChain): Promise<void> {
    for (const node of nodes) {
      const store = node.disk.open();
      const height = store.head?.height ?? 0;
      const violations = [
        ...ledgerViolations(store),
        ...conservationViolations(entriesOf(store), spec, height),
        // Nodes with one head have one chain: one of them is replayed.
        ...(node === nodes[0] ? await replayViolations(store, spec, this.#clock.nowMs()) : []),
      ];
      for (const violation of violations) this.#violate(`${node.name}: ${violation}`);
    }
  }

  #report(settledAfterMs: number | undefined): SimulationReport {
    let committed = 0;
    const refused: Record<string, number> = {};
    for (const { nodes, wallets } of this.#chains) {
      const store = nodes[0]!.disk.open();
      for (const transaction of wallets.flatMap(({ accepted }) => accepted)) {
        if (store.transactionLocation(transaction.id)) committed += 1;
        else refused[transaction.payload.kind] = (refused[transaction.payload.kind] ?? 0) + 1;
      }
    }
    return {
      seed: this.#seed,
      traceHash: this.#hash.digest("hex"),
      violations: this.#violations,
      blocks: this.#blocks,
      committed,
      refused,
      reorganizations: this.#reorganizations,
      deepestReorganization: this.#deepest,
      settledAfterMs,
    };
  }

  #trace(line: string): void {
    const dated = `${this.#clock.monotonicMs().toFixed(3)} ${line}\n`;
    this.#hash.update(dated);
    this.#options.onTrace?.(dated);
  }

  #violate(violation: string): void {
    this.#trace(`violation ${violation}`);
    this.#violations.push(violation);
  }
}
