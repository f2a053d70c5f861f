/** Whether blocks fell to miners as their hashes say: the statistics of the soak, without the soak. */

export interface MinerCount {
  readonly hashes: number;
  readonly blocks: number;
}

export interface MinerShare {
  /** Of all hashes, 0 to 1. */
  readonly hashShare: number;
  readonly blockShare: number;
  /** Standard deviation of `blockShare` where every block falls to a miner with the chance of its hash share. */
  readonly deviation: number;
  /** (blockShare − hashShare) / deviation. */
  readonly z: number;
}

export interface ShareTest {
  readonly blocks: number;
  readonly miners: readonly MinerShare[];
  /** Pearson's: Σ (blocks − expected)² / expected. */
  readonly chiSquare: number;
  readonly degreesOfFreedom: number;
  /** Chance of a chi-square at least as high where nothing is wrong. */
  readonly pValue: number;
}

export const deviationsMax = 4;
export const pValueMin = 0.0001;

/** Holds each miner's blocks against its hashes; every miner must have hashed, and there must be blocks. */
export function testShares(counts: readonly MinerCount[]): ShareTest {
  const hashes = counts.reduce((sum, miner) => sum + miner.hashes, 0);
  const blocks = counts.reduce((sum, miner) => sum + miner.blocks, 0);
  if (counts.length < 2) throw new RangeError("shares are of two miners or more");
  if (blocks === 0 || counts.some((miner) => !(miner.hashes > 0))) {
    throw new RangeError("there are no shares without blocks, and none of a miner without hashes");
  }
  const miners = counts.map((miner): MinerShare => {
    const hashShare = miner.hashes / hashes;
    const blockShare = miner.blocks / blocks;
    const deviation = Math.sqrt((hashShare * (1 - hashShare)) / blocks);
    return { hashShare, blockShare, deviation, z: (blockShare - hashShare) / deviation };
  });
  const chiSquare = miners.reduce(
    (sum, { hashShare, blockShare }) => sum + (blocks * (blockShare - hashShare) ** 2) / hashShare,
    0,
  );
  const degreesOfFreedom = counts.length - 1;
  return {
    blocks,
    miners,
    chiSquare,
    degreesOfFreedom,
    pValue: chiSquareTail(chiSquare, degreesOfFreedom),
  };
}

/** Whether chance explains the shares. */
export function isFair({ miners, pValue }: ShareTest): boolean {
  return miners.every(({ z }) => Math.abs(z) <= deviationsMax) && pValue >= pValueMin;
}

/**
 * The chance that a chi-square of so many degrees of freedom is `value` or more: 1 − P(a, x) with a = degrees / 2 and
 * x = value / 2, by the series of the lower incomplete gamma function (Abramowitz and Stegun 6.5.29).
 */
export function chiSquareTail(value: number, degreesOfFreedom: number): number {
  const a = degreesOfFreedom / 2;
  const x = value / 2;
  if (x === 0) return 1;
  // The series would overflow, and what is left is 10^−200.
  if (x > 500) return 0;
  let term = 1;
  let sum = 1;
  for (let n = 1; term > sum * Number.EPSILON; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  const lower = Math.exp(a * Math.log(x) - x - logGammaOfHalves(degreesOfFreedom + 2)) * sum;
  return Math.max(0, 1 - lower);
}

/** ln Γ(halves / 2), from Γ(1) = 1 and Γ(1/2) = √π by Γ(z + 1) = z Γ(z). */
function logGammaOfHalves(halves: number): number {
  let log = halves % 2 === 0 ? 0 : Math.log(Math.PI) / 2;
  for (let below = halves - 2; below > 0; below -= 2) log += Math.log(below / 2);
  return log;
}
