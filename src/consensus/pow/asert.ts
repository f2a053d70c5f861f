/** Retargeting: computes the next block's target from how late or early the last blocks were. */
import { bigIntFromBytes, bigIntToBytes } from "../../base/bytes.ts";
import type { Genesis } from "../../protocol/genesis.ts";

/** A number only if it is an integer of at most 2^53 − 1, since only such a number is exact. */
export type Integer = bigint | number;

/** Integers. All times have the same unit, whichever it is. */
export interface AsertInput {
  readonly anchorTarget: Integer;
  /** From the anchor's parent to the block whose child is wanted; may be negative. */
  readonly timeDelta: Integer;
  /** From the anchor to the block whose child is wanted: blocks. */
  readonly heightDelta: Integer;
  /** Time between blocks on schedule. */
  readonly spacing: Integer;
  /** If the chain is late by this much the target doubles; if it is ahead by this much the target halves. Above zero. */
  readonly halfLife: Integer;
  /** The highest target there is. */
  readonly easiestTarget: Integer;
}

/** Fraction bits of the fixed-point numbers. */
const fractionBits = 16n;
const one = 1n << fractionBits;

/**
 * The target of the block after one that is `heightDelta` above the anchor: anchorTarget · 2^(lateness / halfLife),
 * lateness = timeDelta − spacing · (heightDelta + 1), from 1 to `easiestTarget`.
 *
 * Formula: the published aserti3-2d specification (Bitcoin Cash, "ASERT difficulty adjustment algorithm", November
 * 2020): the exponent has 16 fraction bits and its division truncates toward zero, as BigInt's does; 2^x for
 * 0 ≤ x < 1 is a cubic polynomial in integers. Tested with the specification's public vectors.
 *
 * @throws RangeError if a number is not an integer, or the half-life is zero
 */
export function asert(input: AsertInput): bigint {
  const easiestTarget = BigInt(input.easiestTarget);
  const lateness = BigInt(input.timeDelta) - BigInt(input.spacing) * (BigInt(input.heightDelta) + 1n);
  const exponent = (lateness * one) / BigInt(input.halfLife);
  const doublings = exponent >> fractionBits;
  // A shift to the left costs as much memory as its result has bits. So no shift is done that must end above the easiest target.
  if (doublings >= bitLength(easiestTarget)) return easiestTarget;
  const scaled = BigInt(input.anchorTarget) * powerOfTwo(exponent - (doublings << fractionBits));
  const shift = doublings - fractionBits;
  const target = shift < 0n ? scaled >> -shift : scaled << shift;
  if (target < 1n) return 1n;
  return target > easiestTarget ? easiestTarget : target;
}

/** 2^x for 0 ≤ x < 1, both with 16 fraction bits: 1 + 0.695502049·x + 0.2262698·x² + 0.0782318·x³. */
function powerOfTwo(x: bigint): bigint {
  const polynomial = 195_766_423_245_049n * x + 971_821_376n * x ** 2n + 5_127n * x ** 3n;
  return one + ((polynomial + 2n ** 47n) >> 48n);
}

function bitLength(value: bigint): bigint {
  return BigInt(value.toString(2).length);
}

/** What the target of a block's child depends on. */
export interface RetargetParent {
  /** 32 bytes, big-endian. */
  readonly target: Uint8Array;
  /** Time from its own parent to it, by the timestamps of both headers. */
  readonly intervalMs: number;
}

export type RetargetRule = Pick<
  Genesis,
  "easiestTarget" | "minimumIntervalMs" | "retargetHalfLifeMs" | "targetBlockTimeMs"
>;

/** An interval longer than this many target block times counts as this many. */
const intervalBlockTimesMax = 10;

/**
 * The chain's own rule: {@link asert} anchored on the parent, in milliseconds. After one long interval the next block is
 * easier by one bounded step.
 *
 * @returns the 32-byte target that a child of `parent` must carry, never above the genesis' easiest target
 */
export function nextTarget(parent: RetargetParent, rule: RetargetRule): Uint8Array {
  const { easiestTarget, minimumIntervalMs, retargetHalfLifeMs, targetBlockTimeMs } = rule;
  const longestMs = intervalBlockTimesMax * targetBlockTimeMs;
  const countedMs = Math.min(Math.max(parent.intervalMs, minimumIntervalMs), longestMs);
  const target = asert({
    anchorTarget: bigIntFromBytes(parent.target),
    timeDelta: countedMs,
    heightDelta: 0,
    spacing: targetBlockTimeMs,
    halfLife: retargetHalfLifeMs,
    easiestTarget: bigIntFromBytes(easiestTarget),
  });
  return bigIntToBytes(target, easiestTarget.length);
}
