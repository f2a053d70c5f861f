/**
 * Blocks that lose and are taken though nobody asked for them. Counted as they come: the chain counts what it has stored,
 * and before the first ones are stored a flood of siblings would have filled the queue before validation.
 */
import { BoundedMap } from "../../base/bounded-map.ts";
import { toHex } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { blockBytesMax, type HeaderRecord } from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";

/** For each parent. A further one is fetched if a better block stands on it. */
const siblingsMax = 4;
/** Decoded, verified and written at once: one full block. Then as much in a minute as the chain would store unasked. */
const burstBytes = blockBytesMax;
const bytesPerMinute = 12 * 2 ** 20;
const parentsMax = 1_024;

export class UnaskedBlocks {
  readonly #clock: Clock;
  readonly #bytes: LeakyBucket;
  readonly #siblings = new BoundedMap<string, number>(parentsMax);

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
    this.#bytes = new LeakyBucket(burstBytes, bytesPerMinute / 60_000, clock.monotonicMs());
  }

  /** Counts a block that loses. @returns its fault if there have been too many: then it is not taken */
  fault({ header }: Pick<HeaderRecord, "header">, bytes: number): BlockFault | undefined {
    const parentHex = toHex(header.parentHash);
    const siblings = this.#siblings.get(parentHex) ?? 0;
    if (siblings >= siblingsMax || !this.#bytes.add(bytes, this.#clock.monotonicMs())) {
      return { code: "block/far-behind", bytesMax: burstBytes };
    }
    this.#siblings.set(parentHex, siblings + 1);
    return undefined;
  }
}
