/** Blocks that cannot be judged yet: orphans wait for their parent, future blocks for their time. Bounded. */
import { BoundedMap } from "../base/bounded-map.ts";
import { toHex } from "../base/bytes.ts";
import type { Block } from "../protocol/block.ts";

export interface WaitingLimits {
  readonly blocksMax: number;
  readonly bytesMax: number;
}

/** Blocks by hash. The oldest is forgotten first if there are too many blocks or too many bytes. */
export class WaitingBlocks<Waiting extends Block> {
  readonly #blocks: BoundedMap<string, Waiting>;
  readonly #limits: WaitingLimits;
  #bytes = 0;

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
    this.#blocks = new BoundedMap(limits.blocksMax);
  }

  get size(): number {
    return this.#blocks.size;
  }

  countOf(isCounted: (block: Waiting) => boolean): number {
    let count = 0;
    for (const block of this.#blocks.values()) if (isCounted(block)) count += 1;
    return count;
  }

  get(hashHex: string): Waiting | undefined {
    return this.#blocks.get(hashHex);
  }

  add(block: Waiting): void {
    if (this.#blocks.has(block.hashHex)) return;
    this.#bytes += block.bytes.length;
    const evicted = this.#blocks.set(block.hashHex, block);
    if (evicted) this.#bytes -= evicted[1].bytes.length;
    for (const [hashHex, oldest] of this.#blocks.entries()) {
      if (this.#bytes <= this.#limits.bytesMax) break;
      this.#blocks.delete(hashHex);
      this.#bytes -= oldest.bytes.length;
    }
  }

  /** Takes out every block that `isReady`, lowest first. */
  take(isReady: (block: Waiting) => boolean): Waiting[] {
    const ready = [...this.#blocks.values()].filter(isReady);
    for (const block of ready) {
      this.#blocks.delete(block.hashHex);
      this.#bytes -= block.bytes.length;
    }
    return ready.sort((a, b) => a.header.height - b.header.height);
  }

  /** The waiting children of a block; they go on waiting. */
  standingOn(parentHashHex: string): Waiting[] {
    return [...this.#blocks.values()].filter(({ header }) => toHex(header.parentHash) === parentHashHex);
  }

  childrenOf(parentHashHex: string): Waiting[] {
    return this.take((block) => toHex(block.header.parentHash) === parentHashHex);
  }

  /** The lowest timestamp of a waiting block; undefined if no block waits. */
  earliestMs(): number | undefined {
    let earliest: number | undefined;
    for (const { header } of this.#blocks.values()) {
      if (earliest === undefined || header.timestampMs < earliest) earliest = header.timestampMs;
    }
    return earliest;
  }
}
