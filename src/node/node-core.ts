/** A node without its machine: chain, mempool, network and producer wired over a store and a host that are handed in. */

import { AdmissionController } from "../authority/admission-controller.ts";
import { type AuthorityJournals, AuthorityRole, listenFirstMs } from "../authority/authority-role.ts";
import { BootstrapNames } from "../authority/bootstrap-names.ts";
import { ChainAlarms } from "../authority/chain-alarms.ts";
import { OwnCandidacy } from "../authority/own-candidacy.ts";
import { isAheadOf, SigningGate } from "../authority/signing-gate.ts";
import type { Slashed } from "../authority/slashed.ts";
import { VoteCaster } from "../authority/vote-caster.ts";
import { bytesEqual } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { AccountIndexer } from "../chain/account-indexer.ts";
import { Chain, type HeadChange } from "../chain/chain.ts";
import { createEngine } from "../consensus/create-engine.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import type { MempoolHead } from "../mempool/admission.ts";
import {
  type AddOptions,
  type AddOutcome,
  createMempool,
  type Mempool,
  type MempoolHeadChange,
} from "../mempool/mempool.ts";
import { Network } from "../network/network.ts";
import type { PeerHost } from "../network/peer-host.ts";
import { ClockWatch } from "../network/peers/clock-watch.ts";
import { quorumOf } from "../protocol/certificate.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { NodeRole } from "../protocol/node-record.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { TransactionVerifier } from "../protocol/transaction-verifier.ts";
import { BlockProducer } from "../sealing/block-producer.ts";
import { largestTransactionBytes } from "../sealing/block-room.ts";
import type { BlockSealer } from "../sealing/block-sealer.ts";
import { createAuthoritySealer } from "../sealing/poa/poa-sealer.ts";
import type { ChainStore } from "../store/chain-store.ts";
import { type ChainSteps, followChain } from "./chain-steps.ts";
import { OwnTransactions } from "./own-transactions/own-transactions.ts";
import type { TransactionJournal } from "./own-transactions/transaction-journal.ts";
import type { Situation } from "./situation/situation.ts";
import { type MachineFacts, takeSituation } from "./situation/take-situation.ts";

export interface NodeCoreOptions {
  readonly spec: ChainSpec;
  readonly network: string;
  readonly name: string;
  readonly keyPair: KeyPair;
  readonly mineEmptyBlocks: boolean;
  readonly software: string;
  /** 32 random bytes of this process: how the others notice a second one with its key. */
  readonly instance?: Uint8Array;
  /** How long an authority only listens after its start; by default as long as it takes to hear every other one. */
  readonly listenFirstMs?: number;
  /** False: nodes that peers tell of are not dialled. */
  readonly introductions?: boolean;
  /** Whether a peer on another chain of this network is parted from at once (the default) or reported by `otherChain`. */
  readonly otherChains?: "refuse" | "report";
  /** An authority signs without having heard another one: for when the others are gone for good. Default false. */
  readonly signAlone?: boolean;
  /** See ChainOptions. */
  readonly trustRecovery?: Uint8Array | undefined;
}

/** Three rounds of statuses: an authority is still in the quorum if one status is lost. */
const heardWithinMs = 25_000;

export interface NodeCoreModules {
  readonly store: ChainStore;
  readonly host: PeerHost;
  readonly verifier: TransactionVerifier;
  /** A miner's; absent where the node does not mine. */
  readonly sealer: BlockSealer | undefined;
  /** An authority's, on a chain that has authorities; absent where the node is none. */
  readonly journals: AuthorityJournals | undefined;
  /** Of what is submitted here; absent where nothing of it has to outlive the process. */
  readonly transactionJournal?: TransactionJournal | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is opened around a core, and follows its chain. */
export interface ChainFollowers {
  /** Of the pool that this node serves: takes payments that a reorganization brought back out of the mempool. */
  readonly payouts?: { headChanged(change: HeadChange): void } | undefined;
  /** The SQL ledger. */
  readonly export?: { chainChanged(): void } | undefined;
}

export class NodeCore {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly network: Network;
  /** Whether this node may seal and vote now; absent if it never does. */
  readonly gate: SigningGate | undefined;
  /** Absent if the node seals nothing. */
  readonly producer: BlockProducer | undefined;
  /** Absent where the node is no authority and does not ask to be one. */
  readonly authority: AuthorityRole | undefined;
  readonly candidacy: OwnCandidacy;
  /** Absent where the chain has no authorities; a follower's only shows who they are. */
  readonly admission: AdmissionController | undefined;
  readonly #alarms: ChainAlarms;
  readonly #clock: Clock;
  readonly #keyPair: KeyPair;
  readonly #verifier: TransactionVerifier;
  readonly #own: OwnTransactions;
  readonly #indexer: AccountIndexer;
  #followers: ChainFollowers = {};

  private constructor(options: NodeCoreOptions, modules: NodeCoreModules, chain: Chain) {
    const { host, verifier, journals, clock, logger } = modules;
    const { spec, keyPair, mineEmptyBlocks } = options;
    const sealer = journals
      ? createAuthoritySealer({ keyPair }, { journal: journals.seals })
      : modules.sealer;
    this.chain = chain;
    this.#indexer = new AccountIndexer(chain, { clock, logger });
    this.#clock = clock;
    this.#keyPair = keyPair;
    this.#verifier = verifier;
    this.candidacy = new OwnCandidacy({ keyPair, authority: journals !== undefined }, chain);
    this.mempool = createMempool(
      {},
      {
        clock,
        verifier,
        ledger: () => mempoolHead(chain),
        logger,
      },
    );
    const { instance, ...said } = options;
    this.network = new Network(
      {
        ...said,
        // Who signs nothing may run twice.
        ...(instance && journals ? { instance } : {}),
        role: roleOf(spec, sealer),
        candidacy: () => this.candidacy.current(),
      },
      { host, chain, mempool: this.mempool, clock, logger },
    );
    const { candidacy, network } = this;
    this.#own = new OwnTransactions({
      chain,
      mempool: this.mempool,
      announce: (transaction) => network.announceTransaction(transaction, true),
      isUpToDate: () => !this.isBehind && (network.peerCount > 0 || sealer !== undefined),
      journal: modules.transactionJournal,
      clock,
      logger,
    });
    const listenMs = journals ? (options.listenFirstMs ?? listenFirstMs(spec.genesis)) : 0;
    this.authority =
      journals &&
      new AuthorityRole(
        {
          keyPair,
          instance: options.instance,
          listenFirstMs: listenMs,
          signAlone: options.signAlone ?? false,
        },
        { chain, network, candidacy, journals, clock, logger },
      );
    const gate =
      this.authority?.gate ??
      (sealer && new SigningGate({ listenFirstMs: 0 }, { chain, network, clock, logger }));
    this.gate = gate;
    this.#alarms = new ChainAlarms({ chain, logger, ownKey: keyPair.publicKey });
    this.admission = spec.admission && this.#openAdmission(modules);
    this.producer =
      sealer &&
      gate &&
      new BlockProducer(
        {
          producer: keyPair.publicKey,
          mineEmptyBlocks,
          extraData: new Uint8Array(32),
        },
        {
          chain,
          mempool: this.mempool,
          sealer,
          clock,
          logger,
          announceBlock: (block) => network.announceBlock(block),
          permission: gate,
          quorumHeard: () => this.quorum.heard >= this.quorum.needed,
          hasPeers: () => network.peerCount > 0,
          isNewcomerAwaited: () => this.admission?.awaitsNewcomer ?? false,
        },
      );
    const keepsFrom = journals && "nothing is signed";
    const watch = new ClockWatch({ keepsFrom }, { clocks: network.clocks, logger });
    network.clocks.events.on("measured", () => watch.look());
    followChain(chain, this.#steps(), logger);
  }

  /** What follows each change of the chain, in this order: the producer drafts from a mempool that has the new head. */
  #steps(): ChainSteps {
    const { mempool, network } = this;
    return {
      headChanged: [
        // First: nobody may sign on the new head before the gate has seen it.
        ["signing gate", (change) => this.gate?.headChanged(change)],
        ["voter", () => this.authority?.headChanged()],
        ["mempool", (change) => mempool.headChanged(mempoolChange(change))],
        ["payouts", (change) => this.#followers.payouts?.headChanged(change)],
        ["own transactions", (change) => this.#own.headChanged(change)],
        ["account index", () => this.#indexer.look()],
        ["network", (change) => network.headChanged(change)],
        ["admission", (change) => this.admission?.headChanged(change)],
        ["alarms", (change) => this.#alarms.headChanged(change)],
        ["producer", () => this.producer?.look()],
        ["export", () => this.#followers.export?.chainChanged()],
      ],
      finalChanged: [
        ["own transactions", () => this.#own.finalChanged()],
        ["export", () => this.#followers.export?.chainChanged()],
      ],
      voteCounted: [["authority", (vote) => this.authority?.voteCounted(vote)]],
      blockStored: [
        ["network", () => network.blockStored()],
        ["authority", (block) => this.authority?.blockStored(block)],
      ],
      waitingImported: [["network", (block) => network.waitingImported(block)]],
      blockDamaged: [["network", () => network.blockDamaged()]],
      evidenceFound: [
        ["network", (evidence) => network.announceEvidence(evidence)],
        ["producer", () => this.producer?.look()],
      ],
    };
  }

  #openAdmission({ host, clock, logger }: NodeCoreModules): AdmissionController {
    const { chain, mempool, network, candidacy } = this;
    const submit = (transaction: DecodedTransaction) => this.submit(transaction);
    const caster = new VoteCaster(this.#keyPair, { chain, mempool, submit, clock });
    const names = new BootstrapNames(() => host.bootstrap().map(({ address }) => address), clock);
    const permission = this.authority?.gate;
    const { slashed } = this.#alarms;
    return new AdmissionController(this.#keyPair.publicKey, {
      ...{ chain, network, candidacy, caster, slashed, permission, names, clock, logger },
    });
  }

  /** Has parts that the core does not know take their steps after each change of the chain. */
  attach(followers: ChainFollowers): void {
    this.#followers = followers;
  }

  /** The newest block is further ahead of this clock than any may be. */
  get isChainAhead(): boolean {
    return isAheadOf(this.#clock.nowMs(), this.chain);
  }

  /** Who was slashed on this chain, and why. */
  get slashed(): readonly Slashed[] {
    return this.#alarms.slashed.all();
  }

  /** Whether the node is not on the newest block that it knows its peers to have. */
  get isBehind(): boolean {
    return this.network.isBehind;
  }

  /** Authorities that finality needs, and those that gave a sign of life lately, this node included. */
  get quorum(): { readonly needed: number; readonly heard: number } {
    const { length } = authoritiesOf(this.chain.engine, this.chain.head);
    return { needed: quorumOf(length), heard: this.heardAuthorities.length };
  }

  /** The keys of authorities that gave a sign of life lately, this node's own if it signs. */
  get heardAuthorities(): Uint8Array[] {
    const { engine, head } = this.chain;
    const { directory } = this.network;
    const isOwn = (key: Uint8Array) => bytesEqual(key, this.#keyPair.publicKey);
    const authorities = authoritiesOf(engine, head);
    const others = authorities.filter((key) => !isOwn(key));
    const heard = directory.heardWithin(others, heardWithinMs, this.#clock.monotonicMs());
    return this.authority ? [...heard, ...authorities.filter(isOwn)] : heard;
  }

  /** All that bears on whether this node does its work, as of now. */
  situation(facts: MachineFacts): Situation {
    return takeSituation(this, this.#keyPair.publicKey, this.#clock.nowMs(), facts);
  }

  /** @throws StoreError where what is stored does not add up */
  static async open(options: NodeCoreOptions, modules: NodeCoreModules): Promise<NodeCore> {
    const { store, verifier, clock, logger } = modules;
    const engine = createEngine(options.spec);
    const { spec, trustRecovery } = options;
    const chain = await Chain.open(trustRecovery ? { spec, trustRecovery } : { spec }, {
      store,
      engine,
      verifier,
      clock,
      logger,
    });
    return new NodeCore(options, modules, chain);
  }

  async start(): Promise<void> {
    await this.network.start();
    this.#alarms.start();
    this.#indexer.look();
    await this.#own.start();
    this.gate?.start();
    this.authority?.start();
    this.admission?.start();
    this.producer?.start();
  }

  /** Takes a transaction from this node's own user: admitted, on disk, then announced. */
  submit(transaction: DecodedTransaction, options?: AddOptions): Promise<AddOutcome> {
    return this.#own.submit(transaction, options);
  }

  /** The same for many, in order, verified together and synced to disk once; one outcome for each. */
  submitMany(transactions: readonly DecodedTransaction[], options?: AddOptions): Promise<AddOutcome[]> {
    return this.#own.submitMany(transactions, options);
  }

  /** What was submitted here and is not settled, or was dropped. */
  get ownTransactions(): Pick<OwnTransactions, "droppedBecause" | "unplaced"> {
    return this.#own;
  }

  async stopProducing(): Promise<void> {
    this.admission?.stop();
    this.gate?.stop();
    await this.producer?.stop();
    await this.authority?.stop();
  }

  /** Network first, then the import that runs; the store is the caller's to close. */
  async stop(): Promise<void> {
    await this.stopProducing();
    this.#own.stop();
    await this.network.stop();
    await this.#indexer.stop();
    await this.chain.close();
    this.mempool.close();
    await this.#verifier.close();
  }
}

/** What a mempool looks at of the chain that it is for. */
export function mempoolHead(chain: Chain): MempoolHead {
  const { genesis } = chain.spec;
  return {
    view: chain.ledger,
    height: chain.head.header.height,
    minimumFee: genesis.minimumFee,
    transactionBytesMax: largestTransactionBytes(genesis, authoritiesOf(chain.engine, chain.head).length),
    voteFault: (transaction) => chain.voteFault(transaction),
  };
}

/** What a mempool is told of a new head. */
export function mempoolChange({ connected, disconnected, touched }: HeadChange): MempoolHeadChange {
  return {
    connected: connected.flatMap(({ transactions }) => transactions),
    disconnected: disconnected.flatMap(({ transactions }) => transactions),
    touched,
  };
}

function roleOf(spec: ChainSpec, sealer: BlockSealer | undefined): NodeRole {
  if (!sealer) return "follower";
  return spec.consensus === "pow" ? "miner" : "authority";
}
