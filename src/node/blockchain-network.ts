/** Several nodes in one process, for demonstrations, lessons and tests: real nodes on loopback, nothing imitated. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { NodeStatus } from "../api/node-status.ts";
import { compareBytes, fromHex, fromUtf8, toHex } from "../base/bytes.ts";
import { sleep, systemClock } from "../base/clock.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import { specDefaults } from "../protocol/chain-spec-json.ts";
import { describeFault } from "../protocol/faults.ts";
import type { ChainSpec, ConsensusName } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";
import type { KeyPair } from "../protocol/signing.ts";
import { type Payload, signTransaction } from "../protocol/transaction.ts";
import { loadOrCreateNodeKey } from "../wallet/keystore.ts";
import { AurexNode } from "./aurex-node.ts";
import { pinnedChainSpec } from "./data-directory.ts";
import { localChainSpec } from "./local-chain.ts";
import { LocalNode, writeToStdout } from "./local-node.ts";
import { type BlockSummary, blockSummaries, chainTable, statusTable } from "./status-tables.ts";

export interface BlockchainNetworkOptions {
  /** Each node gets a directory of its own below it; a temporary one, removed by `stopAll`, where it is not given. */
  readonly dataDir?: string;
  /** Accounts besides the nodes' own that a new chain gives AUR to. */
  readonly fundedKeys?: readonly Uint8Array[];
  /** The SQLite file that the first node of each chain keeps up to date. */
  readonly exportFile?: string;
  readonly logger?: Logger;
}

export interface PowNodeOptions {
  /** TCP port on 127.0.0.1; any free one where it is not given. */
  readonly port?: number;
  /** Leading zero hex digits of a block's hash, 1 to 4; the same for all Proof of Work nodes. */
  readonly difficulty?: number;
  /** Port of its HTTP API on 127.0.0.1, 0 for any free one; it has no API if this is not given. */
  readonly apiPort?: number;
}

export interface PoaNodeOptions {
  /** TCP port on 127.0.0.1; any free one if it is not given. */
  readonly port?: number;
  /** Names of the nodes that may seal. */
  readonly authorizedNodes: readonly string[];
  /** As of a Proof of Work node. */
  readonly apiPort?: number;
}

interface PlannedNode {
  readonly name: string;
  readonly consensus: ConsensusName;
  readonly port: number;
  readonly difficulty: number;
  readonly authorizedNodes: readonly string[];
  readonly apiPort: number | undefined;
}

const connectTimeoutMs = 60_000;
const commitTimeoutMs = 120_000;
const pollMs = 50;
/** On a busy machine one side of a connection may have given up on the handshake: then it takes another dial. */
const dialEveryMs = 2_000;

/**
 * The documented manual control: add nodes, start them, connect them, send transactions, look, stop.
 * Nodes of one engine share one chain; nodes of both share one mesh.
 */
export class BlockchainNetwork {
  readonly #options: BlockchainNetworkOptions;
  readonly #planned = new Map<string, PlannedNode>();
  readonly #nodes = new Map<string, AurexNode>();
  readonly #keys = new Map<string, KeyPair>();
  #directory: string | undefined;

  constructor(options: BlockchainNetworkOptions = {}) {
    this.#options = options;
  }

  /**
   * Plans a Proof of Work node, which mines when transactions wait.
   *
   * @returns the node, to be used once `startAll` has started it
   * @throws Error if there is a node with this name
   */
  addPowNode(name: string, options: PowNodeOptions = {}): LocalNode {
    const { port = 0, difficulty = specDefaults.pow.difficulty, apiPort } = options;
    return this.#plan({ name, consensus: "pow", port, difficulty, authorizedNodes: [], apiPort });
  }

  /**
   * Plans a Proof of Authority node, which seals when transactions wait, if its own name is among the authorized ones.
   *
   * @returns the node, to be used once `startAll` has started it
   * @throws Error if there is a node with this name
   */
  addPoaNode(name: string, { port = 0, authorizedNodes, apiPort }: PoaNodeOptions): LocalNode {
    return this.#plan({ name, consensus: "poa", port, difficulty: 0, authorizedNodes, apiPort });
  }

  #plan(node: PlannedNode): LocalNode {
    if (this.#planned.has(node.name)) throw new Error(`there is a node named ${node.name} already`);
    this.#planned.set(node.name, node);
    return new LocalNode(node.name, node.consensus, {
      node: (name) => this.node(name),
      keyOf: (name) => this.#keyOf(name),
      send: (name, keyPair, payload) => this.send(name, keyPair, payload),
      committed: (name, idHex, timeoutMs) => this.committed(name, idHex, timeoutMs),
    });
  }

  /** Names in the order in which they were added. */
  names(): readonly string[] {
    return [...this.#planned.keys()];
  }

  /**
   * A started node, with its chain, mempool and network.
   *
   * @throws Error if none of this name is running
   */
  node(name: string): AurexNode {
    const node = this.#nodes.get(name);
    if (!node) {
      const why = this.#planned.has(name) ? "startAll() starts it" : "no node of this name was added";
      throw new Error(`no node named ${name} is running: ${why}`);
    }
    return node;
  }

  /** The running nodes of one engine, in the order in which they were added. */
  nodesOf(consensus: ConsensusName): readonly AurexNode[] {
    return [...this.#nodes.values()].filter((node) => node.chain.spec.consensus === consensus);
  }

  /**
   * Opens and starts every planned node that does not run yet.
   *
   * @param onStarted called after each, for progress
   */
  async startAll(onStarted?: (node: AurexNode) => void): Promise<void> {
    const { dataDir, exportFile, logger = silentLogger } = this.#options;
    this.#directory ??= dataDir ?? (await mkdtemp(path.join(tmpdir(), "aurex-network-")));
    for (const { name } of this.#planned.values()) {
      this.#keys.set(name, await loadOrCreateNodeKey(this.#directoryOf(name)));
    }
    for (const planned of this.#planned.values()) {
      const { name, consensus, port, authorizedNodes, apiPort } = planned;
      if (this.#nodes.has(name)) continue;
      const isFirstOfChain = this.nodesOf(consensus).length === 0;
      const node = await AurexNode.open(
        {
          dataDir: this.#directoryOf(name),
          name,
          network: "local",
          spec: await this.#specOf(consensus),
          authority: authorizedNodes.includes(name),
          mine: consensus === "pow",
          mineEmptyBlocks: false,
          mineThreads: 1,
          listenAddresses: [`/ip4/127.0.0.1/tcp/${port}`],
          bootstrap: [],
          mdns: false,
          apiPort,
          exportFile: isFirstOfChain ? exportFile : undefined,
        },
        { logger: logger.child({ node: name }) },
      );
      this.#nodes.set(name, node);
      await node.start();
      onStarted?.(node);
    }
  }

  #directoryOf(name: string): string {
    return path.join(this.#directory ?? "", name);
  }

  /** The chain that the nodes' directories hold, or a new one that funds them. */
  async #specOf(consensus: ConsensusName): Promise<ChainSpec> {
    const running = this.nodesOf(consensus)[0];
    if (running) return running.chain.spec;
    const members = [...this.#planned.values()].filter((node) => node.consensus === consensus);
    for (const { name } of members) {
      const pinned = await pinnedChainSpec(this.#directoryOf(name));
      if (pinned) return pinned;
    }
    const difficulties = new Set(members.map((node) => node.difficulty));
    if (difficulties.size > 1) throw new Error("the Proof of Work nodes of one network share one difficulty");
    const funded = [
      ...members.map(({ name }) => this.#keyOf(name).publicKey),
      ...(this.#options.fundedKeys ?? []),
    ];
    return localChainSpec(consensus, {
      difficulty: members[0]?.difficulty,
      authorities: consensus === "poa" ? this.#authorities(members) : [],
      funded,
    });
  }

  #authorities(members: readonly PlannedNode[]): string[] {
    const names = new Set(members.flatMap((node) => node.authorizedNodes));
    return [...names]
      .map((name) => this.#keyOf(name).publicKey)
      .sort(compareBytes)
      .map(addressOf);
  }

  #keyOf(name: string): KeyPair {
    const key = this.#keys.get(name);
    if (!key) throw new Error(`authorizedNodes names ${name}, which is no node of this network`);
    return key;
  }

  /** Connects every node with every other, across engines; resolves when all of them are. */
  async connectPeers(): Promise<void> {
    const nodes = [...this.#nodes.values()];
    const deadlineMs = systemClock.monotonicMs() + connectTimeoutMs;
    let dialAtMs = systemClock.monotonicMs();
    let failure: unknown;
    do {
      if (systemClock.monotonicMs() > deadlineMs)
        throw new Error("not all nodes are connected with each other", { cause: failure });
      if (systemClock.monotonicMs() >= dialAtMs) {
        failure = await dialEachOther(nodes);
        dialAtMs = systemClock.monotonicMs() + dialEveryMs;
      }
      await sleep(systemClock, pollMs);
    } while (nodes.some((node) => node.network.peerCount < nodes.length - 1));
  }

  /**
   * Sends a record signed by a node's own key through that node.
   *
   * @param data text of at most 4,000 bytes
   * @returns the transaction's id in hex
   */
  sendTestTransaction(name: string, data: string): Promise<string> {
    return this.send(name, this.#keyOf(name), { kind: "record", data: fromUtf8(data) });
  }

  /** Signs a payload with any key and hands it to a node; throws with the reason where the node refuses it. */
  async send(name: string, keyPair: KeyPair, payload: Payload): Promise<string> {
    const { chain, mempool } = this.node(name);
    const draft = {
      payload,
      sequence: mempool.pendingSequence(toHex(keyPair.publicKey)),
      fee: chain.spec.genesis.minimumFee,
      validUntil: 0,
      timestampMs: Date.now(),
    };
    const transaction = signTransaction(draft, keyPair, chain.spec.chainId);
    const submitted = await this.node(name).submit(transaction);
    if (!submitted.ok) throw new Error(`${name} refused the transaction: ${describeFault(submitted.fault)}`);
    return transaction.idHex;
  }

  /** Resolves when a node has a transaction in its canonical chain; throws with the reason where it dropped it. */
  async committed(name: string, idHex: string, timeoutMs = commitTimeoutMs): Promise<void> {
    const { chain, mempool } = this.node(name);
    const id = fromHex(idHex, 32);
    if (!id) throw new Error(`${idHex} is no transaction id: it has 64 hex digits`);
    const deadlineMs = systemClock.monotonicMs() + timeoutMs;
    while (!chain.transaction(id)) {
      const status = mempool.status(idHex);
      if (status?.status === "dropped")
        throw new Error(`${name} dropped ${idHex}: ${describeFault(status.reason)}`);
      if (systemClock.monotonicMs() > deadlineMs)
        throw new Error(`${name} has not committed ${idHex} in time`);
      await sleep(systemClock, pollMs);
    }
  }

  /** What each running node says of itself, as `GET /v1/node` does. */
  allStatus(): readonly NodeStatus[] {
    return [...this.#nodes.values()].map((node) => node.status());
  }

  /** Every node's canonical chain, lowest block first, by the node's name. */
  allChains(): Readonly<Record<string, readonly BlockSummary[]>> {
    return Object.fromEntries([...this.#nodes].map(([name, node]) => [name, blockSummaries(node.chain)]));
  }

  /** A table with a line for each node, to stdout unless told otherwise. */
  printAllStatus(write: (text: string) => void = writeToStdout): void {
    write(statusTable(this.allStatus()));
  }

  /** Each node's canonical chain as a table, to stdout unless told otherwise. */
  printAllChains(write: (text: string) => void = writeToStdout): void {
    for (const [name, blocks] of Object.entries(this.allChains())) write(chainTable(name, blocks));
  }

  /** Stops every node; a temporary directory goes with them. */
  async stopAll(): Promise<void> {
    const stopped = await Promise.allSettled([...this.#nodes.values()].map((node) => node.stop()));
    this.#nodes.clear();
    if (this.#options.dataDir === undefined && this.#directory !== undefined) {
      await rm(this.#directory, { recursive: true, force: true });
      this.#directory = undefined;
    }
    const failed = stopped.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  }
}

/** Every node dials those after it. Returns the last failure: what is connected already stays so. */
async function dialEachOther(nodes: readonly AurexNode[]): Promise<unknown> {
  let failure: unknown;
  for (const [index, node] of nodes.entries()) {
    for (const other of nodes.slice(index + 1)) {
      const address = other.network.addresses[0];
      if (address === undefined) throw new Error(`${other.options.name} listens nowhere`);
      try {
        await node.network.dial(address);
      } catch (thrown) {
        failure = thrown;
      }
    }
  }
  return failure;
}
