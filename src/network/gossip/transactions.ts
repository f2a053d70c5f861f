/** Transactions among peers: validated and relayed, announced again while they are pending, and fetched from new peers. */
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain, HeadChange } from "../../chain/chain.ts";
import type { Mempool } from "../../mempool/mempool.ts";
import { type DecodedTransaction, decodeTransaction } from "../../protocol/transaction.ts";
import type { ChainRequests } from "../fetch/requests.ts";
import { announcementBytesMax, chainTopics, decodeAnnouncement } from "../messages.ts";
import type { PeerHost, PeerId, Verdict } from "../peer-host.ts";
import { reportBadAnswer } from "../peers/bad-answer.ts";
import { Schedule } from "../schedule.ts";
import { acceptanceRates } from "./acceptance.ts";
import { FreeRelay } from "./free-relay.ts";
import { announceTickMs, PendingAnnouncer } from "./pending-announcer.ts";
import { GossipTopic } from "./topic.ts";
import { TransactionBatcher } from "./transaction-batcher.ts";

export interface TransactionGossipModules {
  readonly host: PeerHost;
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly requests: ChainRequests;
  readonly clock: Clock;
  readonly logger: Logger;
}

const queueMax = 256;

export class TransactionGossip {
  readonly #modules: TransactionGossipModules;
  readonly #topic: GossipTopic;
  readonly #schedule: Schedule;
  readonly #batcher: TransactionBatcher;
  readonly #announcer: PendingAnnouncer;
  readonly #freeRelay: FreeRelay;

  /** @param publicKey of the node: it spreads the times at which nodes announce the same transaction again */
  constructor(publicKey: Uint8Array, modules: TransactionGossipModules) {
    const { chain, mempool, clock } = modules;
    this.#modules = modules;
    this.#topic = new GossipTopic(chainTopics(chain.spec.chainId).transactions, modules);
    this.#schedule = new Schedule(clock);
    this.#freeRelay = new FreeRelay(modules);
    this.#batcher = new TransactionBatcher(clock, (message) => this.#topic.publish(message));
    this.#announcer = new PendingAnnouncer(publicKey[0] ?? 0, {
      clock,
      pending: (idHex) => mempool.get(idHex),
      send: (bytes) => this.#batcher.add(bytes),
      hasListeners: () => this.#topic.listeners.length > 0,
    });
  }

  /** Before the host is started. */
  start(): void {
    const { mempool } = this.#modules;
    this.#topic.subscribe({
      messageBytesMax: announcementBytesMax,
      queueMax,
      acceptance: acceptanceRates.transactions,
      hasRoomFor: (message, from) => this.#freeRelay.hasRoomFor(message, from),
      judge: (message, from) => this.#judge(message, from),
    });
    mempool.events.on("added", ({ idHex }) => this.#announcer.track(idHex, false));
    mempool.events.on("dropped", ({ idHex }) => this.#announcer.forget(idHex));
    this.#schedule.repeat(announceTickMs, () => this.#announcer.tick());
  }

  /** A transaction in a block need not be announced again. */
  headChanged({ connected }: HeadChange): void {
    for (const { transactions } of connected) {
      for (const { idHex } of transactions) this.#announcer.forget(idHex);
    }
  }

  /** Sends what is queued for the next message. */
  close(): void {
    this.#schedule.close();
    this.#batcher.flush();
  }

  /** See Network.announceTransaction. */
  announce({ bytes, idHex }: DecodedTransaction, isOwn: boolean): void {
    this.#announcer.track(idHex, isOwn);
    this.#batcher.add(bytes);
  }

  /** Asks a peer for its pending transactions. */
  async fetchFrom(peer: PeerId): Promise<void> {
    const { requests } = this.#modules;
    for await (const message of requests.mempool(peer)) {
      if (!message.ok) return reportBadAnswer(this.#modules, peer, message.fault);
      const { admitted } = await this.#admit(message.value, peer);
      // This node asked for them, so peers connected only through this node have not seen them yet.
      for (const transaction of admitted) this.announce(transaction, false);
    }
  }

  async #judge(message: Uint8Array, from: PeerId): Promise<Verdict> {
    const decoded = decodeAnnouncement(message);
    if (!decoded.ok) return this.#topic.verdict(decoded.fault, from, "transactions");
    const { verdict } = await this.#admit(decoded.value, from);
    return verdict;
  }

  /** Accepts the message if at least one of its transactions is new and good, and none is one that nobody should send. */
  async #admit(
    encoded: readonly Uint8Array[],
    from: PeerId,
  ): Promise<{ verdict: Verdict; admitted: readonly DecodedTransaction[] }> {
    const { chain, mempool } = this.#modules;
    const decoded: DecodedTransaction[] = [];
    for (const bytes of encoded) {
      const transaction = decodeTransaction(bytes, chain.spec.chainId);
      if (transaction.ok) decoded.push(transaction.value);
      else if (this.#topic.verdict(transaction.fault, from, "a transaction") === "reject") {
        return { verdict: "reject", admitted: [] };
      }
    }
    const transactions = this.#freeRelay.taken(decoded, from);
    const outcomes = await mempool.addMany(transactions);
    for (const outcome of outcomes) {
      if (!outcome.ok && outcome.fault.code === "mempool/known") this.#announcer.heard(outcome.fault.id);
    }
    const admitted = transactions.filter((_, index) => outcomes[index]?.ok);
    const isRejected = outcomes.some(
      (outcome) => !outcome.ok && this.#topic.verdict(outcome.fault, from, "a transaction") === "reject",
    );
    return { verdict: isRejected ? "reject" : admitted.length > 0 ? "accept" : "ignore", admitted };
  }
}
