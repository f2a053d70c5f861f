/** Blocks that cannot be judged yet: orphans wait for their parent, early ones for their time. Bounded. */
import { BoundedMap } from "../base/bounded-map.ts";
import { toHex } from "../base/bytes.ts";
import type { Block } from "../protocol/block.ts";

export interface WaitingLimits {
  readonly blocksMax: number;
  readonly bytesMax: number;
}

/** Blocks by hash, the oldest forgotten first when there are too many or too many bytes of them. */
export class WaitingBlocks {
  readonly #blocks: BoundedMap<string, Block>;
  readonly #limits: WaitingLimits;
  #bytes = 0;

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
    this.#blocks = new BoundedMap(limits.blocksMax);
  }

  get size(): number {
    return this.#blocks.size;
  }

  has(hashHex: string): boolean {
    return this.#blocks.has(hashHex);
  }

  add(block: Block): void {
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
  take(isReady: (block: Block) => boolean): Block[] {
    const ready = [...this.#blocks.values()].filter(isReady);
    for (const block of ready) {
      this.#blocks.delete(block.hashHex);
      this.#bytes -= block.bytes.length;
    }
    return ready.sort((a, b) => a.header.height - b.header.height);
  }

  childrenOf(parentHashHex: string): Block[] {
    return this.take((block) => toHex(block.header.parentHash) === parentHashHex);
  }

  /** The lowest timestamp waiting; undefined where none waits. */
  earliestMs(): number | undefined {
    let earliest: number | undefined;
    for (const { header } of this.#blocks.values()) {
      if (earliest === undefined || header.timestampMs < earliest) earliest = header.timestampMs;
    }
    return earliest;
  }
}
