/** All heads on one chart, since this page was opened. */
import { useMemo } from "preact/hooks";
import type { LabState } from "../../../api/lab.ts";
import type { HeadHistory } from "../../lab/head-history.ts";
import { Card } from "../../parts/card.tsx";
import { Chart } from "../../parts/chart.tsx";
import type { ChartSeries } from "../../parts/chart-reading.ts";

const marks = [1, 2, 3, 4, 5, 6] as const;

export function HeadsChart({ state, history }: { state: LabState; history: HeadHistory }) {
  const names = state.nodes.map(({ name }) => name).join(" ");
  const series = useMemo(
    () =>
      names.split(" ").map((name, index): ChartSeries => {
        const values = history.heights.get(name) ?? [];
        return {
          name,
          values,
          format: (value) => `block ${value}`,
          kind: "steps",
          mark: marks[index % marks.length],
        };
      }),
    [names, history],
  );
  return (
    <Card title="All heads" lead="since you opened this page">
      <Chart
        title="Height of each node"
        x={history.times}
        isTime
        fromZero={false}
        series={series}
        empty="The chart begins with the next block."
      />
    </Card>
  );
}
