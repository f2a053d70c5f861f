/** The peers as a drawing: this node in the middle, the others around it, those that answer slowly farther out. */

import type { PeerAnswer } from "../../../api/node.ts";
import { spanText } from "../../parts/quantity-text.ts";
import { useWidth } from "../../parts/use-width.ts";
import { distanceOf, placePeers, rings } from "./peer-places.ts";
import { graphText, type PeerRelation, pictureName, relationOf, relationText } from "./peer-texts.ts";

interface PeerGraphProps {
  readonly peers: readonly PeerAnswer[];
  readonly ownName: string;
  readonly engine: "pow" | "poa" | undefined;
}

/** Below this width the drawing is narrow, and names need more of it. */
const narrowPx = 560;
const [height, narrowHeight] = [380, 340];
const [marginX, narrowMarginX, marginY] = [64, 44, 40];
/** More names than this would cover each other; they stand in the table. */
const [namesMax, narrowNamesMax] = [28, 12];
const markPx = 9;
const ownPx = 13;
const nameBelowPx = 24;
/** Between the middle and its name. */
const ownNamePx = 30;

export function PeerGraph({ peers, ownName, engine }: PeerGraphProps) {
  const { box, width } = useWidth();
  const isNarrow = width < narrowPx;
  const area = {
    width,
    height: isNarrow ? narrowHeight : height,
    marginX: isNarrow ? narrowMarginX : marginX,
    marginY,
  };
  const [middleX, middleY] = [area.width / 2, area.height / 2];
  const known = new Map(peers.map((peer) => [peer.nodeId, peer]));
  const placed = placePeers(peers, area);
  const hasNames = peers.length <= (isNarrow ? narrowNamesMax : namesMax);
  const relations = [...new Set(peers.map((peer) => relationOf(peer, engine)))];
  return (
    <figure ref={box}>
      {width > 0 && (
        <svg
          class="network-graph"
          viewBox={`0 0 ${area.width} ${area.height}`}
          height={area.height}
          role="img"
          aria-label={graphText(peers, engine)}
        >
          {rings.map(({ latencyMs, title }) => {
            const radius = distanceOf(latencyMs);
            const radiusY = (middleY - area.marginY) * radius;
            return (
              <g key={title}>
                <ellipse
                  class="network-ring"
                  cx={middleX}
                  cy={middleY}
                  rx={(middleX - area.marginX) * radius}
                  ry={radiusY}
                />
                <text class="network-ring-name" x={middleX} y={middleY + radiusY + 4}>
                  {title}
                </text>
              </g>
            );
          })}
          {placed.map(({ nodeId, x, y }) => {
            const relation = relationOf(known.get(nodeId) as PeerAnswer, engine);
            return (
              <line
                key={nodeId}
                class={`network-way ${relation === "same" ? "same" : ""}`}
                x1={middleX}
                y1={middleY}
                x2={x}
                y2={y}
              />
            );
          })}
          <circle class="network-own" cx={middleX} cy={middleY} r={ownPx} />
          <text class="network-name own" x={middleX} y={middleY + ownNamePx}>
            {ownName}
          </text>
          {placed.map(({ nodeId, x, y }) => {
            const peer = known.get(nodeId) as PeerAnswer;
            const name = pictureName(peer);
            return (
              <g key={nodeId} class="network-peer" data-same={nodeId}>
                <title>
                  {name}, {peer.latencyMs === null ? "not measured" : spanText(peer.latencyMs)}
                </title>
                <Mark relation={relationOf(peer, engine)} x={x} y={y} />
                <text class={`network-name ${hasNames ? "" : "on-demand"}`} x={x} y={y + nameBelowPx}>
                  {name}
                </text>
              </g>
            );
          })}
        </svg>
      )}
      <figcaption class="network-legend">
        {relations.map((relation) => (
          <span key={relation}>
            <svg width="20" height="20" viewBox="-10 -10 20 20" aria-hidden="true">
              <Mark relation={relation} x={0} y={0} />
            </svg>
            {relationText(relation, engine === "pow" ? "poa" : "pow")}
          </span>
        ))}
        {peers.length > 0 && <span>The farther out, the longer an answer takes.</span>}
      </figcaption>
    </figure>
  );
}

/** Each kind has a shape of its own. */
function Mark({ relation, x, y }: { relation: PeerRelation; x: number; y: number }) {
  if (relation === "other-engine") {
    const side = markPx;
    return (
      <path
        class="network-mark other-engine"
        d={`M${x} ${y - side}L${x + side} ${y}L${x} ${y + side}L${x - side} ${y}Z`}
      />
    );
  }
  return <circle class={`network-mark ${relation}`} cx={x} cy={y} r={markPx - 1.5} />;
}
