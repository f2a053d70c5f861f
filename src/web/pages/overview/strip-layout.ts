/** Where each block of the overview's strip stands: the chain in one row, branches in rows below it. */
import type { BlockSummary } from "../../../api/blocks.ts";
import type { Branch } from "../../../api/forks.ts";

/** What a card of the strip shows. */
export type StripBlock = Pick<
  BlockSummary,
  "height" | "hash" | "parentHash" | "timestampMs" | "producer" | "producerName" | "transactionCount"
>;

export interface PlacedBlock {
  readonly block: StripBlock;
  /** 0 is the column of the newest block. */
  readonly column: number;
  /** 0 is the chain; branches are below it. */
  readonly lane: number;
  readonly state: "head" | "chain" | "final" | "branch";
  /** How full the card is drawn, from 0 to 1: by the number of transactions. */
  readonly fill: number;
  /** Of the lowest block of a branch: how many rows up the block is that it stands on. Undefined if that one is not shown. */
  readonly risesTo?: number;
}

export interface StripLayout {
  readonly placed: readonly PlacedBlock[];
  readonly columns: number;
  readonly lanes: number;
  /** Branches that start or end within the strip, for which there is no room. */
  readonly hiddenBranches: number;
}

export interface StripInput {
  /** The newest blocks of the chain, newest first. */
  readonly blocks: readonly StripBlock[];
  readonly branches: readonly Pick<Branch, "blocks" | "forkPoint">[];
  /** Null if no block is ever final. */
  readonly finalHeight: number | null;
}

/** Rows below the chain: more of them would push the page around. */
const lanesMax = 2;
/** A chain that is nearly idle is not drawn as a full one. */
const fullTransactionsMin = 15;

/** Lays out the strip. It changes nothing else than columns when a block comes, so that cards keep their places. */
export function stripLayout({ blocks, branches, finalHeight }: StripInput): StripLayout {
  const [head] = blocks;
  const lowest = blocks.at(-1);
  if (!head || !lowest) return { placed: [], columns: 0, lanes: 0, hiddenBranches: 0 };
  const isShown = ({ height }: StripBlock) => height >= lowest.height;
  const shownBranches = branches
    .map(({ blocks: all, forkPoint }) => ({ blocks: all.filter(isShown), forkPoint }))
    .filter((branch) => branch.blocks.length > 0);
  // Finality can hold the chain on a branch that is shorter than another one.
  const top = Math.max(head.height, ...shownBranches.map((branch) => branch.blocks[0]?.height ?? 0));
  const all = [...blocks, ...shownBranches.flatMap((branch) => branch.blocks)];
  const full = Math.max(fullTransactionsMin, ...all.map(({ transactionCount }) => transactionCount));
  const fillOf = ({ transactionCount }: StripBlock) => Math.log2(1 + transactionCount) / Math.log2(1 + full);

  const placed: PlacedBlock[] = blocks.map((block) => ({
    block,
    column: top - block.height,
    lane: 0,
    state: stateOf(block, head, finalHeight),
    fill: fillOf(block),
  }));
  const lanes = new Lanes();
  let hiddenBranches = 0;
  for (const branch of shownBranches) {
    const first = branch.blocks.at(-1) as StripBlock;
    const last = branch.blocks[0] as StripBlock;
    // The line up to the block that both have in common needs its column, too.
    const lane = lanes.take(first.height - 1, last.height);
    if (lane === undefined) {
      hiddenBranches += 1;
      continue;
    }
    const isWhole = branch.forkPoint?.hash === first.parentHash && branch.forkPoint.height >= lowest.height;
    for (const block of branch.blocks) {
      const risesTo = block === first && isWhole ? { risesTo: lane } : {};
      placed.push({
        block,
        column: top - block.height,
        lane,
        state: "branch",
        fill: fillOf(block),
        ...risesTo,
      });
    }
  }
  return { placed, columns: top - lowest.height + 1, lanes: 1 + lanes.count, hiddenBranches };
}

function stateOf(
  { height }: StripBlock,
  head: StripBlock,
  finalHeight: number | null,
): "head" | "chain" | "final" {
  if (finalHeight !== null && height <= finalHeight) return "final";
  return height === head.height ? "head" : "chain";
}

/** Rows of branches; two branches share a row if their heights do not touch. */
class Lanes {
  readonly #taken: (readonly [from: number, to: number])[][] = [];

  get count(): number {
    return this.#taken.length;
  }

  /** @returns the row, from 1; undefined if none has room */
  take(from: number, to: number): number | undefined {
    for (let lane = 0; lane < lanesMax; lane += 1) {
      const ranges = this.#taken[lane] ?? [];
      this.#taken[lane] = ranges;
      if (ranges.every(([start, end]) => to < start || from > end)) {
        ranges.push([from, to]);
        return lane + 1;
      }
    }
    return undefined;
  }
}

/**
 * How many blocks have come on top of what was shown: the strip moves by so many cards.
 *
 * @returns 0 if nothing came, or if the chain is another one than before, which is no movement
 */
export function arrivedBlocks(before: readonly StripBlock[], now: readonly StripBlock[]): number {
  const [head] = before;
  if (!head) return 0;
  const place = now.findIndex(({ hash }) => hash === head.hash);
  return Math.max(0, place);
}
