/** How far finality was behind the head over time: from the certificates in blocks, and from what happens live. */

export interface LagPoint {
  readonly atMs: number;
  /** Blocks above the final one. */
  readonly lagBlocks: number;
}

/** Points kept: with a block a second, half an hour. */
export const lagPointsMax = 2_000;

/** What a block says to finality. */
export interface CertifyingBlock {
  readonly height: number;
  readonly timestampMs: number;
  /** The block that the certificate in this one certifies. */
  readonly certificate: { readonly height: number } | null;
}

/**
 * The lag after each block, as the chain itself proves it: a certificate for a block whose parent is certified makes that
 * parent final. Votes that no block holds yet are not counted, so a node sees less lag than this.
 *
 * @param blocks in any order, each height once
 */
export function lagByCertificates(blocks: readonly CertifyingBlock[]): LagPoint[] {
  const sorted = [...blocks].sort((a, b) => a.height - b.height);
  const certified = new Set<number>();
  let finalHeight: number | undefined;
  const points: LagPoint[] = [];
  for (const { height, timestampMs, certificate } of sorted) {
    if (certificate) {
      certified.add(certificate.height);
      const parent = certificate.height - 1;
      // The genesis block needs no certificate.
      if (parent === 0 || certified.has(parent)) finalHeight = Math.max(finalHeight ?? 0, parent);
    }
    if (finalHeight !== undefined) points.push({ atMs: timestampMs, lagBlocks: height - finalHeight });
  }
  return points;
}

/** The points with one more, the oldest forgotten; a point that says nothing new is left out. */
export function withPoint(points: readonly LagPoint[], point: LagPoint): readonly LagPoint[] {
  const last = points.at(-1);
  if (last && last.atMs >= point.atMs) return [...points.slice(0, -1), { ...point, atMs: last.atMs }];
  return [...points, point].slice(-lagPointsMax);
}

/** Both histories on one time line, for a chart: what is not known of one at the other's times is null. */
export function lagColumns(
  proven: readonly LagPoint[],
  seen: readonly LagPoint[],
): { readonly atMs: number[]; readonly proven: (number | null)[]; readonly seen: (number | null)[] } {
  const since = seen[0]?.atMs ?? Number.POSITIVE_INFINITY;
  const before = proven.filter(({ atMs }) => atMs < since);
  return {
    atMs: [...before, ...seen].map(({ atMs }) => atMs),
    proven: [...before.map(({ lagBlocks }) => lagBlocks), ...seen.map(() => null)],
    seen: [...before.map(() => null), ...seen.map(({ lagBlocks }) => lagBlocks)],
  };
}
