/** The network as the node uses it: wires hosts, gossip topics, greetings and the block fetcher together. It decides nothing. */
import type { EventEmitter } from "node:events";
import { bytesEqual } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { guardedEvents } from "../base/guarded-events.ts";
import type { Logger } from "../base/logger.ts";
import { throttledLogger } from "../base/throttled-logger.ts";
import type { Chain, HeadChange } from "../chain/chain.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { Block } from "../protocol/block.ts";
import type { CandidacyNotice } from "../protocol/candidacy-notice.ts";
import type { Evidence } from "../protocol/evidence.ts";
import type { NodeRecord } from "../protocol/node-record.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { Vote } from "../protocol/vote.ts";
import { BlockFetcher } from "./fetch/block-fetcher.ts";
import { BlockMender } from "./fetch/block-mender.ts";
import { ChainRequests, serveChain } from "./fetch/requests.ts";
import { SyncMeter, type SyncProgress } from "./fetch/sync-meter.ts";
import { BlockLog } from "./gossip/block-log.ts";
import { BlockGossip } from "./gossip/blocks.ts";
import { CandidacyGossip } from "./gossip/candidacies.ts";
import { NodeRecords, type NodeRecordsOptions } from "./gossip/nodes.ts";
import { TransactionGossip } from "./gossip/transactions.ts";
import { FinalityGossip } from "./gossip/votes.ts";
import { BlockDecoder } from "./host/block-decoder.ts";
import { chainTopics } from "./messages.ts";
import type { BannedPeer, ConnectedPeer, PeerHost, PeerId, PeerWorth } from "./peer-host.ts";
import type { ClockComparison } from "./peers/clock-comparison.ts";
import { PeerDirectory } from "./peers/directory.ts";
import { type GreetingEvents, Greetings, type GreetingsOptions } from "./peers/greetings.ts";
import { PeerLog } from "./peers/peer-log.ts";
import type { PeerStanding } from "./peers/score.ts";

export interface NetworkOptions extends GreetingsOptions, NodeRecordsOptions {}

export interface NetworkModules {
  readonly host: PeerHost;
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface NetworkEvents extends GreetingEvents {
  nodeRecord: [NodeRecord];
  /** Somebody asks to become an authority, and has signed that; the node need not be connected with this one. */
  candidacyNotice: [CandidacyNotice];
  /** `isBehind` may have become true or false. It also becomes false by the passing of time, which no event tells. */
  behindChanged: [];
}

export class Network {
  readonly events: EventEmitter<NetworkEvents>;
  readonly directory = new PeerDirectory();
  /** This machine's clock and those of the other authorities. */
  readonly clocks: ClockComparison;
  readonly #modules: NetworkModules;
  readonly #fetcher: BlockFetcher;
  readonly #mender: BlockMender;
  readonly #blocks: BlockGossip;
  readonly #transactions: TransactionGossip;
  readonly #finality: FinalityGossip;
  readonly #records: NodeRecords;
  readonly #candidacies: CandidacyGossip;
  readonly #greetings: Greetings;
  readonly #peerLog: PeerLog;

  constructor(options: NetworkOptions, modules: NetworkModules) {
    const { host, chain, clock, logger } = modules;
    const { directory } = this;
    this.#modules = modules;
    this.events = guardedEvents("network", logger);
    const topics = chainTopics(chain.spec.chainId);
    const behindChanged = () => void this.events.emit("behindChanged");
    const meter = new SyncMeter(clock, behindChanged);
    const decoder = new BlockDecoder(chain);
    const requests = new ChainRequests(chain.spec.chainId, { host, decoder });
    const blockLog = new BlockLog(topics.blocks, { host, directory, clock, logger, meter });
    const told = throttledLogger(logger, clock);
    const shared = { ...modules, logger: told, directory, requests, decoder, blockLog, meter };
    const fetcher = new BlockFetcher({ ...shared, behindChanged });
    this.#fetcher = fetcher;
    this.#mender = new BlockMender(shared);
    this.#blocks = new BlockGossip(topics.blocks, { ...shared, fetcher });
    this.#transactions = new TransactionGossip(options.keyPair.publicKey, shared);
    this.#finality = new FinalityGossip({ ...shared, fetcher });
    this.#records = new NodeRecords(options, {
      ...shared,
      onRecord: (record) => void this.events.emit("nodeRecord", record),
    });
    this.#candidacies = new CandidacyGossip(options, {
      ...shared,
      onNotice: (notice) => void this.events.emit("candidacyNotice", notice),
    });
    this.#peerLog = new PeerLog({ ...shared, nameOf: (peer) => directory.identified(peer)?.handshake.name });
    this.#greetings = new Greetings(options, {
      ...shared,
      events: this.events,
      fetcher,
      finality: this.#finality,
      transactions: this.#transactions,
      records: this.#records,
      peerLog: this.#peerLog,
    });
    this.clocks = this.#greetings.clocks;
  }

  get nodeId(): PeerId {
    return this.#modules.host.peerId;
  }

  get peerCount(): number {
    return this.#modules.host.peers().length;
  }

  /** Multiaddrs on which this node can be reached, with its id. */
  get addresses(): readonly string[] {
    return this.#modules.host.addresses();
  }

  get peers(): readonly ConnectedPeer[] {
    return this.#modules.host.peers();
  }

  /** What is held against a peer. */
  standing(peer: PeerId): PeerStanding {
    return this.#modules.host.standing(peer);
  }

  /** Peers that are refused for a while, newest first. */
  get bans(): readonly BannedPeer[] {
    return this.#modules.host.bans();
  }

  /** Set while the node catches up over many blocks. */
  get syncProgress(): SyncProgress | undefined {
    return this.#fetcher.progress;
  }

  /** A peer has just claimed a better head, and its blocks are being fetched. Bounded in time, whatever peers claim. */
  get isCatchingUp(): boolean {
    return this.#fetcher.isCatchingUp;
  }

  /** This node is not on the newest block that it knows its peers to have. */
  get isBehind(): boolean {
    return this.syncProgress !== undefined || this.isCatchingUp;
  }

  async start(): Promise<void> {
    const { host, chain, mempool } = this.#modules;
    host.valuePeersBy((peer) => this.#worthOf(peer));
    this.#greetings.serve();
    serveChain(host, chain, mempool);
    this.#blocks.start();
    this.#transactions.start();
    this.#finality.start();
    this.#peerLog.start();
    this.#records.serve();
    this.#candidacies.start();
    host.events.on("peerDisconnected", (peerId) => this.#fetcher.forget(peerId));
    await host.start();
    this.#greetings.startRounds();
    this.#records.start();
    this.#mender.start();
  }

  async stop(): Promise<void> {
    this.#transactions.close();
    this.#mender.close();
    this.#records.close();
    this.#candidacies.close();
    this.#peerLog.close();
    this.#greetings.close();
    this.#finality.close();
    await this.#fetcher.close();
    await this.#modules.host.stop();
  }

  /** The chain has a new head. */
  headChanged(change: HeadChange): void {
    this.#transactions.headChanged(change);
  }

  /** A block is stored, on the canonical chain or beside it. */
  blockStored(): void {
    this.#fetcher.blockStored();
    this.#finality.blockStored();
  }

  /**
   * A block that had to wait for its parent or its time is imported. It was not relayed when it came, and gossip carries
   * no message twice: peers that have seen the message learn only from a greeting that the block is good.
   */
  waitingImported(block: Block): void {
    this.announceBlock(block);
    this.#greetings.greetAllSoon();
  }

  /** A block's bytes on disk are damaged: they are fetched from peers. */
  blockDamaged(): void {
    this.#mender.blockDamaged();
  }

  dial(address: string): Promise<PeerId> {
    return this.#modules.host.dial(address);
  }

  announceBlock(block: Block): void {
    this.#blocks.announce(block);
  }

  announceVote(vote: Vote): void {
    this.#finality.announce({ kind: "vote", vote });
  }

  announceEvidence(evidence: Evidence): void {
    this.#finality.announce({ kind: "evidence", evidence });
  }

  /** Parts from a peer of another chain, for a while; both ids are in the log. */
  refuseChain(peer: PeerId): void {
    this.#greetings.refuseChain(peer);
  }

  /**
   * Queues a transaction for the next message, which leaves within milliseconds. A transaction that stays pending is
   * announced again.
   *
   * @param isOwn it was submitted to this node: this node announces it again sooner than the others do
   */
  announceTransaction(transaction: DecodedTransaction, isOwn = false): void {
    this.#transactions.announce(transaction, isOwn);
  }

  /** Leaves every peer and connects to none: for a node whose messages could only disturb the others. */
  async withdraw(): Promise<void> {
    await this.#modules.host.stop();
  }

  #worthOf(peer: PeerId): PeerWorth {
    const { chain } = this.#modules;
    const known = this.directory.identified(peer);
    if (!known?.sameChain) return { isAuthority: false, isOnChain: false };
    const authorities = chain.final ? authoritiesOf(chain.engine, chain.head) : [];
    const isAuthority = authorities.some((key) => bytesEqual(key, known.handshake.publicKey));
    return { isAuthority, isOnChain: true };
  }
}
