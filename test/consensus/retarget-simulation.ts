/** Miners under the chain's own retarget rule, by seed and arithmetic alone: no hash is computed, no clock is read. */
import { bigIntFromBytes, bigIntToBytes } from "../../src/base/bytes.ts";
import { nextTarget, type RetargetRule } from "../../src/consensus/pow/asert.ts";
import { workOf } from "../../src/consensus/pow/work-rule.ts";
import { createSeededRandom } from "../simulation/random.ts";

/** What the miners do for some blocks. */
export interface Phase {
  readonly blocks: number;
  /** Of all miners together. */
  readonly hashesPerMs: number;
  /** How long nobody searches before the first of these blocks. */
  readonly pauseMs?: number;
}

export interface SimulatedBlock {
  readonly target: Uint8Array;
  /** From the parent's publication to this block's. */
  readonly intervalMs: number;
  /** The mean of that for this target, at this hash rate and without a pause. */
  readonly expectedIntervalMs: number;
}

/** A producer drafts anew this often, so a block's timestamp is up to so much older than the block. */
const freshForMs = 1_000;

/** The target for which miners of a hash rate search for the wanted block time on the average. */
export function targetFor(hashesPerMs: number, { targetBlockTimeMs }: RetargetRule): Uint8Array {
  return bigIntToBytes(2n ** 256n / BigInt(Math.round(hashesPerMs * targetBlockTimeMs)) - 1n, 32);
}

/**
 * Mines one phase after the other, as the producer does it: a miner searches from the moment it has the parent, for an
 * exponentially distributed time. The block's timestamp is that of the draft it was found in, a minimum interval after
 * the parent's at least; a block that is found before its timestamp is kept until then.
 *
 * @param startTarget of the first block
 */
export function* simulateMining(
  rule: RetargetRule,
  startTarget: Uint8Array,
  phases: readonly Phase[],
  seed: number,
): Generator<SimulatedBlock> {
  const random = createSeededRandom(seed);
  let target = startTarget;
  let publishedMs = 0;
  let stampMs = 0;
  for (const { blocks, hashesPerMs, pauseMs = 0 } of phases) {
    for (let count = 0; count < blocks; count += 1) {
      const beginMs = publishedMs + (count === 0 ? pauseMs : 0);
      const earliestMs = stampMs + rule.minimumIntervalMs;
      const heldMs = Math.max(0, earliestMs - beginMs);
      const meanSearchMs = Number(workOf(target)) / hashesPerMs;
      const searchMs = -Math.log(1 - random.next()) * meanSearchMs;
      // The first draft is ahead of the clock; it stays until a new one would have a later time.
      const renewedMs = Math.max(freshForMs, heldMs);
      const draftedMs = searchMs < renewedMs ? heldMs : searchMs - ((searchMs - renewedMs) % freshForMs);
      const newStampMs = Math.floor(beginMs + draftedMs);
      const newPublishedMs = beginMs + Math.max(heldMs, searchMs);
      yield {
        target,
        intervalMs: newPublishedMs - publishedMs,
        expectedIntervalMs: heldMs + meanSearchMs * Math.exp(-heldMs / meanSearchMs),
      };
      target = nextTarget({ target, intervalMs: newStampMs - stampMs }, rule);
      publishedMs = newPublishedMs;
      stampMs = newStampMs;
    }
  }
}

/** How much easier than another a target is. */
export function easeOf(target: Uint8Array, than: Uint8Array): number {
  return Number((bigIntFromBytes(target) * 2n ** 40n) / bigIntFromBytes(than)) / 2 ** 40;
}
