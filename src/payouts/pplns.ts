/** Pay per last N shares: what each member gets of a block that the pool has found. */
import { invariant } from "../base/invariant.ts";

/** Blocks' worth of work that a window holds, unless told. */
export const windowBlocksDefault = 20;

/** An accepted share as the window holds it. */
export interface WindowShare {
  /** Public key in hex of the account that is paid. */
  readonly account: string;
  /** Expected number of hashes behind it: 2^256 / (shareTarget + 1). */
  readonly work: bigint;
}

export interface SplitTerms {
  /** What the block earned, in base units. */
  readonly earnedUnits: bigint;
  /** Work that the window holds: `windowBlocks` times the block's own. */
  readonly windowWork: bigint;
  /** The pool keeps so many hundredths before the split, rounded down: 0 to 10. */
  readonly feePercent: number;
}

export interface Split {
  /** The pool's fee. With it the parts sum up to the earnings. */
  readonly keptUnits: bigint;
  /** By account, in the order in which the window meets them; nobody with zero units. */
  readonly parts: readonly (readonly [account: string, units: bigint])[];
}

/**
 * Splits a block's earnings by work over the last shares. Of the oldest share only what still fits into the window
 * counts, so that every block has a window of the same work. Units that do not divide go to the finder.
 *
 * The scheme is PPLNS by difficulty, with N in expected hashes (Rosenfeld 2011, section 4.2).
 *
 * @param newestFirst the window's shares, beginning with the one that found the block
 */
export function splitEarnings(newestFirst: Iterable<WindowShare>, terms: SplitTerms): Split {
  const { earnedUnits, windowWork, feePercent } = terms;
  invariant(earnedUnits >= 0n && windowWork > 0n, "earnings are not negative and a window holds work");
  const keptUnits = (earnedUnits * BigInt(feePercent)) / 100n;
  const shared = earnedUnits - keptUnits;
  const workOf = new Map<string, bigint>();
  let finder: string | undefined;
  let room = windowWork;
  for (const { account, work } of newestFirst) {
    finder ??= account;
    const counted = work < room ? work : room;
    workOf.set(account, (workOf.get(account) ?? 0n) + counted);
    room -= counted;
    if (room === 0n) break;
  }
  invariant(finder !== undefined, "a block was found by a share");
  const totalWork = windowWork - room;
  const unitsOf = new Map<string, bigint>();
  let left = shared;
  for (const [account, work] of workOf) {
    const units = totalWork === 0n ? 0n : (shared * work) / totalWork;
    unitsOf.set(account, units);
    left -= units;
  }
  unitsOf.set(finder, (unitsOf.get(finder) ?? 0n) + left);
  return { keptUnits, parts: [...unitsOf].filter(([, units]) => units > 0n) };
}
