/** When the next block of a Proof of Work chain is to be expected: finding one is chance, and chance has no memory. */

export interface BlockOdds {
  /** On average, from any moment on. */
  readonly meanMs: number;
  /** After so long there is a block in half of all cases. */
  readonly halfMs: number;
  /** The same in nine of ten cases. */
  readonly mostMs: number;
}

/**
 * @param difficulty hashes that the next block takes on average
 * @param hashesPerSecond of the whole network; null or 0: nobody is known to mine
 */
export function blockOdds(difficulty: number, hashesPerSecond: number | null): BlockOdds | undefined {
  if (!hashesPerSecond || difficulty <= 0) return undefined;
  const meanMs = (difficulty / hashesPerSecond) * 1_000;
  return { meanMs, halfMs: meanMs * Math.LN2, mostMs: meanMs * Math.LN10 };
}

/** How likely it is that a search takes so long or longer: 1 at once, near 0 where something is wrong. */
export function chanceOfWaiting(waitedMs: number, { meanMs }: BlockOdds): number {
  return Math.exp(-Math.max(0, waitedMs) / meanMs);
}

export interface MinerShare {
  readonly address: string;
  readonly name: string | null;
  readonly blocks: number;
  /** From 0 to 1. */
  readonly share: number;
}

/** Who mined how many of these blocks, most first. */
export function minerShares(
  blocks: readonly { readonly producer: string; readonly producerName: string | null }[],
): MinerShare[] {
  const counts = new Map<string, { name: string | null; blocks: number }>();
  for (const { producer, producerName } of blocks) {
    const counted = counts.get(producer) ?? { name: producerName, blocks: 0 };
    counted.blocks += 1;
    counts.set(producer, counted);
  }
  return [...counts]
    .map(([address, { name, blocks: count }]) => {
      return { address, name, blocks: count, share: count / blocks.length };
    })
    .sort((a, b) => b.blocks - a.blocks || (a.address < b.address ? -1 : 1));
}

/** One interval says little about a hash rate; ten say something. */
const smoothedBlocks = 10;

/**
 * The hash rate behind each block and the nine before it; null where too few are known.
 *
 * @param blocks oldest first
 */
export function smoothedRates(
  blocks: readonly { readonly difficulty: string; readonly intervalMs: number }[],
): (number | null)[] {
  return blocks.map((_, index) => {
    const behind = blocks.slice(Math.max(0, index + 1 - smoothedBlocks), index + 1);
    if (behind.length < Math.min(smoothedBlocks, blocks.length)) return null;
    const hashes = behind.reduce((sum, { difficulty }) => sum + Number(difficulty), 0);
    const spanMs = behind.reduce((sum, { intervalMs }) => sum + intervalMs, 0);
    return spanMs > 0 ? (hashes / spanMs) * 1_000 : null;
  });
}
