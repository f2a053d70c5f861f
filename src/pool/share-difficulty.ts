/** How hard a member's shares are: aimed at one share every five seconds, from what the member does. Pure. */
import { bigIntToBytes } from "../base/bytes.ts";

export const shareEveryMs = 5_000;
/** Assumed of a member that does not know its own hash rate: a small part of what one thread does. */
export const assumedHashesPerSecond = 1_000_000;

const stepMax = 4;
/** One measurement: so many shares, or so long. */
const measuredShares = 24;
const measuredMs = measuredShares * shareEveryMs;
/** A smaller change is taken for chance, and not for a change of the member's hash rate. */
const noticeableFactor = 1.5;
/** Four shares that come eight times too fast need no whole measurement. By chance this happens once in 500 times. */
const hastyShares = 4;
const hastyFactor = 8;
/** So much time without a share needs no whole measurement either. By chance this happens once in 400 times. */
const silenceMs = 6 * shareEveryMs;

/** What a member did since its share target was last set, or last found right. */
export interface SharePace {
  /** Expected number of hashes behind each share. */
  readonly hashesPerShare: number;
  readonly shares: number;
  /** Time in which there was something to mine. */
  readonly elapsedMs: number;
  /** Expected number of hashes behind a block: no share is harder. */
  readonly hashesPerBlock: number;
}

/**
 * The expected number of hashes behind each of the member's next shares, at most four times more or less than now;
 * undefined while there is too little to judge by.
 */
export function adjustedHashesPerShare(pace: SharePace): number | undefined {
  const { shares, elapsedMs, hashesPerBlock } = pace;
  // A share that is worth a block is as hard as the block, whatever was meant.
  const current = Math.min(pace.hashesPerShare, hashesPerBlock);
  const factor = (shares * shareEveryMs) / Math.max(1, elapsedMs);
  const isHasty = shares >= hastyShares && factor >= hastyFactor;
  const isSilent = shares === 0 && elapsedMs >= silenceMs;
  if (!isHasty && !isSilent && shares < measuredShares && elapsedMs < measuredMs) return undefined;
  if (factor < noticeableFactor && factor > 1 / noticeableFactor) return current;
  const step = Math.min(stepMax, Math.max(1 / stepMax, factor));
  return Math.max(1, Math.min(hashesPerBlock, current * step));
}

/** A member's first shares. @param hashesPerSecond as the member says; 0: it does not know */
export function firstHashesPerShare(hashesPerSecond: number): number {
  return ((hashesPerSecond || assumedHashesPerSecond) * shareEveryMs) / 1000;
}

/** The highest hash that is a share, 32 bytes big-endian: 2^256 / hashesPerShare − 1. */
export function shareTargetOf(hashesPerShare: number): Uint8Array {
  return bigIntToBytes(2n ** 256n / BigInt(Math.max(1, Math.round(hashesPerShare))) - 1n, 32);
}
