/** How far finality is behind the head over time. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ConsensusAnswer } from "../../../api/agreement.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Card } from "../../parts/card.tsx";
import { Chart } from "../../parts/chart.tsx";
import type { ChartSeries } from "../../parts/chart-reading.ts";
import { BlockLink } from "../../parts/links.tsx";
import { type LagPoint, lagByCertificates, lagColumns, withPoint } from "./finality-history.ts";

/** Blocks whose certificates are looked at, each by a request: final ones are kept by the browser. */
const provenBlocks = 40;
const sideBySide = 4;

/** What was seen of each chain while this window is open: leaving the page and coming back goes on. */
const seenBefore = new Map<string, readonly LagPoint[]>();

export function FinalityCard({ consensus: { head, final, finality } }: { consensus: ConsensusAnswer }) {
  const { chainId = "", clockOffsetMs } = useNode();
  const seen = useSeen(chainId, clockOffsetMs ?? 0, head.height, final?.height ?? 0);
  const firstHead = useRef(head.height);
  const proven = useAnswer(async ({ api }, signal) => {
    const top = firstHead.current;
    const heights = Array.from({ length: Math.min(provenBlocks, top) }, (_, index) => top - index);
    const blocks: Awaited<ReturnType<typeof api.block>>[] = [];
    const next = async (): Promise<void> => {
      const height = heights.shift();
      if (height === undefined || signal.aborted) return;
      blocks.push(await api.block(height));
      return next();
    };
    await Promise.all(Array.from({ length: sideBySide }, next));
    return lagByCertificates(blocks);
  }, []);
  const columns = useMemo(() => lagColumns(proven.answer ?? [], seen), [proven.answer, seen]);
  const series = useMemo((): readonly ChartSeries[] => {
    const look = { kind: "steps", format: (value: number) => String(value) } as const;
    return [
      { ...look, name: "proven by certificates in blocks", values: columns.proven, mark: 6 },
      {
        ...look,
        name: "with the votes that this node has",
        values: columns.seen,
        mark: 1,
      },
    ];
  }, [columns]);
  return (
    <Card title="Finality" lead="blocks above the final one">
      <div class="stack">
        <p>
          {final === null || final.height === 0 ? (
            "Only the genesis block is final so far."
          ) : (
            <>
              Block <BlockLink height={final.height} hash={final.hash} /> and all below it are final.
            </>
          )}{" "}
          {finality && (
            <>
              The highest certified block is{" "}
              <BlockLink height={finality.justified.height} hash={finality.justified.hash} />.
            </>
          )}
        </p>
        <Chart
          title="Blocks above the final one, over time"
          isTime
          isCount
          x={columns.atMs}
          series={series}
          empty="The line begins with the next blocks."
        />
      </div>
    </Card>
  );
}

/** The lag at each change of head or final block, from now on. */
function useSeen(
  chainId: string,
  clockOffsetMs: number,
  headHeight: number,
  finalHeight: number,
): readonly LagPoint[] {
  const [points, setPoints] = useState(seenBefore.get(chainId) ?? []);
  useEffect(() => {
    if (chainId === "") return;
    const point = { atMs: Date.now() + clockOffsetMs, lagBlocks: Math.max(0, headHeight - finalHeight) };
    const next = withPoint(seenBefore.get(chainId) ?? [], point);
    seenBefore.set(chainId, next);
    setPoints(next);
  }, [chainId, headHeight, finalHeight]);
  return points;
}
