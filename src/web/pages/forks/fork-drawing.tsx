/** The chain and its branches as lanes, the newest block on top. Each mark is a link to its block. */

import type { ForksAnswer } from "../../../api/forks.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { useWidth } from "../../parts/use-width.ts";
import { useLink } from "../../shell/place.ts";
import { blockNames, drawingText, type NamedBlock } from "./block-names.ts";
import { type LaneEdge, type LaneNode, type Lanes, layLanes } from "./fork-lanes.ts";

const rowPx = 34;
const topPx = 20;
/** For the heights at the left. */
const heightsPx = 64;
const markPx = 18;
const [laneMinPx, laneMaxPx] = [30, 220];
/** A lane of this width has room for the name of who made a block. */
const namesFromPx = 150;
const [lanesMax, heightsMax] = [12, 40];
/** The chain's own blocks are asked for by one request, if they fit into one page. */
const pageBlocks = 100;

export function ForkDrawing({ forks }: { forks: ForksAnswer }) {
  const { box, width } = useWidth();
  const fitting = Math.floor((width - heightsPx) / laneMinPx) - 1;
  const lanes = layLanes(forks, { lanesMax: Math.max(1, Math.min(lanesMax, fitting)), heightsMax });
  const lowest = Math.min(...lanes.nodes.map(({ height }) => height));
  const isInOnePage = forks.head.height - lowest < pageBlocks;
  const chain = useAnswer(
    async ({ api }) =>
      isInOnePage ? (await api.blocks({ from: String(lowest), limit: String(pageBlocks) })).items : [],
    [isInOnePage ? lowest : "none", forks.head.hash],
  );
  const names = blockNames(forks, chain.answer ?? []);
  return (
    <div ref={box}>
      {width > 0 && <Drawing forks={forks} lanes={lanes} names={names} width={width} />}
      <Legend hasFinal={forks.final !== null} />
      {lanes.hidden > 0 && (
        <p class="soft small">
          {lanes.hidden === 1 ? "One branch is" : `${lanes.hidden} branches are`} too far down or beside too
          many others to be drawn; the table has all of them.
        </p>
      )}
    </div>
  );
}

interface DrawingProps {
  readonly forks: ForksAnswer;
  readonly lanes: Lanes;
  readonly names: ReadonlyMap<string, NamedBlock>;
  readonly width: number;
}

function Drawing({ forks, lanes, names, width }: DrawingProps) {
  const lanePx = Math.max(laneMinPx, Math.min(laneMaxPx, (width - heightsPx) / lanes.laneCount));
  const xOf = (lane: number) => heightsPx + markPx + lane * lanePx;
  const yOf = (row: number) => topPx + row * rowPx;
  const hasNames = lanePx >= namesFromPx;
  const tall = yOf(lanes.rows.length - 1) + topPx;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is no part of a drawing
    <svg
      class="forks-drawing"
      viewBox={`0 0 ${width} ${tall}`}
      width={width}
      height={tall}
      role="group"
      aria-label={drawingText(forks)}
    >
      {lanes.rows.map((row, index) =>
        row.kind === "gap" ? (
          <text key={`gap ${index}`} class="forks-gap" x={0} y={yOf(index) + 4}>
            {row.count === 1 ? "1 more" : `${row.count} more`}
          </text>
        ) : (
          <text key={row.height} class="forks-height" x={0} y={yOf(index) + 5}>
            {row.height}
          </text>
        ),
      )}
      {lanes.edges.map((edge) => (
        <Edge key={JSON.stringify([edge.from, edge.to])} edge={edge} xOf={xOf} yOf={yOf} />
      ))}
      {lanes.nodes.map((node) => (
        <BlockMark
          key={node.hash ?? `chain ${node.height}`}
          node={node}
          x={xOf(node.lane)}
          y={yOf(node.row)}
          forks={forks}
          named={names.get(node.hash ?? `height ${node.height}`)}
          hasName={hasNames}
        />
      ))}
    </svg>
  );
}

interface EdgeProps {
  readonly edge: LaneEdge;
  readonly xOf: (lane: number) => number;
  readonly yOf: (row: number) => number;
}

/** Straight within a lane; from a branch to the chain by a bend just above the block that both have. */
function Edge({ edge: { from, to, isBroken }, xOf, yOf }: EdgeProps) {
  const [x1, y1, x2, y2] = [xOf(from.lane), yOf(from.row), xOf(to.lane), yOf(to.row)];
  const bend = Math.min(rowPx, y2 - y1);
  const path =
    from.lane === to.lane
      ? `M${x1} ${y1}V${y2}`
      : `M${x1} ${y1}V${y2 - bend}C${x1} ${y2 - bend / 3} ${x2} ${y2 - bend * 0.6} ${x2} ${y2}`;
  const kind = from.lane === 0 && to.lane === 0 ? "chain" : "branch";
  return <path class={`forks-edge ${kind}${isBroken ? " broken" : ""}`} d={path} />;
}

interface BlockMarkProps {
  readonly node: LaneNode;
  readonly x: number;
  readonly y: number;
  readonly forks: ForksAnswer;
  readonly named: NamedBlock | undefined;
  readonly hasName: boolean;
}

function BlockMark({ node, x, y, forks: { head, final }, named, hasName }: BlockMarkProps) {
  const link = useLink();
  const { height, hash, branch } = node;
  const isHead = hash === head.hash;
  const isFinal = branch === undefined && final !== null && height <= final.height;
  const state =
    branch !== undefined ? "on a branch" : isHead ? "the head" : isFinal ? "final" : "on the chain";
  const maker = named?.maker;
  const kind = branch !== undefined ? "branch" : isFinal ? "final" : "chain";
  const half = markPx / 2;
  return (
    <a
      class="forks-block"
      href={link("block", { reference: hash ?? height })}
      aria-label={`block ${height}, ${state}${maker === undefined ? "" : `, made by ${maker}`}`}
      data-same={hash}
    >
      <title>
        Block {height}, {state}
        {maker !== undefined && `, made by ${maker}`}
      </title>
      <rect
        class={`forks-mark ${kind}${isHead ? " head" : ""}`}
        x={x - half}
        y={y - half}
        width={markPx}
        height={markPx}
        rx={4}
      />
      {isFinal && <path class="forks-lock" d={`M${x - 4} ${y}l3 3l5 -6`} />}
      {hasName && maker !== undefined && (
        <text class="forks-maker" x={x + markPx} y={y + 5}>
          {maker}
        </text>
      )}
    </a>
  );
}

function Legend({ hasFinal }: { hasFinal: boolean }) {
  const kinds = [
    { kind: "chain head", text: "head" },
    { kind: "chain", text: "on the chain" },
    ...(hasFinal ? [{ kind: "final", text: "final" }] : []),
    { kind: "branch", text: "on a branch" },
  ];
  return (
    <p class="forks-legend">
      {kinds.map(({ kind, text }) => (
        <span key={kind}>
          <svg width="18" height="18" viewBox="-9 -9 18 18" aria-hidden="true">
            <rect class={`forks-mark ${kind}`} x="-7" y="-7" width="14" height="14" rx="4" />
            {kind === "final" && <path class="forks-lock" d="M-4 0l3 3l5 -6" />}
          </svg>
          {text}
        </span>
      ))}
    </p>
  );
}
