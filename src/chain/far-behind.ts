/**
 * Blocks of branches far lighter than the head. Where the floor is low they cost next to nothing to make, and without
 * finality none is ever too old: they are not relayed, and only so much of them is kept.
 */
import type { HeaderRecord } from "../protocol/block.ts";
import type { BlockFault } from "../protocol/faults.ts";

/** A fork that is behind by less than the work of so many blocks like the head is an everyday one. */
const everydayBlocks = 64n;
/** Room enough for any honest branch until it is the heavier one. */
const bytesMaxDefault = 2 ** 30;

/** @param parent of the head; undefined where that is the genesis block */
export function isFarBehind(
  { cumulativeWeight }: Pick<HeaderRecord, "cumulativeWeight">,
  head: Pick<HeaderRecord, "cumulativeWeight">,
  parent: Pick<HeaderRecord, "cumulativeWeight"> | undefined,
): boolean {
  const headWeight = head.cumulativeWeight - (parent?.cumulativeWeight ?? head.cumulativeWeight);
  return cumulativeWeight + everydayBlocks * headWeight < head.cumulativeWeight;
}

/** Counts what is stored of them in one run of the process. */
export class FarBehindRoom {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number = bytesMaxDefault) {
    this.#bytesMax = bytesMax;
  }

  /** The fault where there is no room for so many more bytes; else they are counted. */
  take(bytes: number): BlockFault | undefined {
    if (this.#bytes + bytes > this.#bytesMax) return { code: "block/far-behind", bytesMax: this.#bytesMax };
    this.#bytes += bytes;
    return undefined;
  }

  /** A branch has become the heaviest after all: its blocks have paid for themselves. */
  giveBack(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }
}
