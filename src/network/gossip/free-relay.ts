/** What costs its sender nothing is relayed at a small rate: all free transactions of strangers together have one budget. */
import type { Clock } from "../../base/clock.ts";
import type { Chain } from "../../chain/chain.ts";
import type { Mempool } from "../../mempool/mempool.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";

/** Some 80 small transactions a second, and some 5,000 at once. */
export const freeBytesPerSecond = 16 * 2 ** 10;
export const freeBurstBytes = 2 ** 20;

export interface FreeRelayModules {
  readonly clock: Clock;
  readonly chain: Pick<Chain, "ledger">;
  readonly mempool: Pick<Mempool, "has">;
}

export class FreeRelay {
  readonly #modules: FreeRelayModules;
  readonly #bucket: LeakyBucket;

  constructor(modules: FreeRelayModules) {
    this.#modules = modules;
    this.#bucket = new LeakyBucket(freeBurstBytes, freeBytesPerSecond / 1_000, modules.clock.monotonicMs());
  }

  /**
   * Those that are taken of one message: all that cost something, and free ones as long as there is room. What the pool
   * has needs none: the pool says that it is known.
   */
  taken(transactions: readonly DecodedTransaction[]): readonly DecodedTransaction[] {
    const nowMs = this.#modules.clock.monotonicMs();
    let freeBytes = 0;
    return transactions.filter((transaction) => {
      if (!this.#isFree(transaction) || this.#modules.mempool.has(transaction.idHex)) return true;
      const { length } = transaction.bytes;
      if (!this.#bucket.hasRoom(freeBytes + length, nowMs)) return false;
      freeBytes += length;
      return true;
    });
  }

  /** These are new in the pool. What a pool knows or refuses is not charged. */
  admitted(transactions: readonly DecodedTransaction[]): void {
    const free = transactions.filter((transaction) => this.#isFree(transaction));
    if (free.length === 0) return;
    const bytes = free.reduce((sum, transaction) => sum + transaction.bytes.length, 0);
    this.#bucket.fill(bytes, this.#modules.clock.monotonicMs());
  }

  /**
   * It pays nothing, and its sender has no AUR: keys are free. An account that has AUR is bounded by the pool (so many
   * of one account) and by what the chain gave it; an authority's vote by the set of authorities.
   */
  #isFree({ transaction, payload, senderHex }: DecodedTransaction): boolean {
    if (transaction.fee > 0n || payload.kind === "authorityVote") return false;
    return (this.#modules.chain.ledger.account(senderHex)?.balance ?? 0n) === 0n;
  }
}
