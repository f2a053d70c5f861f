/** AUR of an account over time, from the newest entries of its history. */
import { type AccountAnswer, getAccountTransactions } from "../../../api/accounts.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Card } from "../../parts/card.tsx";
import { Chart } from "../../parts/chart.tsx";
import { balancePoints } from "./balance-line.ts";

/** One answer's worth: a chart of a busy account has more points than pixels. */
const shownItems = 100;
/** Fewer are no line. */
const pointsMin = 2;

export function BalanceChart({ account: { address, itemCount } }: { account: AccountAnswer }) {
  const { answer } = useAnswer(
    ({ api }, signal) =>
      api.call(
        getAccountTransactions,
        { params: { account: address }, query: { limit: shownItems, order: "newest" } },
        { signal },
      ),
    [address],
    { reloadOn: ["head", "reorg"] },
  );
  const points = balancePoints(answer?.items ?? []);
  if (points.length < pointsMin) return null;
  const isAll = (itemCount ?? 0) <= shownItems;
  return (
    <Card title="Balance over time" lead={isAll ? "AUR" : `AUR, over the newest ${shownItems} entries`}>
      <Chart
        title="Balance in AUR over time"
        x={points.map(({ timestampMs }) => timestampMs)}
        isTime
        fromZero={false}
        series={[
          {
            name: "Balance",
            values: points.map(({ balance }) => balance),
            format: (value) => `${value.toLocaleString("en-GB", { maximumFractionDigits: 8 })} AUR`,
            kind: "steps",
          },
        ]}
      />
    </Card>
  );
}
