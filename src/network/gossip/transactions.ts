/** Transactions among peers: judged and passed on, announced again while they wait, and fetched from whoever connects. */
import type { Clock } from "../../base/clock.ts";
import type { Chain } from "../../chain/chain.ts";
import type { Mempool } from "../../mempool/mempool.ts";
import type { Fault } from "../../protocol/faults.ts";
import { type DecodedTransaction, decodeTransaction } from "../../protocol/transaction.ts";
import type { ChainRequests } from "../fetch/requests.ts";
import { announcementBytesMax, chainTopics, decodeAnnouncement } from "../messages.ts";
import type { PeerHost, PeerId, Verdict } from "../peer-host.ts";
import { Schedule } from "../schedule.ts";
import { announceTickMs, PendingAnnouncer } from "./pending-announcer.ts";
import { TransactionBatcher } from "./transaction-batcher.ts";

export interface TransactionGossipModules {
  readonly host: PeerHost;
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly requests: ChainRequests;
  readonly clock: Clock;
  readonly publish: (topic: string, message: Uint8Array) => void;
  /** A peer served something that nobody who follows the rules has. */
  readonly penalise: (peer: PeerId, fault: Fault) => void;
  /** The verdict on a fault, which is logged if it is "reject". */
  readonly verdict: (fault: Fault, from: PeerId, what: string) => Verdict;
}

const queueMax = 256;

export class TransactionGossip {
  readonly #modules: TransactionGossipModules;
  readonly #topic: string;
  readonly #schedule: Schedule;
  readonly #batcher: TransactionBatcher;
  readonly #announcer: PendingAnnouncer;

  /** @param publicKey the node's; nodes announce again at times that differ by it */
  constructor(publicKey: Uint8Array, modules: TransactionGossipModules) {
    const { host, chain, mempool, clock, publish } = modules;
    this.#modules = modules;
    this.#topic = chainTopics(chain.spec.chainId).transactions;
    this.#schedule = new Schedule(clock);
    this.#batcher = new TransactionBatcher(clock, (message) => publish(this.#topic, message));
    this.#announcer = new PendingAnnouncer(publicKey[0] ?? 0, {
      clock,
      pending: (idHex) => mempool.get(idHex),
      send: (bytes) => this.#batcher.add(bytes),
      hasListeners: () => host.topicPeers(this.#topic).length > 0,
    });
  }

  /** Before the host is started. */
  start(): void {
    const { host, chain, mempool } = this.#modules;
    host.subscribe(this.#topic, {
      messageBytesMax: announcementBytesMax,
      queueMax,
      judge: (message, from) => this.#judge(message, from),
    });
    mempool.events.on("added", ({ idHex }) => this.#announcer.track(idHex, false));
    mempool.events.on("dropped", ({ idHex }) => this.#announcer.forget(idHex));
    chain.events.on("headChanged", ({ connected }) => {
      for (const { transactions } of connected) {
        for (const { idHex } of transactions) this.#announcer.forget(idHex);
      }
    });
    this.#schedule.repeat(announceTickMs, () => this.#announcer.tick());
  }

  /** What still waits for the next message is sent. */
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
    const { requests, penalise } = this.#modules;
    for await (const message of requests.mempool(peer)) {
      if (!message.ok) return penalise(peer, message.fault);
      const { admitted } = await this.#admit(message.value, peer);
      // Asked for, not gossiped: peers that are connected only through this node have not heard of them.
      for (const transaction of admitted) this.announce(transaction, false);
    }
  }

  async #judge(message: Uint8Array, from: PeerId): Promise<Verdict> {
    const decoded = decodeAnnouncement(message);
    if (!decoded.ok) return this.#modules.verdict(decoded.fault, from, "transactions");
    const { verdict } = await this.#admit(decoded.value, from);
    return verdict;
  }

  /** Accepts the message if any of its transactions is new and good and none is one that nobody should send. */
  async #admit(
    encoded: readonly Uint8Array[],
    from: PeerId,
  ): Promise<{ verdict: Verdict; admitted: readonly DecodedTransaction[] }> {
    const { chain, mempool, verdict } = this.#modules;
    const transactions: DecodedTransaction[] = [];
    for (const bytes of encoded) {
      const transaction = decodeTransaction(bytes, chain.spec.chainId);
      if (transaction.ok) transactions.push(transaction.value);
      else if (verdict(transaction.fault, from, "a transaction") === "reject") {
        return { verdict: "reject", admitted: [] };
      }
    }
    const outcomes = await mempool.addMany(transactions);
    for (const outcome of outcomes) {
      if (!outcome.ok && outcome.fault.code === "mempool/known") this.#announcer.heard(outcome.fault.id);
    }
    const admitted = transactions.filter((_, index) => outcomes[index]?.ok);
    const isRejected = outcomes.some(
      (outcome) => !outcome.ok && verdict(outcome.fault, from, "a transaction") === "reject",
    );
    return { verdict: isRejected ? "reject" : admitted.length > 0 ? "accept" : "ignore", admitted };
  }
}
