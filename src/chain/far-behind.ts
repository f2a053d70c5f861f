/**
 * Blocks of branches far lighter than the head. Where the floor is low they cost next to nothing to make, and without
 * finality none is ever too old: they are not relayed, and only so much of them is kept.
 */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { Seldom } from "../base/seldom.ts";
import type { Block, HeaderRecord } from "../protocol/block.ts";
import type { BlockFault } from "../protocol/faults.ts";

/** A fork that is behind by less than the work of so many blocks like the head is an everyday one. */
const everydayBlocks = 64n;
/** Room enough for any honest branch until it is the heavier one. */
const bytesMaxDefault = 2 ** 30;
const warningEveryMs = 600_000;

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
  readonly #logger: Logger;
  readonly #warning: Seldom;
  #bytes = 0;

  constructor(
    bytesMax: number = bytesMaxDefault,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#bytesMax = bytesMax;
    this.#logger = logger;
    this.#warning = new Seldom(warningEveryMs, clock);
  }

  /** The fault where there is no room for one more; else it is counted. */
  take({ header, hashHex, bytes }: Block): BlockFault | undefined {
    const bytesMax = this.#bytesMax;
    if (this.#bytes + bytes.length <= bytesMax) {
      this.#bytes += bytes.length;
      return undefined;
    }
    this.#warning.say(() =>
      this.#logger.warn(
        { height: header.height, hash: hashHex, bytesMax },
        "a branch far lighter than the chain is not kept any further; if it is to win after all, restart the node",
      ),
    );
    return { code: "block/far-behind", bytesMax };
  }

  /** A branch has become the heaviest after all: its blocks have paid for themselves. */
  giveBack(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }
}
