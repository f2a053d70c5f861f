/** A node without its machine: chain, mempool, network and producer wired over a store and a host that are handed in. */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { Chain } from "../chain/chain.ts";
import { createEngine } from "../consensus/create-engine.ts";
import { type AddOutcome, createMempool, type Mempool } from "../mempool/mempool.ts";
import { Network } from "../network/network.ts";
import type { PeerHost } from "../network/peer-host.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { NodeRole } from "../protocol/node-record.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { TransactionVerifier } from "../protocol/transaction-verifier.ts";
import { BlockProducer } from "../sealing/block-producer.ts";
import type { BlockSealer } from "../sealing/block-sealer.ts";
import type { ChainStore } from "../store/chain-store.ts";

export interface NodeCoreOptions {
  readonly spec: ChainSpec;
  readonly network: string;
  readonly name: string;
  readonly keyPair: KeyPair;
  readonly mineEmptyBlocks: boolean;
  readonly software: string;
}

export interface NodeCoreModules {
  readonly store: ChainStore;
  readonly host: PeerHost;
  readonly verifier: TransactionVerifier;
  /** Absent where the node follows and seals nothing. */
  readonly sealer: BlockSealer | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class NodeCore {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly network: Network;
  /** Absent where the node seals nothing. */
  readonly producer: BlockProducer | undefined;
  readonly #verifier: TransactionVerifier;

  private constructor(options: NodeCoreOptions, modules: NodeCoreModules, chain: Chain) {
    const { host, verifier, sealer, clock, logger } = modules;
    const { spec, keyPair, mineEmptyBlocks } = options;
    this.chain = chain;
    this.#verifier = verifier;
    this.mempool = createMempool(
      {},
      {
        clock,
        verifier,
        ledger: () => ({
          view: chain.ledger,
          height: chain.head.header.height,
          minimumFee: spec.genesis.minimumFee,
        }),
        logger,
      },
    );
    this.network = new Network(
      { ...options, role: roleOf(spec, sealer) },
      { host, chain, mempool: this.mempool, clock, logger },
    );
    this.producer =
      sealer &&
      new BlockProducer(
        { producer: keyPair.publicKey, mineEmptyBlocks, extraData: new Uint8Array(32) },
        {
          chain,
          mempool: this.mempool,
          sealer,
          clock,
          logger,
          announceBlock: (block) => this.network.announceBlock(block),
          isSyncing: () => this.network.syncProgress !== undefined,
        },
      );
    // Before the producer's own listener, so that it drafts from a mempool that already follows the new head.
    chain.events.on("headChanged", ({ connected, disconnected }) =>
      this.mempool.headChanged({
        connected: connected.flatMap((block) => block.transactions),
        disconnected: disconnected.flatMap((block) => block.transactions),
      }),
    );
  }

  /** @throws StoreError where what is stored does not add up */
  static async open(options: NodeCoreOptions, modules: NodeCoreModules): Promise<NodeCore> {
    const { store, verifier, clock, logger } = modules;
    const engine = createEngine(options.spec);
    const chain = await Chain.open({ spec: options.spec }, { store, engine, verifier, clock, logger });
    return new NodeCore(options, modules, chain);
  }

  async start(): Promise<void> {
    await this.network.start();
    this.producer?.start();
  }

  /** Takes a transaction from this node's own user: admitted, then announced. */
  async submit(transaction: DecodedTransaction): Promise<AddOutcome> {
    const admitted = await this.mempool.add(transaction);
    if (admitted.ok) this.network.announceTransaction(transaction);
    return admitted;
  }

  async stopProducing(): Promise<void> {
    await this.producer?.stop();
  }

  /** Network first, then the import that runs; the store is the caller's to close. */
  async stop(): Promise<void> {
    await this.stopProducing();
    await this.network.stop();
    await this.chain.close();
    this.mempool.close();
    await this.#verifier.close();
  }
}

function roleOf(spec: ChainSpec, sealer: BlockSealer | undefined): NodeRole {
  if (!sealer) return "follower";
  return spec.consensus === "pow" ? "miner" : "authority";
}
