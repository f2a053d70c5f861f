/** Where each peer stands in the drawing of the network: the same peers always stand in the same places. */

export interface PlacedPeer {
  readonly nodeId: string;
  readonly x: number;
  readonly y: number;
}

export interface Area {
  readonly width: number;
  readonly height: number;
  /** Kept free at the sides, for names. */
  readonly marginX: number;
  readonly marginY: number;
}

/** The nearest and the farthest ring, as parts of the way to the edge. */
const [nearest, farthest] = [0.42, 1];
/** A peer of this latency or less stands on the nearest ring, and one of the other or more on the farthest. */
const [nearMs, farMs] = [1, 1_000];

/**
 * How far out a latency stands, from 0.42 to 1, by its logarithm: 1 ms and 10 ms differ as much as 100 ms and 1 s.
 *
 * @param latencyMs null: not measured; it stands at the edge
 */
export function distanceOf(latencyMs: number | null): number {
  if (latencyMs === null) return farthest;
  const bounded = Math.max(nearMs, Math.min(farMs, latencyMs));
  const part = Math.log(bounded / nearMs) / Math.log(farMs / nearMs);
  return nearest + (farthest - nearest) * part;
}

/** Around the middle, in the order of their ids, the first at the top and on with the clock. */
export function placePeers(
  peers: readonly { readonly nodeId: string; readonly latencyMs: number | null }[],
  { width, height, marginX, marginY }: Area,
): PlacedPeer[] {
  const sorted = [...peers].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  const [radiusX, radiusY] = [Math.max(0, width / 2 - marginX), Math.max(0, height / 2 - marginY)];
  return sorted.map(({ nodeId, latencyMs }, index) => {
    // Half a step for an even number: none stands straight above another, where their names would meet.
    const offset = sorted.length % 2 === 0 ? 0.5 : 0;
    const angle = ((index + offset) / sorted.length) * 2 * Math.PI - Math.PI / 2;
    const distance = distanceOf(latencyMs);
    return {
      nodeId,
      x: width / 2 + Math.cos(angle) * radiusX * distance,
      y: height / 2 + Math.sin(angle) * radiusY * distance,
    };
  });
}

/** The rings that the drawing names, innermost first. */
export const rings: readonly { readonly latencyMs: number; readonly title: string }[] = [
  { latencyMs: 1, title: "1 ms" },
  { latencyMs: 10, title: "10 ms" },
  { latencyMs: 100, title: "100 ms" },
  { latencyMs: 1_000, title: "1 s" },
];
