/** Blocks that cannot be judged yet: orphans wait for their parent, future blocks for their time. Bounded. */
import { toHex } from "../base/bytes.ts";
import type { Block } from "../protocol/block.ts";

export interface WaitingLimits {
  readonly blocksMax: number;
  readonly bytesMax: number;
}

interface Held<Waiting> {
  readonly block: Waiting;
  readonly from: string;
}

/**
 * Blocks by hash. If there are too many blocks or too many bytes, the oldest of the sender that holds the most bytes is
 * forgotten: a sender that floods pushes out its own blocks.
 */
export class WaitingBlocks<Waiting extends Block> {
  readonly #held = new Map<string, Held<Waiting>>();
  readonly #bytesOf = new Map<string, number>();
  readonly #limits: WaitingLimits;
  #bytes = 0;

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#held.size;
  }

  countOf(isCounted: (block: Waiting) => boolean): number {
    let count = 0;
    for (const { block } of this.#held.values()) if (isCounted(block)) count += 1;
    return count;
  }

  get(hashHex: string): Waiting | undefined {
    return this.#held.get(hashHex)?.block;
  }

  /** @param from who sent it */
  add(block: Waiting, from = ""): void {
    if (this.#held.has(block.hashHex)) return;
    this.#held.set(block.hashHex, { block, from });
    this.#count(from, block.bytes.length);
    const { blocksMax, bytesMax } = this.#limits;
    while (this.#held.size > blocksMax || this.#bytes > bytesMax) this.#forgetOne();
  }

  /** Takes out every block that `isReady`, lowest first. */
  take(isReady: (block: Waiting) => boolean): Waiting[] {
    const ready = [...this.#held.values()].map(({ block }) => block).filter(isReady);
    for (const { hashHex } of ready) this.#remove(hashHex);
    return ready.sort((a, b) => a.header.height - b.header.height);
  }

  /** The waiting children of a block; they go on waiting. */
  standingOn(parentHashHex: string): Waiting[] {
    const all = [...this.#held.values()].map(({ block }) => block);
    return all.filter(({ header }) => toHex(header.parentHash) === parentHashHex);
  }

  childrenOf(parentHashHex: string): Waiting[] {
    return this.take((block) => toHex(block.header.parentHash) === parentHashHex);
  }

  /** The lowest timestamp of a waiting block; undefined if no block waits. */
  earliestMs(): number | undefined {
    let earliest: number | undefined;
    for (const { block } of this.#held.values()) {
      const { header } = block;
      if (earliest === undefined || header.timestampMs < earliest) earliest = header.timestampMs;
    }
    return earliest;
  }

  #forgetOne(): void {
    const [largest] = [...this.#bytesOf].reduce((most, next) => (next[1] > most[1] ? next : most));
    const oldest = [...this.#held.values()].find(({ from }) => from === largest);
    if (oldest) this.#remove(oldest.block.hashHex);
  }

  #remove(hashHex: string): void {
    const held = this.#held.get(hashHex);
    if (!held) return;
    this.#held.delete(hashHex);
    this.#count(held.from, -held.block.bytes.length);
  }

  #count(from: string, bytes: number): void {
    this.#bytes += bytes;
    const total = (this.#bytesOf.get(from) ?? 0) + bytes;
    if (total > 0) this.#bytesOf.set(from, total);
    else this.#bytesOf.delete(from);
  }
}
