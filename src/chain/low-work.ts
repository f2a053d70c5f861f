/**
 * Low-work forks: branches far lighter than the head. A low difficulty floor makes their blocks almost free, and without
 * finality no block is ever too old. An attacker could fill the disk with them, so they are not relayed and have a quota.
 */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { Seldom } from "../base/seldom.ts";
import type { Block, HeaderRecord } from "../protocol/block.ts";
import type { BlockFault } from "../protocol/faults.ts";

/** A fork that is behind by less than the work of this many blocks like the head is an everyday fork. */
const everydayBlocks = 64n;
/** Enough for any honest branch until it is the heavier one. */
const bytesMaxDefault = 2 ** 30;
const warningEveryMs = 600_000;

/** @param parent of the head; undefined if the head is the genesis block */
export function isLowWork(
  { cumulativeWeight }: Pick<HeaderRecord, "cumulativeWeight">,
  head: Pick<HeaderRecord, "cumulativeWeight">,
  parent: Pick<HeaderRecord, "cumulativeWeight"> | undefined,
): boolean {
  const headWeight = head.cumulativeWeight - (parent?.cumulativeWeight ?? head.cumulativeWeight);
  return cumulativeWeight + everydayBlocks * headWeight < head.cumulativeWeight;
}

/** Counts the bytes of low-work blocks that were stored in one run of the process. */
export class LowWorkQuota {
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

  /** The fault of a block for which there is no room. */
  faultOf({ header, hashHex, bytes }: Block): BlockFault | undefined {
    const bytesMax = this.#bytesMax;
    if (this.#bytes + bytes.length <= bytesMax) return undefined;
    this.#warning.say(() =>
      this.#logger.warn(
        { height: header.height, hash: hashHex, bytesMax },
        "a branch far lighter than the chain is not kept any further; if it is to win after all, restart the node",
      ),
    );
    return { code: "block/far-behind", bytesMax };
  }

  /** Counts a block that has been stored. */
  take(bytes: number): void {
    this.#bytes += bytes;
  }

  /** A branch has become the heaviest after all: its blocks are no longer low-work. */
  giveBack(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }
}
