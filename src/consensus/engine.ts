/** What a consensus engine decides; the chain knows no engine by name, so a third one is one more implementation. */
import { compareBytes } from "../base/bytes.ts";
import type { Header, HeaderRecord, Seal } from "../protocol/block.ts";
import type { BlockFault } from "../protocol/faults.ts";
import type { ConsensusName } from "../protocol/genesis.ts";

/** Where and when a producer may seal on a parent. */
export interface SealingSlot {
  /** The lowest timestamp that the header may carry. */
  readonly earliestMs: number;
  /** How long this producer leaves the others the first go at work that has just come; a courtesy, not a rule. */
  readonly courtesyMs: number;
  /** The header's target; zero where the engine has none. */
  readonly target: Uint8Array;
}

export interface ConsensusEngine {
  readonly name: ConsensusName;
  /** How far a timestamp may lie ahead of one's own clock before the block is held back. */
  readonly aheadMaxMs: number;
  /** With no transactions waiting, an empty block is due this long after its parent; undefined: never. */
  readonly emptyBlockAfterMs: number | undefined;
  /** The seal by itself: that work was done, or that the producer signed. Needs no parent: orphans are judged too. */
  verifySeal(header: Header, seal: Seal, hash: Uint8Array): BlockFault | undefined;
  /** The header on its parent: producer, time, target. Reads no clock. */
  verifyHeader(header: Header, parent: HeaderRecord): BlockFault | undefined;
  /** What a block adds to its chain's weight. */
  weight(header: Header): bigint;
  /** The slot of `producer` on `parent`; undefined where it is none of the producers. */
  slot(parent: HeaderRecord, producer: Uint8Array): SealingSlot | undefined;
  /** Authorities that may seal on `parent`, sorted by key; empty where anyone may. */
  authorities(parent: HeaderRecord): readonly Uint8Array[];
}

/**
 * Fork choice: the heavier chain, then the lower hash.
 *
 * @returns below zero where `a` is the better head, above zero where `b` is
 */
export function compareHeads(a: HeaderRecord, b: HeaderRecord): number {
  if (a.cumulativeWeight !== b.cumulativeWeight) return a.cumulativeWeight > b.cumulativeWeight ? -1 : 1;
  return compareBytes(a.hash, b.hash);
}
