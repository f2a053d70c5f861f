/** A node on its machine: data directory, key, LevelDB, libp2p, API and SQL ledger around the core. */
import type { NodeStatus } from "../api/node-status.ts";
import { readLastAudit } from "../audit/last-audit.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { shellWord } from "../base/shell-word.ts";
import type { Chain } from "../chain/chain.ts";
import type { FoundAnewRefusal } from "../http/chain-control.ts";
import { peersAnswer } from "../http/peers-answer.ts";
import type { AddOptions, AddOutcome, Mempool } from "../mempool/mempool.ts";
import type { Libp2pHost } from "../network/libp2p/libp2p-host.ts";
import type { Network } from "../network/network.ts";
import type { PeerHost, PeerId } from "../network/peer-host.ts";
import type { KnownPeer } from "../network/peers/directory.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { WorkBoard } from "../sealing/pow/work-board.ts";
import type { DirectoryLock } from "../store/directory-lock.ts";
import type { AurexNodeModules, AurexNodeOptions } from "./aurex-node-options.ts";
import { dataDirectory } from "./data-directory.ts";
import type { ExportFollower } from "./export-follower.ts";
import { HttpServers } from "./http-servers.ts";
import { NodeAdmin } from "./node-admin.ts";
import type { NodeCore } from "./node-core.ts";
import { softwareVersion } from "./node-host.ts";
import { type NodeParts, openParts } from "./node-parts.ts";
import { listenRefusal } from "./operator-error.ts";
import type { PoolService } from "./pool-service.ts";
import type { MachineFacts } from "./situation/take-situation.ts";
import { takeStatus } from "./take-status.ts";

/** Whoever runs the node, and what of it an operator may reach by the API. */
type NodeOwner = Pick<AurexNodeModules, "leaveChain" | "processControl"> & { readonly clock: Clock };

export class AurexNode {
  readonly options: AurexNodeOptions;
  /** Where searchers outside find work; undefined where the node does not mine. */
  readonly workBoard: WorkBoard | undefined;
  readonly #core: NodeCore;
  readonly #keyPair: KeyPair;
  readonly #lock: DirectoryLock;
  readonly #follower: ExportFollower | undefined;
  readonly #pool: PoolService | undefined;
  readonly #servers: HttpServers;
  readonly #host: Libp2pHost;
  /** What was opened, closed in the opposite order. */
  readonly #resources: AsyncDisposableStack;
  #apiUrl: string | undefined;

  private constructor(
    options: AurexNodeOptions,
    parts: NodeParts,
    resources: AsyncDisposableStack,
    { clock, leaveChain, processControl }: NodeOwner,
  ) {
    const { core, host, keyPair, lock, follower, workBoard, pool, hostMetrics, apiSecrets, logger } = parts;
    this.options = options;
    this.workBoard = workBoard;
    this.#core = core;
    this.#host = host;
    this.#keyPair = keyPair;
    this.#lock = lock;
    this.#follower = follower;
    this.#pool = pool;
    this.#resources = resources;
    this.#servers = new HttpServers(options, apiSecrets, {
      chain: core.chain,
      mempool: core.mempool,
      submitMany: (transactions, options) => core.submitMany(transactions, options),
      own: core.ownTransactions,
      status: () => this.status(),
      peers: () => peersAnswer(core.network, clock.nowMs()),
      network: core.network,
      host,
      hostMetrics,
      authorities: core.admission,
      admin: new NodeAdmin({ host, process: processControl, clock, logger }),
      foundAnew: leaveChain && (() => this.#foundAnew(leaveChain)),
      work: workBoard,
      pool: pool && (() => pool.status()),
      sqlLedger: follower?.downloaded(dataDirectory(options.dataDir).downloads),
      lastAudit: () => readLastAudit(options.dataDir),
      software: softwareVersion,
      logger,
    });
  }

  /**
   * Opens the data directory, which is created when missing; nothing listens yet.
   *
   * @throws StoreError, KeyError, JournalError or ExportError, each with what to do about it
   */
  static async open(options: AurexNodeOptions, modules: AurexNodeModules = {}): Promise<AurexNode> {
    const clock = modules.clock ?? systemClock;
    const logger = modules.logger ?? silentLogger;
    await using resources = new AsyncDisposableStack();
    const parts = await openParts(options, modules, clock, logger, resources);
    return new AurexNode(options, parts, resources.move(), { ...modules, clock });
  }

  get chain(): Chain {
    return this.#core.chain;
  }

  get mempool(): Mempool {
    return this.#core.mempool;
  }

  get network(): Network {
    return this.#core.network;
  }

  get host(): PeerHost {
    return this.#host;
  }

  /** False while the chain is provisional: then nobody loses anything where this node changes to another. */
  get established(): boolean {
    const { engine, head } = this.#core.chain;
    return engine.authority?.finality(head).established !== false;
  }

  /** Calls back with every status of a peer that has another chain of this network and engine, if `otherChains` is "report". */
  onOtherChain(listener: (peer: KnownPeer) => void): void {
    this.#core.network.events.on("otherChain", listener);
  }

  /** Parts for some minutes from a peer whose chain will never be this node's. */
  refuseChain(peer: PeerId): void {
    this.#core.network.refuseChain(peer);
  }

  /** Its newest block is further ahead of this clock than any may be: a clock was wrong when it was sealed, or this one is. */
  get isAhead(): boolean {
    return this.#core.isChainAhead;
  }

  /** Where the API listens; undefined before the start and without an API. */
  get apiUrl(): string | undefined {
    return this.#apiUrl;
  }

  /** The public key that is this node's identity, account and, where the genesis says so, authority. */
  get publicKey(): Uint8Array {
    return this.#keyPair.publicKey;
  }

  /** @throws OperatorError with exit code 4 where a port is taken; the node is to be stopped then */
  async start(): Promise<void> {
    const { listenAddresses } = this.options;
    await this.#core.start().catch((thrown: unknown) => {
      throw listenRefusal(thrown, listenAddresses.join(", "), "--port");
    });
    await this.#pool?.start();
    await this.#follower?.start();
    await this.#servers.start(async (api) => {
      this.#apiUrl = api.apiUrl ?? undefined;
      await this.#lock.setApi(api);
    });
  }

  /** Pool's server, producer, API, network, the import that runs, SQL ledger, pool's books, store, lock; in this order, once. */
  async stop(): Promise<void> {
    // While the producer takes blocks: a share that is being stored may be one. API and ledger still read the books.
    await this.#pool?.stopServing();
    await this.#core.stopProducing();
    await this.#servers.stop();
    await this.#resources.disposeAsync();
  }

  /**
   * Takes a transaction of this node's own user: once this resolves with no fault, it is on disk, and announced until it
   * is committed, expired or dropped.
   */
  submit(transaction: DecodedTransaction, options?: AddOptions): Promise<AddOutcome> {
    return this.#core.submit(transaction, options);
  }

  /** Resolves when the SQL ledger has every block up to the head of now; at once without one. */
  async exportCaughtUp(): Promise<void> {
    await this.#follower?.caughtUp();
  }

  /** What the node says of itself. */
  status(): NodeStatus {
    return takeStatus(this.options, {
      core: this.#core,
      host: this.#host,
      publicKey: this.publicKey,
      facts: this.#machineFacts,
      pool: this.#pool,
      follower: this.#follower,
    });
  }

  get #machineFacts(): MachineFacts {
    const {
      dataDir,
      startCommand = `aurex-node --data-dir ${shellWord(dataDir)}`,
      mayLeaveChain = false,
    } = this.options;
    return { dataDir, startCommand, mayLeaveChain };
  }

  /** Why the node stays on its chain; undefined: it leaves it. */
  #foundAnew(leave: () => void): FoundAnewRefusal | undefined {
    const { spec } = this.#core.chain;
    if (this.#core.situation(this.#machineFacts).mayFoundAnew) return void leave();
    if (spec.consensus === "pow") return "not-ahead";
    return this.established ? "established" : "given";
  }
}
