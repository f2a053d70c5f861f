/** Block times, difficulty and hash rate of the newest blocks. */
import { useMemo } from "preact/hooks";
import type { MiningHistoryAnswer } from "../../../api/difficulty.ts";
import { Card } from "../../parts/card.tsx";
import { Chart } from "../../parts/chart.tsx";
import type { ChartGuide, ChartSeries } from "../../parts/chart-reading.ts";
import { hashesText, hashRateText, spanText } from "../../parts/quantity-text.ts";
import { smoothedRates } from "./block-odds.ts";

interface WorkChartsProps {
  /** Newest first. */
  readonly blocks: MiningHistoryAnswer["items"];
  readonly targetBlockTimeMs: number;
}

const empty = "The chart begins with the third block.";

export function WorkCharts({ blocks, targetBlockTimeMs }: WorkChartsProps) {
  const drawn = useMemo(() => {
    // The time before block 1 is nobody's work.
    const rising = blocks.filter(({ height }) => height > 1).reverse();
    const seriesOf = (
      name: string,
      values: readonly (number | null)[],
      look: Omit<ChartSeries, "name" | "values">,
    ): readonly ChartSeries[] => [{ name, values, ...look }];
    return {
      x: rising.map(({ height }) => height),
      times: seriesOf(
        "time since the block before",
        rising.map(({ intervalMs }) => intervalMs),
        { format: spanText, kind: "bars", mark: 1 },
      ),
      difficulty: seriesOf(
        "difficulty",
        rising.map(({ difficulty }) => Number(difficulty)),
        { format: hashesText, kind: "steps", mark: 2 },
      ),
      rate: seriesOf("hash rate over ten blocks", smoothedRates(rising), { format: hashRateText, mark: 3 }),
    };
  }, [blocks]);
  const guides = useMemo(
    (): readonly ChartGuide[] => [{ name: "what the chain aims at", value: targetBlockTimeMs }],
    [targetBlockTimeMs],
  );
  return (
    <>
      <Card title="Time between blocks" lead={`the newest ${blocks.length} blocks`}>
        <Chart title="Time between blocks" x={drawn.x} series={drawn.times} guides={guides} empty={empty} />
      </Card>
      <div class="consensus-pair">
        <Card title="Difficulty" lead="hashes for a block">
          <Chart title="Difficulty" x={drawn.x} series={drawn.difficulty} empty={empty} />
        </Card>
        <Card title="Hash rate" lead="of all who mine">
          <Chart title="Hash rate of the network" x={drawn.x} series={drawn.rate} empty={empty} />
        </Card>
      </div>
    </>
  );
}
