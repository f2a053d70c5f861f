/**
 * What costs its sender nothing is relayed at a small rate: the free transactions of all strangers together have one
 * budget, and each peer has a small share of its own beside it, which a flood of others leaves to it. The message counts,
 * too: a thousand messages with one transaction each kept four nodes busy for seven seconds, a batch of so many does not.
 */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Chain } from "../../chain/chain.ts";
import { authoritiesOf } from "../../consensus/engine.ts";
import type { Mempool } from "../../mempool/mempool.ts";
import {
  type DecodedTransaction,
  peekSender,
  type Transaction,
  transactionKinds,
} from "../../protocol/transaction.ts";
import { messageCostBytes } from "../host/acceptance-budget.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";
import { PeerBuckets } from "../host/peer-buckets.ts";
import { decodeAnnouncement } from "../messages.ts";
import type { PeerId } from "../peer-host.ts";

/** Some 14 messages with one small transaction a second and 27 at once, or 130 and 260 such transactions in batches. */
export const freeBytesPerSecond = 32 * 2 ** 10;
export const freeBurstBytes = 64 * 2 ** 10;
/** Of each peer, for which the total is not asked: some 7 such messages at once, and 7 in 4 s. */
export const freePeerBytesPerSecond = 4 * 2 ** 10;
export const freePeerBurstBytes = 16 * 2 ** 10;

export interface FreeRelayModules {
  readonly clock: Clock;
  readonly chain: Pick<Chain, "ledger" | "engine" | "head">;
  readonly mempool: Pick<Mempool, "has">;
}

export class FreeRelay {
  readonly #modules: FreeRelayModules;
  readonly #total: LeakyBucket;
  readonly #shares: PeerBuckets;

  constructor(modules: FreeRelayModules) {
    this.#modules = modules;
    const nowMs = modules.clock.monotonicMs();
    this.#total = new LeakyBucket(freeBurstBytes, freeBytesPerSecond / 1_000, nowMs);
    this.#shares = new PeerBuckets({ perSecond: freePeerBytesPerSecond, burst: freePeerBurstBytes }, modules);
  }

  /**
   * Whether a message is worth judging: not if each transaction in it is free and there is no room for one more. Charges
   * nothing. While half of the budget is left, as it is without an attack, the message is not even looked at.
   */
  hasRoomFor(message: Uint8Array, from: PeerId): boolean {
    const nowMs = this.#modules.clock.monotonicMs();
    if (this.#total.hasRoom(freeBurstBytes / 2, nowMs)) return true;
    const announced = decodeAnnouncement(message);
    // What is malformed is for the judge.
    if (!announced.ok) return true;
    return announced.value.some((bytes) => {
      const peeked = peekSender(bytes);
      const isFree = peeked !== undefined && this.#isFree(peeked, toHex(peeked.sender));
      return !isFree || this.#hasRoom(bytes.length + messageCostBytes, from, nowMs);
    });
  }

  /**
   * Those that are taken of one peer's message: all that cost something, and free ones as long as there is room, which
   * they take up. What the pool has needs none: the pool says that it is known.
   */
  taken(transactions: readonly DecodedTransaction[], from: PeerId): readonly DecodedTransaction[] {
    const nowMs = this.#modules.clock.monotonicMs();
    let messageBytes = messageCostBytes;
    const isTaken = ({ transaction, senderHex, idHex, bytes }: DecodedTransaction) => {
      if (!this.#isFree(transaction, senderHex) || this.#modules.mempool.has(idHex)) return true;
      if (!this.#spend(bytes.length + messageBytes, from, nowMs)) return false;
      messageBytes = 0;
      return true;
    };
    return transactions.filter(isTaken);
  }

  #hasRoom(bytes: number, from: PeerId, nowMs: number): boolean {
    return this.#total.hasRoom(bytes, nowMs) || this.#shares.hasRoom(from, bytes);
  }

  #spend(bytes: number, from: PeerId, nowMs: number): boolean {
    return this.#total.add(bytes, nowMs) || this.#shares.add(from, bytes);
  }

  /**
   * Its sender has no AUR, so nothing is lost with it: keys are free, and a fee that nobody can pay is no fee. An account
   * that has AUR is bounded by the pool (so many of one account) and by what the chain gave it; an authority's vote by
   * the set of authorities.
   */
  #isFree({ kind, sender }: Pick<Transaction, "kind" | "sender">, senderHex: string): boolean {
    const { ledger, engine, head } = this.#modules.chain;
    if ((ledger.account(senderHex)?.balance ?? 0n) > 0n) return false;
    const isVote = kind === transactionKinds.authorityVote;
    return !(isVote && authoritiesOf(engine, head).some((key) => bytesEqual(key, sender)));
  }
}
