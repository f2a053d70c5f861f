/** The network as the node uses it: announces and judges blocks, transactions and node records, and fetches what is missing. */
import type { EventEmitter } from "node:events";
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { guardedEvents } from "../base/guarded-events.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { Block } from "../protocol/block.ts";
import type { CandidacyNotice } from "../protocol/candidacy-notice.ts";
import type { Evidence } from "../protocol/evidence.ts";
import { describeFault, type Fault } from "../protocol/faults.ts";
import type { NodeRecord } from "../protocol/node-record.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { Vote } from "../protocol/vote.ts";
import { BlockMender } from "./fetch/block-mender.ts";
import { Synchronizer } from "./fetch/range-sync.ts";
import { ChainRequests, serveChain } from "./fetch/requests.ts";
import type { SyncProgress } from "./fetch/sync-meter.ts";
import { BlockLog } from "./gossip/block-log.ts";
import { BlockGossip } from "./gossip/blocks.ts";
import { CandidacyGossip } from "./gossip/candidacies.ts";
import { NodeRecords, type NodeRecordsOptions } from "./gossip/nodes.ts";
import { TransactionGossip } from "./gossip/transactions.ts";
import { FinalityGossip } from "./gossip/votes.ts";
import { chainTopics } from "./messages.ts";
import type { BannedPeer, ConnectedPeer, PeerHost, PeerId, Verdict } from "./peer-host.ts";
import type { ClockComparison } from "./peers/clock-comparison.ts";
import { PeerDirectory } from "./peers/directory.ts";
import { type GreetingEvents, Greetings, type GreetingsOptions } from "./peers/greetings.ts";
import { HeadClaims } from "./peers/head-claims.ts";
import { PeerLog } from "./peers/peer-log.ts";
import { verdictOf } from "./verdicts.ts";

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

const penaltyBanMs = 10 * 60_000;
/** An orphan at most this far from our head is chased parent by parent; a farther one by ranges. */
const chaseDepthMax = 16;
const chasesMax = 64;

export class Network {
  readonly events: EventEmitter<NetworkEvents>;
  readonly directory = new PeerDirectory();
  /** This machine's clock and those of the other authorities. */
  readonly clocks: ClockComparison;
  readonly #host: PeerHost;
  readonly #chain: Chain;
  readonly #mempool: Mempool;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #requests: ChainRequests;
  readonly #synchronizer: Synchronizer;
  readonly #transactions: TransactionGossip;
  readonly #claims: HeadClaims;
  readonly #finality: FinalityGossip;
  readonly #greetings: Greetings;
  readonly #records: NodeRecords;
  readonly #candidacies: CandidacyGossip;
  readonly #blockLog: BlockLog;
  readonly #blocks: BlockGossip;
  readonly #peerLog: PeerLog;
  readonly #mender: BlockMender;
  /** Parents being fetched, so that a burst of orphans asks once. */
  readonly #chases = new BoundedMap<string, PeerId>(chasesMax);
  #stopped = false;

  constructor(options: NetworkOptions, modules: NetworkModules) {
    const { host, chain, mempool, clock, logger } = modules;
    this.events = guardedEvents("network", logger);
    this.#host = host;
    this.#chain = chain;
    this.#mempool = mempool;
    this.#clock = clock;
    this.#logger = logger;
    const topics = chainTopics(chain.spec.chainId);
    const behindChanged = () => void this.events.emit("behindChanged");
    this.#claims = new HeadClaims({
      clock,
      isKnown: (hash) => chain.headerOf(hash) !== undefined,
      changed: behindChanged,
    });
    this.#requests = new ChainRequests(host, chain.spec.chainId);
    const { directory } = this;
    const isSyncing = () => this.#synchronizer.progress !== undefined;
    this.#blockLog = new BlockLog(topics.blocks, { host, directory, clock, logger, isSyncing });
    this.#peerLog = new PeerLog({
      host,
      clock,
      logger,
      nameOf: (peer) => directory.peer(peer)?.handshake.name,
    });
    this.#synchronizer = new Synchronizer({
      chain,
      importBlock: (block, from) => this.#import(block, from),
      requests: this.#requests,
      directory: this.directory,
      clock,
      logger,
      penalise: (peer, fault) => this.#penalise(peer, fault),
      progressChanged: behindChanged,
    });
    this.#records = new NodeRecords(options, {
      host,
      chain,
      directory: this.directory,
      clock,
      logger,
      publish: (topic, message) => this.#publish(topic, message),
      penalise: (peer, fault) => this.#penalise(peer, fault),
      onRecord: (record) => void this.events.emit("nodeRecord", record),
    });
    this.#candidacies = new CandidacyGossip(options, {
      host,
      chain,
      clock,
      logger,
      publish: (topic, message) => this.#publish(topic, message),
      onNotice: (notice) => void this.events.emit("candidacyNotice", notice),
    });
    this.#finality = new FinalityGossip({
      host,
      chain,
      requests: this.#requests,
      clock,
      logger,
      publish: (topic, message) => this.#publish(topic, message),
      penalise: (peer, fault) => this.#penalise(peer, fault),
      voterHeard: (voter) => this.#keyHeard(voter),
      fetchTarget: ({ target }, from) => this.#chaseHash(target.hash, target.height, from),
    });
    this.#blocks = new BlockGossip(topics.blocks, {
      host,
      chain,
      directory,
      clock,
      logger,
      blockLog: this.#blockLog,
      publish: (topic, message, onSent) => this.#publish(topic, message, onSent),
      verdict: (fault, from, what) => this.#verdict(fault, from, what),
      parentMissing: (orphan, from) => this.#chase(orphan, from),
      stored: () => this.#blockStored(),
    });
    const transactions = new TransactionGossip(options.keyPair.publicKey, {
      host,
      chain,
      mempool,
      requests: this.#requests,
      clock,
      publish: (topic, message) => this.#publish(topic, message),
      penalise: (peer, fault) => this.#penalise(peer, fault),
      verdict: (fault, from, what) => this.#verdict(fault, from, what),
    });
    this.#greetings = new Greetings(options, {
      host,
      chain,
      clock,
      logger,
      events: this.events,
      directory: this.directory,
      synchronizer: this.#synchronizer,
      claims: this.#claims,
      penalise: (peer, fault) => this.#penalise(peer, fault),
      fetchFinality: (peer) => this.#finality.fetchFrom(peer),
      fetchMempool: (peer) => transactions.fetchFrom(peer),
    });
    this.#mender = new BlockMender({ chain, requests: this.#requests, directory, clock, logger });
    this.clocks = this.#greetings.clocks;
    this.#transactions = transactions;
  }

  get nodeId(): PeerId {
    return this.#host.peerId;
  }

  get peerCount(): number {
    return this.#host.peers().length;
  }

  /** Multiaddrs on which this node can be reached, with its id. */
  get addresses(): readonly string[] {
    return this.#host.addresses();
  }

  get peers(): readonly ConnectedPeer[] {
    return this.#host.peers();
  }

  /** Who is refused for a while, newest first. */
  get bans(): readonly BannedPeer[] {
    return this.#host.bans();
  }

  /** Set while the node is catching up from far behind. */
  get syncProgress(): SyncProgress | undefined {
    return this.#synchronizer.progress;
  }

  /**
   * A peer has just claimed a better head, and it is being fetched: what is sealed now would most likely be a short fork.
   * Bounded: a claim that nobody makes good is worth a few seconds, and its peer's next ones nothing.
   */
  get isCatchingUp(): boolean {
    return this.#claims.isOpen;
  }

  /** This node is not on the newest block that it knows its peers to have. */
  get isBehind(): boolean {
    return this.syncProgress !== undefined || this.isCatchingUp;
  }

  async start(): Promise<void> {
    this.#greetings.serve();
    serveChain(this.#host, this.#chain, this.#mempool);
    this.#blocks.start();
    this.#transactions.start();
    this.#finality.start();
    this.#peerLog.start();
    this.#records.serve();
    this.#candidacies.start();
    this.events.on("status", (peer) => {
      this.#peerLog.heard(peer);
      void this.#records.askOnce(peer.peerId);
    });
    this.#host.events.on("peerDisconnected", (peerId) => this.#synchronizer.forget(peerId));
    // A block that had to wait was not relayed when it came. Gossip carries no message twice, so that where it came by
    // gossip only a hello can tell the others that it is good.
    this.#chain.events.on("waitingImported", (block) => {
      this.announceBlock(block);
      this.#greetings.greetAllSoon();
    });
    await this.#host.start();
    this.#greetings.startRounds();
    this.#records.start();
    this.#mender.start();
  }

  async stop(): Promise<void> {
    this.#transactions.close();
    this.#stopped = true;
    this.#mender.close();
    this.#records.close();
    this.#candidacies.close();
    this.#peerLog.close();
    this.#greetings.close();
    this.#finality.close();
    await this.#synchronizer.close();
    await this.#host.stop();
  }

  dial(address: string): Promise<PeerId> {
    return this.#host.dial(address);
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
   * Queues a transaction for the next message; sent within milliseconds, and again after a while if it still waits.
   *
   * @param isOwn it was submitted to this node, which sees to it that the others hear of it
   */
  announceTransaction(transaction: DecodedTransaction, isOwn = false): void {
    this.#transactions.announce(transaction, isOwn);
  }

  /** Leaves every peer and finds no other: what the node would say could only disturb. */
  async withdraw(): Promise<void> {
    await this.#host.stop();
  }

  #publish(topic: string, message: Uint8Array, onSent?: (recipients: number) => void): void {
    if (this.#stopped) return;
    this.#host.publish(topic, message).then(onSent, (thrown: unknown) => {
      this.#logger.debug({ topic, reason: toError(thrown).message }, "a message could not be published");
    });
  }

  #import(block: Block, from: PeerId): ReturnType<Chain["importBlock"]> {
    return this.#blockLog.imported(block, from, () => this.#chain.importBlock(block));
  }

  #blockStored(): void {
    this.#claims.blockStored();
    this.#finality.blockStored();
  }

  #verdict(fault: Fault, from: PeerId, what: string): Verdict {
    const verdict = verdictOf(fault);
    if (verdict === "reject")
      this.#logger.info(
        { from, fault: describeFault(fault) },
        `${what === "a block" ? "Block validation: ❌ " : ""}${what} was rejected`,
      );
    return verdict;
  }

  #penalise(peer: PeerId, fault: Fault): void {
    this.#logger.warn(
      { peer, fault: describeFault(fault) },
      "a peer served what nobody should and is banned",
    );
    void this.#host.ban(peer, penaltyBanMs, fault.code);
  }

  #keyHeard(publicKey: Uint8Array): void {
    this.directory.keyHeard(publicKey, this.#clock.monotonicMs());
  }

  /** Fetches the unknown parent of an orphan; from far below, by ranges. */
  #chase(orphan: Block, from: PeerId): void {
    const { height, parentHash } = orphan.header;
    this.directory.raiseHead(from, height, orphan.hash);
    const claimant = this.directory.peer(from);
    if (claimant?.sameChain && this.#synchronizer.isBetter(claimant.status)) {
      this.#claims.claimed(from, claimant.status.head);
    }
    this.#chaseHash(parentHash, height, from);
  }

  /** Fetches an unknown block at or just below a height. */
  #chaseHash(hash: Uint8Array, height: number, from: PeerId): void {
    const gap = Math.abs(height - this.#chain.head.header.height);
    if (gap > chaseDepthMax) {
      this.#synchronizer.consider();
      return;
    }
    const key = toHex(hash);
    if (this.#chases.has(key) || this.#chain.isKnown(hash)) return;
    this.#chases.set(key, from);
    void this.#fetchBlock(hash, from).finally(() => this.#chases.delete(key));
  }

  async #fetchBlock(hash: Uint8Array, from: PeerId): Promise<void> {
    try {
      const answer = await this.#requests.blocksByHash(from, [hash]);
      if (!answer.ok) return this.#penalise(from, answer.fault);
      const block = answer.value[0];
      if (!block || !bytesEqual(block.hash, hash)) return this.#synchronizer.consider();
      const imported = await this.#import(block, from);
      if (imported.ok) return this.#blockStored();
      if (imported.fault.code === "block/parent-unknown") this.#chase(block, from);
      else if (verdictOf(imported.fault) === "reject") this.#penalise(from, imported.fault);
    } catch (thrown) {
      this.#logger.debug({ from, reason: toError(thrown).message }, "a block could not be fetched");
      this.#synchronizer.consider();
    }
  }
}
