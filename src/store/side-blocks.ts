/** Blocks that are stored beside the canonical line: which they are after each batch, the newest of them in memory. */
import { toHex } from "../base/bytes.ts";
import type { CommitBatch, SideBlock } from "./chain-store.ts";

export interface SideMoves {
  readonly joined: readonly SideBlock[];
  /** Blocks that were stored before and are canonical now, and blocks that are removed. */
  readonly left: readonly Pick<SideBlock, "height" | "hash">[];
}

export interface SideLookups {
  hasBlock(hash: Uint8Array): boolean;
  /** Of the canonical line as it was before the batch. */
  hashAtHeight(height: number): Uint8Array | undefined;
}

/** Which blocks a batch puts beside the canonical line, and which it takes from there. */
export function sideMoves(batch: CommitBatch, before: SideLookups): SideMoves {
  const connected = new Set(batch.connected.map(({ hash }) => toHex(hash)));
  const arriving = new Set<string>();
  const joined: SideBlock[] = [];
  for (const { record } of batch.blocks) {
    if (arriving.has(record.hashHex) || before.hasBlock(record.hash)) continue;
    arriving.add(record.hashHex);
    const { height, parentHash } = record.header;
    if (!connected.has(record.hashHex)) joined.push({ height, hash: record.hash, parentHash });
  }
  for (const { height, hash } of batch.disconnected) {
    const parentHash = before.hashAtHeight(height - 1);
    if (parentHash) joined.push({ height, hash, parentHash });
  }
  const left = batch.connected.filter(({ hash }) => !arriving.has(toHex(hash)));
  return { joined, left: [...left, ...(batch.dropped ?? [])] };
}

/** The side blocks with the greatest heights; peers can store many, so the lowest are forgotten here (not on disk). */
export class NewestSideBlocks {
  readonly #max: number;
  /** Lowest first. */
  readonly #blocks: SideBlock[];

  /** @param blocks in any order */
  constructor(max: number, blocks: readonly SideBlock[] = []) {
    this.#max = max;
    this.#blocks = blocks.toSorted((a, b) => a.height - b.height).slice(-max);
  }

  /** Highest first. */
  list(): readonly SideBlock[] {
    return this.#blocks.toReversed();
  }

  apply({ joined, left }: SideMoves): void {
    for (const { height, hash } of left) {
      const hashHex = toHex(hash);
      const index = this.#blocks.findIndex(
        (block) => block.height === height && toHex(block.hash) === hashHex,
      );
      if (index >= 0) this.#blocks.splice(index, 1);
    }
    for (const block of joined) {
      const after = this.#blocks.findLastIndex(({ height }) => height <= block.height);
      this.#blocks.splice(after + 1, 0, block);
    }
    if (this.#blocks.length > this.#max) this.#blocks.splice(0, this.#blocks.length - this.#max);
  }
}
