/** The network as the node uses it: announces and judges blocks and transactions, greets peers, keeps the chain caught up. */
import { EventEmitter } from "node:events";
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, fromUtf8, toHex } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import type { Mempool } from "../mempool/mempool.ts";
import { type Block, decodeBlock } from "../protocol/block.ts";
import { describeFault, type Fault } from "../protocol/faults.ts";
import { engineNumbers } from "../protocol/genesis.ts";
import {
  encodeNodeRecord,
  type NodeRecord,
  type NodeRole,
  nodeAddressesMax,
  nodeRecordBytesMax,
  nodeRoles,
  openNodeRecord,
  signNodeRecord,
} from "../protocol/node-record.ts";
import type { KeyPair } from "../protocol/signing.ts";
import { type DecodedTransaction, decodeTransaction } from "../protocol/transaction.ts";
import { Handshake, relate } from "./handshake.ts";
import {
  blockMessageBytesMax,
  type ChainTopics,
  chainTopics,
  decodeTransactionsMessage,
  type Hello,
  nodesTopic,
  transactionsMessageBytesMax,
} from "./messages.ts";
import { PeerDirectory } from "./peer-directory.ts";
import type { PeerHost, PeerId, Verdict } from "./peer-host.ts";
import { ChainRequests, serveChain } from "./requests.ts";
import { Synchronizer, type SyncProgress } from "./synchronizer.ts";
import { TransactionBatcher } from "./transaction-batcher.ts";
import { verdictOf } from "./verdicts.ts";

export interface NetworkOptions {
  readonly network: string;
  readonly name: string;
  readonly keyPair: KeyPair;
  readonly role: NodeRole;
  readonly software: string;
}

export interface NetworkModules {
  readonly host: PeerHost;
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface NetworkEvents {
  /** A peer of this network and engine has another genesis. */
  genesisMismatch: [peer: PeerId, ours: string, theirs: string];
  nodeRecord: [NodeRecord];
}

const greetEveryMs = 10_000;
const recordEveryMs = 60_000;
const recordDelayMs = 2_000;
const gossipSettledMs = 2_000;
const waitingHelloDelayMs = 1_000;
const penaltyBanMs = 10 * 60_000;
const mismatchBanMs = 5 * 60_000;
/** An orphan at most this far from our head is chased parent by parent; a farther one by ranges. */
const chaseDepthMax = 16;
const chasesMax = 64;

export class Network {
  readonly events = new EventEmitter<NetworkEvents>();
  readonly directory = new PeerDirectory();
  readonly #options: NetworkOptions;
  readonly #host: PeerHost;
  readonly #chain: Chain;
  readonly #mempool: Mempool;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #topics: ChainTopics;
  readonly #handshake: Handshake;
  readonly #requests: ChainRequests;
  readonly #synchronizer: Synchronizer;
  readonly #batcher: TransactionBatcher;
  /** Parents being fetched, so that a burst of orphans asks once. */
  readonly #chases = new BoundedMap<string, PeerId>(chasesMax);
  readonly #timers = new Set<Timer>();
  /** Connected peers that were asked for their pending transactions: at the connection, and once gossip has settled. */
  readonly #mempoolAsked = new Set<PeerId>();
  /** What is about to be done once, however often it was asked for meanwhile. */
  readonly #due = new Set<string>();
  #stopped = false;

  constructor(options: NetworkOptions, modules: NetworkModules) {
    const { host, chain, mempool, clock, logger } = modules;
    this.#options = options;
    this.#host = host;
    this.#chain = chain;
    this.#mempool = mempool;
    this.#clock = clock;
    this.#logger = logger;
    this.#topics = chainTopics(chain.spec.chainId);
    this.#handshake = new Handshake(options, { host, chain, clock });
    this.#requests = new ChainRequests(host, chain.spec.chainId);
    this.#synchronizer = new Synchronizer({
      chain,
      requests: this.#requests,
      directory: this.directory,
      clock,
      logger,
      penalise: (peer, fault) => this.#penalise(peer, fault),
    });
    this.#batcher = new TransactionBatcher(clock, (message) =>
      this.#publish(this.#topics.transactions, message),
    );
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

  /** Set while the node is catching up from far behind. */
  get syncProgress(): SyncProgress | undefined {
    return this.#synchronizer.progress;
  }

  async start(): Promise<void> {
    this.#handshake.serve((peer, hello) => this.#heardHello(peer, hello));
    serveChain(this.#host, this.#chain, this.#mempool);
    this.#host.subscribe(this.#topics.blocks, {
      messageBytesMax: blockMessageBytesMax,
      queueMax: 64,
      judge: (message, from) => this.#judgeBlock(message, from),
    });
    this.#host.subscribe(this.#topics.transactions, {
      messageBytesMax: transactionsMessageBytesMax,
      queueMax: 256,
      judge: (message, from) => this.#judgeTransactions(message, from),
    });
    this.#host.subscribe(nodesTopic, {
      messageBytesMax: nodeRecordBytesMax,
      queueMax: 256,
      judge: (message) => this.#judgeNodeRecord(message),
    });
    this.#host.events.on("peerConnected", ({ peerId }) => {
      void this.#greet(peerId);
      // What is published before gossip knows who listens is lost to the newcomer: a second look finds it.
      this.#after(gossipSettledMs, () => {
        this.#mempoolAsked.delete(peerId);
        void this.#greet(peerId);
      });
      // A newcomer has heard no record yet.
      this.#soon("record", recordDelayMs, () => this.announceNode());
    });
    this.#host.events.on("peerDisconnected", (peerId) => {
      this.directory.remove(peerId);
      this.#mempoolAsked.delete(peerId);
      this.#synchronizer.forget(peerId);
    });
    // A block that had to wait was not relayed when it came. Gossip carries no message twice, so that where it came by
    // gossip only a hello can tell the others that it is good.
    this.#chain.events.on("waitingImported", (block) => {
      this.announceBlock(block);
      this.#soon("hello", waitingHelloDelayMs, () => this.#greetAll());
    });
    await this.#host.start();
    this.#repeat(greetEveryMs, () => this.#greetAll());
    this.#repeat(recordEveryMs, () => this.announceNode());
    this.announceNode();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#batcher.flush();
    await this.#synchronizer.close();
    await this.#host.stop();
  }

  dial(address: string): Promise<PeerId> {
    return this.#host.dial(address);
  }

  announceBlock(block: Block): void {
    this.#publish(this.#topics.blocks, block.bytes);
  }

  /** Queues a transaction for the next message; sent within milliseconds. */
  announceTransaction(transaction: DecodedTransaction): void {
    this.#batcher.add(transaction.bytes);
  }

  /** Publishes this node's signed record. */
  announceNode(): void {
    const { name, keyPair, role, software } = this.#options;
    const { spec, head } = this.#chain;
    const record = signNodeRecord(
      {
        name: fromUtf8(name),
        addresses: this.#host.addresses().slice(0, nodeAddressesMax).map(fromUtf8),
        chainId: spec.chainId,
        engine: engineNumbers[spec.consensus],
        role: nodeRoles[role],
        height: head.header.height,
        timestampMs: this.#clock.nowMs(),
        software: fromUtf8(software),
      },
      keyPair,
    );
    const added = this.directory.addRecord(record, this.#clock.nowMs());
    if (!added.ok) return;
    this.events.emit("nodeRecord", record);
    this.#publish(nodesTopic, encodeNodeRecord(record));
  }

  #publish(topic: string, message: Uint8Array): void {
    if (this.#stopped) return;
    this.#host.publish(topic, message).catch((thrown: unknown) => {
      this.#logger.debug({ topic, reason: toError(thrown).message }, "a message could not be published");
    });
  }

  #judgeBlock(message: Uint8Array, from: PeerId): Verdict {
    const decoded = decodeBlock(message);
    if (!decoded.ok) return this.#verdict(decoded.fault, from, "a block");
    const block = decoded.value;
    const screened = this.#chain.screenBlock(block);
    if (screened.ok || screened.fault.code === "block/known") {
      this.directory.raiseHead(from, block.header.height, block.hash);
    }
    if (!screened.ok) {
      if (screened.fault.code === "block/parent-unknown") this.#chase(block, from);
      return this.#verdict(screened.fault, from, "a block");
    }
    void this.#importGossiped(block);
    return "accept";
  }

  /** The relay goes on while the block is executed; a body that fails then says nothing about who relayed it. */
  async #importGossiped(block: Block): Promise<void> {
    try {
      const imported = await this.#chain.importBlock(block);
      if (!imported.ok) {
        this.#logger.debug(
          { hash: block.hashHex, fault: describeFault(imported.fault) },
          "a block was not imported",
        );
      }
    } catch (thrown) {
      this.#logger.error({ hash: block.hashHex, error: toError(thrown) }, "a block could not be stored");
    }
  }

  async #judgeTransactions(message: Uint8Array, from: PeerId): Promise<Verdict> {
    const decoded = decodeTransactionsMessage(message);
    if (!decoded.ok) return this.#verdict(decoded.fault, from, "transactions");
    const { verdict } = await this.#admit(decoded.value, from);
    return verdict;
  }

  /** Accepts the message if any of its transactions is new and good and none is one that nobody should send. */
  async #admit(
    encoded: readonly Uint8Array[],
    from: PeerId,
  ): Promise<{ verdict: Verdict; admitted: readonly DecodedTransaction[] }> {
    const transactions: DecodedTransaction[] = [];
    for (const bytes of encoded) {
      const transaction = decodeTransaction(bytes, this.#chain.spec.chainId);
      if (transaction.ok) transactions.push(transaction.value);
      else if (this.#verdict(transaction.fault, from, "a transaction") === "reject") {
        return { verdict: "reject", admitted: [] };
      }
    }
    const outcomes = await this.#mempool.addMany(transactions);
    const admitted = transactions.filter((_, index) => outcomes[index]?.ok);
    const isRejected = outcomes.some(
      (outcome) => !outcome.ok && this.#verdict(outcome.fault, from, "a transaction") === "reject",
    );
    return { verdict: isRejected ? "reject" : admitted.length > 0 ? "accept" : "ignore", admitted };
  }

  #judgeNodeRecord(message: Uint8Array): Verdict {
    const opened = openNodeRecord(message);
    if (!opened.ok) return verdictOf(opened.fault);
    const added = this.directory.addRecord(opened.value, this.#clock.nowMs());
    if (!added.ok) return verdictOf(added.fault);
    this.events.emit("nodeRecord", opened.value);
    return "accept";
  }

  #verdict(fault: Fault, from: PeerId, what: string): Verdict {
    const verdict = verdictOf(fault);
    if (verdict === "reject")
      this.#logger.info({ from, fault: describeFault(fault) }, `${what} was rejected`);
    return verdict;
  }

  #penalise(peer: PeerId, fault: Fault): void {
    this.#logger.warn(
      { peer, fault: describeFault(fault) },
      "a peer served what nobody should and is banned",
    );
    void this.#host.ban(peer, penaltyBanMs, fault.code);
  }

  async #greet(peer: PeerId): Promise<void> {
    try {
      const hello = await this.#handshake.greet(peer);
      this.#heardHello(peer, hello);
      if (!this.directory.peer(peer)?.sameChain || this.#mempoolAsked.has(peer)) return;
      this.#mempoolAsked.add(peer);
      await this.#fetchMempool(peer);
    } catch (thrown) {
      this.#mempoolAsked.delete(peer);
      this.#logger.debug({ peer, reason: toError(thrown).message }, "a peer could not be greeted");
    }
  }

  #greetAll(): void {
    for (const { peerId } of this.#host.peers()) void this.#greet(peerId);
  }

  #heardHello(peer: PeerId, hello: Hello): void {
    const relation = relate(this.#handshake.ownHello(), hello);
    if (relation.kind === "genesis-mismatch") {
      this.#logger.error(
        { peer, ours: relation.ours, theirs: relation.theirs },
        "genesis mismatch: this peer has another chain of the same network; compare the chain specs (--chain)",
      );
      this.events.emit("genesisMismatch", peer, relation.ours, relation.theirs);
    } else if (relation.kind === "other-network") {
      this.#logger.info({ peer, ours: relation.ours, theirs: relation.theirs }, "a peer of another network");
    }
    if (relation.kind === "genesis-mismatch" || relation.kind === "other-network") {
      // After our own hello has left, so that the other side can name the mismatch, too.
      this.#after(1_000, () => void this.#host.ban(peer, mismatchBanMs, relation.kind));
      return;
    }
    this.directory.setHello({ peerId: peer, hello, sameChain: relation.kind === "same-chain" });
    this.#synchronizer.consider();
  }

  async #fetchMempool(peer: PeerId): Promise<void> {
    for await (const message of this.#requests.mempool(peer)) {
      if (!message.ok) return this.#penalise(peer, message.fault);
      const { admitted } = await this.#admit(message.value, peer);
      // Asked for, not gossiped: whoever stands behind this node has heard of it from nobody.
      for (const transaction of admitted) this.announceTransaction(transaction);
    }
  }

  /** Fetches the unknown parent of an orphan; from far below, by ranges. */
  #chase(orphan: Block, from: PeerId): void {
    this.directory.raiseHead(from, orphan.header.height, orphan.hash);
    const gap = Math.abs(orphan.header.height - this.#chain.head.header.height);
    if (gap > chaseDepthMax) {
      this.#synchronizer.consider();
      return;
    }
    const parentHash = orphan.header.parentHash;
    const key = toHex(parentHash);
    if (this.#chases.has(key) || this.#chain.isKnown(parentHash)) return;
    this.#chases.set(key, from);
    void this.#fetchParent(parentHash, from).finally(() => this.#chases.delete(key));
  }

  async #fetchParent(parentHash: Uint8Array, from: PeerId): Promise<void> {
    try {
      const answer = await this.#requests.blocksByHash(from, [parentHash]);
      if (!answer.ok) return this.#penalise(from, answer.fault);
      const parent = answer.value[0];
      if (!parent || !bytesEqual(parent.hash, parentHash)) return this.#synchronizer.consider();
      const imported = await this.#chain.importBlock(parent);
      if (imported.ok) return;
      if (imported.fault.code === "block/parent-unknown") this.#chase(parent, from);
      else if (verdictOf(imported.fault) === "reject") this.#penalise(from, imported.fault);
    } catch (thrown) {
      this.#logger.debug({ from, reason: toError(thrown).message }, "a parent could not be fetched");
      this.#synchronizer.consider();
    }
  }

  #after(delayMs: number, callback: () => void): void {
    const timer = this.#clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.#stopped) callback();
    });
    this.#timers.add(timer);
  }

  #soon(what: string, delayMs: number, callback: () => void): void {
    if (this.#due.has(what)) return;
    this.#due.add(what);
    this.#after(delayMs, () => {
      this.#due.delete(what);
      callback();
    });
  }

  #repeat(everyMs: number, callback: () => void): void {
    this.#after(everyMs, () => {
      callback();
      this.#repeat(everyMs, callback);
    });
  }
}
