/** A node on its machine: data directory, key, LevelDB, libp2p, API and SQL ledger around the core. */
import { randomBytes } from "node:crypto";
import path from "node:path";
import type { NodeStatus } from "../api/node-status.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import type { FoundAnewRefusal } from "../http/chain-control.ts";
import { peersAnswer } from "../http/peers-answer.ts";
import type { AddOptions, AddOutcome, Mempool } from "../mempool/mempool.ts";
import type { Libp2pHost } from "../network/libp2p/libp2p-host.ts";
import type { Hello } from "../network/messages.ts";
import type { Network } from "../network/network.ts";
import type { PeerHost, PeerId } from "../network/peer-host.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import { openFileSealJournal } from "../sealing/poa/file-seal-journal.ts";
import { openFileVoteJournal } from "../sealing/poa/file-vote-journal.ts";
import { createMiningThreads } from "../sealing/pow/mining-threads.ts";
import { createPowSealer } from "../sealing/pow/pow-sealer.ts";
import { WorkBoard } from "../sealing/pow/work-board.ts";
import type { ChainStore } from "../store/chain-store.ts";
import type { DirectoryLock } from "../store/directory-lock.ts";
import { openLevelStore } from "../store/level-store.ts";
import { fileError } from "../store/store-errors.ts";
import { createTransactionVerifier } from "../verifier/verifier.ts";
import { loadOrCreateNodeKey } from "../wallet/keystore.ts";
import type { AuthorityJournals } from "./authority/authority-role.ts";
import { dataDirectory, lockDataDirectory, pinChainSpec } from "./data-directory.ts";
import { ExportFollower } from "./export-follower.ts";
import { type ApiAccessOptions, type ApiSecrets, HttpServers, openApiSecrets } from "./http-servers.ts";
import { NodeCore } from "./node-core.ts";
import { createNodeHost, softwareVersion } from "./node-host.ts";
import { listenRefusal } from "./operator-error.ts";
import { TransactionJournal } from "./own-transactions/transaction-journal.ts";
import { PoolService, type PoolServiceOptions } from "./pool-service.ts";
import type { MachineFacts } from "./situation/take-situation.ts";
import { takeStatus } from "./take-status.ts";

export interface AurexNodeOptions {
  readonly dataDir: string;
  readonly name: string;
  readonly network: string;
  readonly spec: ChainSpec;
  /** Hash of the block to take for final after the quorum was lost for good. */
  readonly trustRecovery?: Uint8Array | undefined;
  /** As an authority, sign without having heard another one. */
  readonly signAlone?: boolean;
  /** The operator did not name the chain, so that the node may be told to begin anew with another. Default false. */
  readonly mayLeaveChain?: boolean;
  /** The command line that starts this node as it was started, for advice; default: one with its data directory. */
  readonly startCommand?: string;
  /** Seal with the node's key where the chain is Proof of Authority. */
  readonly authority: boolean;
  /** Mine where the chain is Proof of Work. */
  readonly mine: boolean;
  readonly mineEmptyBlocks: boolean;
  /** Of this node's own; 0 where only searchers outside are to mine. */
  readonly mineThreads: number | "auto";
  /** Serve a mining pool, where the node mines. */
  readonly pool?: PoolServiceOptions | undefined;
  /** Multiaddrs, e.g. `/ip4/0.0.0.0/tcp/13245`. */
  readonly listenAddresses: readonly string[];
  /** Multiaddrs told to others beside what is listened on. */
  readonly announceAddresses?: readonly string[];
  readonly bootstrap: readonly string[];
  readonly mdns: boolean;
  /** False: nodes that peers tell of are not dialled, as where the shape of the mesh is chosen by hand. */
  readonly introductions?: boolean;
  /** 0 for any free port, undefined for no API. */
  readonly apiPort: number | undefined;
  /** Who may reach the API; by default programs of this machine. */
  readonly apiAccess?: ApiAccessOptions | undefined;
  /** `HOST:PORT` for the metrics alone. */
  readonly metricsAddress?: string | undefined;
  /** False: no block is added to the account index. Default true. */
  readonly accountIndex?: boolean;
  /** The SQLite file to keep up to date. */
  readonly exportFile: string | undefined;
}

/** No process makes more jobs in a millisecond, so two processes, one after the other, share no number. */
const jobsPerMs = 1_000;

export interface AurexNodeModules {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** The lock of the data directory, where the caller holds it already, and for longer than the node lives. */
  readonly lock?: DirectoryLock;
  /** The node's key, if the caller has opened it already; by default the key of the directory, without a passphrase. */
  readonly keyPair?: KeyPair;
  /** Has the node stopped and its chain set aside, where there is somebody who can begin another one. */
  readonly leaveChain?: () => void;
}

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
    leaveChain: (() => void) | undefined,
  ) {
    const { core, host, keyPair, lock, follower, workBoard, pool, apiSecrets, logger } = parts;
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
      peers: () => peersAnswer(core.network),
      network: core.network,
      host,
      authorities: core.admission,
      foundAnew: leaveChain && (() => this.#foundAnew(leaveChain)),
      work: workBoard,
      pool: pool && (() => pool.status()),
      sqlLedger: follower?.downloaded(dataDirectory(options.dataDir).downloads),
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
    return new AurexNode(options, parts, resources.move(), modules.leaveChain);
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
    return engine.finality(head)?.established !== false;
  }

  /** Calls back with every hello of a peer that has another chain of this network and engine. */
  onOtherChain(listener: (peer: PeerId, hello: Hello) => void): void {
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
    const api = await this.#servers.start();
    this.#apiUrl = api?.apiUrl ?? undefined;
    if (api) await this.#lock.setApi(api);
  }

  /** Pool, producer, API, network, the import that runs, SQL ledger, store, lock; in this order, once. */
  async stop(): Promise<void> {
    // While the producer takes blocks: a share that is being stored may be one.
    await this.#pool?.stop();
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
      startCommand = `aurex-node --data-dir ${dataDir}`,
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

interface NodeParts {
  readonly core: NodeCore;
  readonly host: Libp2pHost;
  readonly keyPair: KeyPair;
  readonly lock: DirectoryLock;
  readonly follower: ExportFollower | undefined;
  readonly workBoard: WorkBoard | undefined;
  readonly pool: PoolService | undefined;
  readonly apiSecrets: ApiSecrets | undefined;
  readonly logger: Logger;
}

async function openParts(
  options: AurexNodeOptions,
  { lock: heldLock, keyPair: openedKey }: AurexNodeModules,
  clock: Clock,
  logger: Logger,
  resources: AsyncDisposableStack,
): Promise<NodeParts> {
  const { dataDir, name, spec } = options;
  const places = dataDirectory(dataDir);
  const lock = heldLock ?? (await lockDataDirectory(dataDir, name, clock));
  if (!heldLock) resources.defer(() => lock.release());
  await pinChainSpec(dataDir, spec);
  const keyPair = openedKey ?? (await loadOrCreateNodeKey(dataDir));
  const apiSecrets =
    options.apiPort === undefined ? undefined : await openApiSecrets(dataDir, options.apiAccess);
  const store: ChainStore = await openLevelStore(
    { directory: places.chain, chainId: spec.chainId, accountIndex: options.accountIndex ?? true },
    { clock, logger },
  );
  resources.defer(() => store.close());
  // The core closes sealer, journals and host, too; this is for where something fails before there is a core.
  const workBoard = openWorkBoard(options, clock, logger);
  resources.defer(() => workBoard?.close());
  const journals = await openJournals(options, logger, resources);
  const transactionJournal = await TransactionJournal.open(
    { filePath: places.ownTransactions, chainId: spec.chainId },
    { logger },
  ).catch((thrown: unknown) => {
    throw fileError(dataDir, thrown);
  });
  resources.defer(() => transactionJournal.close());
  const host = await createNodeHost(options, keyPair, { clock, logger });
  resources.defer(() => host.stop());
  const core = await NodeCore.open(
    { ...options, keyPair, software: softwareVersion, instance: new Uint8Array(randomBytes(32)) },
    {
      store,
      host,
      verifier: createTransactionVerifier({}, { logger }),
      sealer: workBoard,
      journals,
      transactionJournal,
      clock,
      logger,
    },
  );
  const pool = await openPool(options, { core, workBoard, keyPair, clock, logger }, resources);
  const follower = openFollower(options, { core, pool, clock, logger }, resources);
  resources.defer(() => core.stop());
  return { core, host, keyPair, lock, follower, workBoard, pool, apiSecrets, logger };
}

function openWorkBoard(options: AurexNodeOptions, clock: Clock, logger: Logger): WorkBoard | undefined {
  const { spec, mine, mineThreads } = options;
  if (spec.consensus !== "pow" || !mine) return undefined;
  const own =
    mineThreads === 0
      ? undefined
      : createPowSealer(createMiningThreads({ threads: mineThreads }, { logger }));
  return new WorkBoard({ own, firstJobId: clock.nowMs() * jobsPerMs });
}

async function openJournals(
  options: AurexNodeOptions,
  logger: Logger,
  resources: AsyncDisposableStack,
): Promise<AuthorityJournals | undefined> {
  if (options.spec.consensus !== "poa" || !options.authority) return undefined;
  const places = dataDirectory(options.dataDir);
  const seals = await openFileSealJournal(places.sealJournal, { logger });
  resources.defer(() => seals.close());
  const votes = await openFileVoteJournal(places.voteJournal, { logger });
  resources.defer(() => votes.close());
  return { seals, votes };
}

async function openPool(
  { pool: options, dataDir }: AurexNodeOptions,
  modules: {
    readonly core: NodeCore;
    readonly workBoard: WorkBoard | undefined;
    readonly keyPair: KeyPair;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  resources: AsyncDisposableStack,
): Promise<PoolService | undefined> {
  const { core, workBoard, keyPair, clock, logger } = modules;
  if (!options || !workBoard) return undefined;
  const { chain, mempool } = core;
  const submit = (transaction: DecodedTransaction) => core.submit(transaction);
  const pool = await PoolService.open(
    options,
    { dataDir, keyPair },
    { chain, mempool, board: workBoard, submit, isBehind: () => core.isBehind, clock, logger },
  );
  resources.defer(() => pool.stop());
  return pool;
}

function openFollower(
  { exportFile: file, dataDir }: AurexNodeOptions,
  modules: {
    readonly core: NodeCore;
    readonly pool: PoolService | undefined;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  resources: AsyncDisposableStack,
): ExportFollower | undefined {
  if (file === undefined) return undefined;
  const { core, pool, clock, logger } = modules;
  const { chain, network } = core;
  const follower = ExportFollower.open(
    { file: path.resolve(file), dataDir },
    { chain, network, pool, clock, logger },
  );
  resources.defer(() => follower.stop());
  return follower;
}
