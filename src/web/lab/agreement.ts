/** Whether the nodes of one chain have the same blocks, in a sentence and as a table of heights. */
import type { LabNode } from "../../api/lab.ts";

export interface Agreement {
  readonly agrees: boolean;
  readonly text: string;
}

/** What the heads of the nodes of one chain say. */
export function agreementOf(nodes: readonly LabNode[]): Agreement {
  const shown = nodes.filter(({ process, head }) => process === "running" && head !== null);
  const gone = nodes
    .filter((node) => !shown.includes(node))
    .map(({ name, process }) => goneText(name, process));
  const top = shown.reduce<LabNode | undefined>(
    (best, node) => (!best || heightOf(node) > heightOf(best) ? node : best),
    undefined,
  );
  if (!top) return { agrees: false, text: sentences(["No node of this chain answers", ...gone]) };
  const others = shown.filter((node) => node.head?.hash !== top.head?.hash);
  const differences = others.map((node) => differenceText(node, top));
  if (differences.length === 0) {
    const all =
      shown.length === 1
        ? `${top.name} is at block ${heightOf(top)}`
        : `${shown.length === 2 ? "Both nodes" : `All ${shown.length} nodes`} that run have the same head, block ${heightOf(top)}`;
    return { agrees: gone.length === 0, text: sentences([all, ...gone]) };
  }
  const first = `${top.name} is the furthest, at block ${heightOf(top)}`;
  return { agrees: false, text: sentences([first, ...differences, ...gone]) };
}

function heightOf({ head }: LabNode): number {
  return head?.height ?? -1;
}

function goneText(name: string, process: LabNode["process"]): string {
  if (process === "running") return `${name} has not answered yet`;
  if (process === "ended") return `${name} has ended by itself`;
  return `${name} is ${process}`;
}

/** Behind on the same branch, or on another one. */
function differenceText(node: LabNode, top: LabNode): string {
  const behind = heightOf(top) - heightOf(node);
  const shared = new Set(top.blocks.map(({ hash }) => hash));
  if (node.head && shared.has(node.head.hash)) {
    return `${node.name} is ${behind} ${behind === 1 ? "block" : "blocks"} behind`;
  }
  const common = node.blocks.find(({ hash }) => shared.has(hash));
  if (common) {
    const own = heightOf(node) - common.height;
    return `${node.name} has had ${own} ${own === 1 ? "block" : "blocks"} of its own since block ${common.height}`;
  }
  const lowest = top.blocks.at(-1)?.height ?? 0;
  return heightOf(node) < lowest
    ? `${node.name} is ${behind} blocks behind`
    : `${node.name} has had blocks of its own since before block ${lowest}`;
}

function sentences(texts: readonly string[]): string {
  return `${texts.join(". ")}.`;
}

export interface HeightRow {
  readonly name: string;
  /** Hashes at the heights of the table; undefined where the node has none. */
  readonly hashes: readonly (string | undefined)[];
}

export interface HeightTable {
  /** Ascending. */
  readonly heights: readonly number[];
  readonly rows: readonly HeightRow[];
  /** Heights at which two nodes have different blocks. */
  readonly forked: ReadonlySet<number>;
}

/** The newest heights of one chain, with what each node has there. */
export function heightTable(nodes: readonly LabNode[], count: number): HeightTable {
  const top = Math.max(-1, ...nodes.map(heightOf));
  const lowest = Math.max(0, top - count + 1);
  const heights = Array.from({ length: top - lowest + 1 }, (_, index) => lowest + index);
  const rows = nodes.map(({ name, blocks }) => {
    const hashOf = new Map(blocks.map(({ height, hash }) => [height, hash]));
    return { name, hashes: heights.map((height) => hashOf.get(height)) };
  });
  const forked = heights.filter((_, index) => {
    const there = rows.map(({ hashes }) => hashes[index]).filter((hash) => hash !== undefined);
    return new Set(there).size > 1;
  });
  return { heights, rows, forked: new Set(forked) };
}
