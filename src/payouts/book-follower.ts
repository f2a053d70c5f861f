/** Compares a pool's books with the chain, to any depth, and writes down what has become of blocks and payments. */
import { toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { BookEvent } from "./book-records.ts";
import {
  isCanonical,
  isSettledAtHeight,
  maturityDepth,
  type PayoutChain,
  reviewBlocks,
  reviewPayments,
  settledDepth,
  stateOfBlock,
} from "./payout-plan.ts";
import type { PoolBook } from "./pool-book.ts";

export type FollowedBook = Pick<
  PoolBook,
  "terms" | "ready" | "record" | "tip" | "openBlocks" | "openPayments" | "archivedBlocks" | "archivedPayments"
>;

/**
 * Brings the books to the chain's head. If the chain only grew, this looks at open blocks and payments, and at a few blocks
 * near the head. After a reorganization, also one that happened while the pool was stopped, it goes down through the
 * archive until it meets a block that stands where it stood: below that block the chain is what it was.
 *
 * Every write is whole. Before the first of them the tip goes down to that block, so that a pool that is killed in
 * between, whatever the chain is by then, begins there again.
 *
 * @returns what was written down; less than all if the chain was reorganized meanwhile, which calls for another look
 * @throws PoolError if the disk that holds the books cannot be read or written
 */
export async function followChain(book: FollowedBook, chain: PayoutChain): Promise<readonly BookEvent[]> {
  await book.ready();
  const pass = new Pass(book, chain);
  await pass.run();
  return pass.written;
}

interface Floor {
  readonly height: number;
  readonly hash: string;
  /** Payments, too, have to be looked at down to the floor. */
  readonly isRewound: boolean;
}

/** One comparison of the books with the chain as it was at the beginning. */
class Pass {
  readonly written: BookEvent[] = [];
  readonly #book: FollowedBook;
  readonly #chain: PayoutChain;
  readonly #head: { readonly height: number; readonly hash: string };

  constructor(book: FollowedBook, chain: PayoutChain) {
    this.#book = book;
    this.#chain = chain;
    this.#head = { height: chain.head.header.height, hash: chain.head.hashHex };
  }

  async run(): Promise<void> {
    const { height, hash } = this.#head;
    const tip = this.#book.tip();
    const floor = await this.#floor();
    if (!floor) return;
    if (!(await this.#followBlocks(floor))) return;
    if (floor.isRewound && !(await this.#reopenPayments(floor))) return;
    await this.#book.ready();
    if (!this.#isCurrent()) return;
    const events = [
      ...reviewBlocks(this.#book.openBlocks(), this.#chain),
      ...reviewPayments(this.#book.openPayments(), this.#book.terms.poolAccount, this.#chain),
    ];
    const isFollowed = tip?.isComplete && tip.height === height && tip.hash === hash;
    if (!isFollowed) events.push({ kind: "chainFollowed", height, hash, isComplete: true });
    await this.#write(events);
  }

  /** True if the pass can go on: the chain is the one that the pass began with, or has grown. */
  #isCurrent(): boolean {
    return isCanonical(this.#chain, this.#head.height, this.#head.hash);
  }

  /** The block up to which the books are right; undefined if the chain was reorganized meanwhile. */
  async #floor(): Promise<Floor | undefined> {
    const tip = this.#book.tip();
    if (tip && isCanonical(this.#chain, tip.height, tip.hash)) return { ...tip, isRewound: !tip.isComplete };
    const standing = tip && (await this.#standingBelow(tip.height));
    if (!this.#isCurrent()) return undefined;
    const genesis = this.#chain.hashAtHeight(0);
    invariant(genesis, "every chain has a block 0");
    const { height, hash } = standing ?? { height: 0, hash: toHex(genesis) };
    await this.#write([{ kind: "chainFollowed", height, hash, isComplete: false }]);
    return { height, hash, isRewound: true };
  }

  /** The highest block of the archive, at the old tip or below it, that stands in both chains. */
  async #standingBelow(tipHeight: number) {
    for await (const piece of this.#book.archivedBlocks()) {
      if (!this.#isCurrent()) return undefined;
      const standing = piece.find(
        (block) =>
          block.height <= tipHeight &&
          block.state === "matured" &&
          stateOfBlock(block, this.#chain) === "matured",
      );
      if (standing) return standing;
    }
    return undefined;
  }

  /** Looks at every block of the archive above the floor, and at those that a shorter chain may have made immature. */
  async #followBlocks(floor: Floor): Promise<boolean> {
    const above = Math.min(floor.height, this.#head.height - maturityDepth(this.#chain));
    for await (const piece of this.#book.archivedBlocks(Math.max(0, above))) {
      if (!this.#isCurrent()) return false;
      await this.#write(reviewBlocks(piece, this.#chain));
    }
    return true;
  }

  /** Opens every payment that the reorganization may have reached; the review then finds each in the chain, or not. */
  async #reopenPayments(floor: Floor): Promise<boolean> {
    const upTo = Math.min(floor.height, this.#head.height - settledDepth(this.#chain));
    for await (const piece of this.#book.archivedPayments()) {
      if (!this.#isCurrent()) return false;
      const standing = piece.findIndex((payment) => isSettledAtHeight(payment, upTo));
      const reached = standing === -1 ? piece : piece.slice(0, standing);
      await this.#write(reached.map((payment) => ({ kind: "paymentReopened", payment })));
      if (standing !== -1) break;
    }
    return true;
  }

  async #write(events: readonly BookEvent[]): Promise<void> {
    if (events.length > 0) await this.#book.record(events);
    this.written.push(...events);
  }
}
