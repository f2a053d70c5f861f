/** The drawing of branches as values: heights are rows, the newest on top; the chain is the first lane, branches stand beside. */

export interface LaneBlock {
  readonly height: number;
  readonly hash: string;
  readonly parentHash: string;
}

export interface LaneBranch {
  /** Highest first; there may be more below them. */
  readonly blocks: readonly LaneBlock[];
  /** The last block that it has in common with the chain; null: too far down. */
  readonly forkPoint: { readonly height: number; readonly hash: string } | null;
  /** How many blocks it has. */
  readonly length: number;
}

export interface LaneInput {
  readonly head: { readonly height: number; readonly hash: string };
  readonly final: { readonly height: number; readonly hash: string } | null;
  /** Highest tip first. */
  readonly branches: readonly LaneBranch[];
}

export type LaneRow =
  | { readonly kind: "height"; readonly height: number }
  /** Heights without anything to show. */
  | { readonly kind: "gap"; readonly count: number };

export interface LaneNode {
  readonly row: number;
  /** 0: the chain. */
  readonly lane: number;
  readonly height: number;
  /** Undefined for a block of the chain that no answer has named. */
  readonly hash: string | undefined;
  /** Its place in `branches`; undefined on the chain. */
  readonly branch: number | undefined;
}

export interface LaneEdge {
  readonly from: { readonly row: number; readonly lane: number };
  readonly to: { readonly row: number; readonly lane: number };
  /** Between them are blocks that are not drawn. */
  readonly isBroken: boolean;
}

export interface Lanes {
  readonly rows: readonly LaneRow[];
  readonly laneCount: number;
  readonly nodes: readonly LaneNode[];
  readonly edges: readonly LaneEdge[];
  /** Branches that found no room. */
  readonly hidden: number;
}

/** More blocks of one branch say no more. */
const branchBlocksDrawn = 5;

interface Limits {
  /** Lanes beside the chain. */
  readonly lanesMax: number;
  /** Heights that are drawn. */
  readonly heightsMax: number;
}

export function layLanes({ head, final, branches }: LaneInput, { lanesMax, heightsMax }: Limits): Lanes {
  const shortened = branches.map(drawnBlocks);
  const placed = branches.map(({ forkPoint }, index) => placeBranch(shortened[index] ?? [], forkPoint));
  const lanes = laneOfEach(placed, lanesMax);
  const heights = new Set([head.height]);
  if (final) heights.add(final.height);
  let hidden = 0;
  const drawn = placed.map((branch, index) => {
    const wanted = [...branch.heights].filter((height) => !heights.has(height));
    if (lanes[index] === undefined || heights.size + wanted.length > heightsMax) {
      hidden += 1;
      return undefined;
    }
    for (const height of wanted) heights.add(height);
    return lanes[index];
  });
  const sorted = [...heights].sort((a, b) => b - a);
  const rows: LaneRow[] = [];
  const rowOf = new Map<number, number>();
  for (const height of sorted) {
    const above = rows.at(-1);
    if (above?.kind === "height" && above.height > height + 1) {
      rows.push({ kind: "gap", count: above.height - height - 1 });
    }
    rowOf.set(height, rows.length);
    rows.push({ kind: "height", height });
  }
  const lowest = sorted.at(-1) ?? 0;
  if (lowest > 0) rows.push({ kind: "gap", count: lowest });
  const at = (height: number, lane: number) => ({ row: rowOf.get(height) ?? rows.length - 1, lane });

  const known = new Map([[head.height, head.hash]]);
  if (final) known.set(final.height, final.hash);
  for (const { forkPoint } of branches) if (forkPoint) known.set(forkPoint.height, forkPoint.hash);
  const nodes: LaneNode[] = sorted
    .filter((height) => height <= head.height)
    .map((height) => ({
      ...at(height, 0),
      height,
      hash: known.get(height),
      branch: undefined,
    }));
  const edges: LaneEdge[] = nodes.slice(1).map(({ row, height }, index) => {
    const upper = nodes[index] as LaneNode;
    return {
      from: { row: upper.row, lane: 0 },
      to: { row, lane: 0 },
      isBroken: upper.height > height + 1,
    };
  });
  if (lowest > 0 && nodes.length > 0) {
    edges.push({ from: at(lowest, 0), to: { row: rows.length - 1, lane: 0 }, isBroken: true });
  }
  /** Where a block of a branch already stands: two branches may share their lower blocks. */
  const standing = new Map<string, { readonly row: number; readonly lane: number }>();
  for (const [index, branch] of branches.entries()) {
    const lane = drawn[index];
    if (lane === undefined) continue;
    let upper: { readonly row: number; readonly lane: number } | undefined;
    let isJoined = false;
    let above: LaneBlock | undefined;
    for (const block of shortened[index] ?? []) {
      const { height, hash } = block;
      const shared = standing.get(hash);
      const place = shared ?? at(height, lane);
      if (upper) edges.push({ from: upper, to: place, isBroken: above?.parentHash !== hash });
      [upper, above] = [place, block];
      if (shared) {
        isJoined = true;
        break;
      }
      standing.set(hash, place);
      nodes.push({ ...place, height, hash, branch: index });
    }
    if (!upper || isJoined) continue;
    const isWhole = branch.forkPoint !== null && branch.length === branch.blocks.length;
    const root = branch.forkPoint ? at(branch.forkPoint.height, 0) : { row: rows.length - 1, lane };
    edges.push({ from: upper, to: root, isBroken: !isWhole });
  }
  const laneCount = 1 + Math.max(0, ...drawn.map((lane) => lane ?? 0));
  return { rows, laneCount, nodes, edges, hidden };
}

interface PlacedBranch {
  readonly top: number;
  readonly bottom: number;
  readonly heights: ReadonlySet<number>;
}

/** Of a long branch the upper end and the lowest block that is known: the drawing has room for several of them. */
function drawnBlocks({ blocks }: LaneBranch): readonly LaneBlock[] {
  const lowest = blocks.at(-1);
  if (blocks.length <= branchBlocksDrawn || !lowest) return blocks;
  return [...blocks.slice(0, branchBlocksDrawn - 1), lowest];
}

function placeBranch(blocks: readonly LaneBlock[], forkPoint: LaneBranch["forkPoint"]): PlacedBranch {
  const own = blocks.map(({ height }) => height);
  const heights = new Set(forkPoint ? [...own, forkPoint.height] : own);
  return { top: Math.max(...own), bottom: forkPoint ? Math.min(...own) : 0, heights };
}

/** The leftmost lane in which a branch meets no other; undefined if all are taken. */
function laneOfEach(branches: readonly PlacedBranch[], lanesMax: number): (number | undefined)[] {
  const taken: PlacedBranch[][] = [];
  return branches.map((branch) => {
    for (let lane = 0; lane < lanesMax; lane += 1) {
      const others = taken[lane] ?? [];
      const isFree = others.every(({ top, bottom }) => branch.bottom > top || branch.top < bottom);
      if (!isFree) continue;
      taken[lane] = [...others, branch];
      return lane + 1;
    }
    return undefined;
  });
}
