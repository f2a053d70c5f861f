/** The page of what waits for a block: how much, at which fees, since when, and for what. */

import { useState } from "preact/hooks";
import {
  getMempool,
  getMempoolStats,
  type MempoolPage as MempoolAnswer,
  type MempoolStats,
} from "../../../api/mempool.ts";
import type { PendingTransaction } from "../../../api/transaction-shapes.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Amount } from "../../parts/amount.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Card, Figure } from "../../parts/card.tsx";
import { CursorList } from "../../parts/cursor-list.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { AccountLink, TransactionLink } from "../../parts/links.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { pageItems } from "../../parts/page-items.ts";
import { PayloadText } from "../../parts/payload-text.tsx";
import type { Column } from "../../parts/table.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { feeBars, waitedText } from "./fee-bars.ts";
import "./mempool.css";

type Order = "newest" | "oldest";

export default function MempoolPage() {
  const stats = useAnswer(({ api }, signal) => api.call(getMempoolStats, {}, { signal }), [], {
    reloadOn: ["mempool", "head"],
  });
  const [order, setOrder] = useState<Order>("newest");
  return (
    <div class="stack">
      <h1>Mempool</h1>
      <p class="soft">Transactions that this node has and that stand in no block yet.</p>
      <Loaded of={stats}>{(answer) => <Numbers stats={answer} />}</Loaded>
      <Card title="What waits">
        <Tabs
          label="Order"
          tabs={[
            { name: "newest", title: "Newest first" },
            { name: "oldest", title: "Waiting longest" },
          ]}
          current={order}
          onChange={setOrder}
        >
          <CursorList<MempoolAnswer>
            load={({ api }, cursor, signal) =>
              api.call(
                getMempool,
                { query: { limit: pageItems(), order, ...(cursor === undefined ? {} : { cursor }) } },
                { signal },
              )
            }
            caption={`Waiting transactions, the ${order} first`}
            columns={columns}
            keyOf={({ id }) => id}
            empty="Nothing waits: every transaction that this node knows stands in a block."
            keys={[order]}
            reloadOn={["mempool", "head"]}
          />
        </Tabs>
      </Card>
    </div>
  );
}

function Numbers({ stats }: { stats: MempoolStats }) {
  const { count, bytes, countMax, bytesMax, oldest, minimumFee, suggestedFees } = stats;
  return (
    <>
      <div class="cards">
        <Card title="How much">
          <div class="figure-row">
            <Figure name="Transactions" note={`room for ${countMax.toLocaleString("en-GB")}`}>
              {count.toLocaleString("en-GB")}
            </Figure>
            <Figure name="Bytes" note={`room for ${bytesMax.toLocaleString("en-GB")}`}>
              {bytes.toLocaleString("en-GB")}
            </Figure>
            <Figure name="Longest wait" note="of those that wait">
              {oldest ? waitedText(oldest.ageMs) : "none"}
            </Figure>
          </div>
        </Card>
        <Card title="What to pay" lead="For a transfer of AUR.">
          <ul class="mempool-fees">
            {suggestedFees.map(({ blocks, fee }) => (
              <li key={blocks} class="row spread">
                <span>{blocks === 1 ? "In the next block" : `Within ${blocks} blocks`}</span>
                <Amount value={fee} />
              </li>
            ))}
            <li class="row spread">
              <span>The chain's minimum</span>
              <Amount value={minimumFee} />
            </li>
          </ul>
        </Card>
      </div>
      <Card title="By fee" lead="Blocks take what pays most for its bytes first.">
        <FeeHistogram fees={stats.fees} />
      </Card>
    </>
  );
}

function FeeHistogram({ fees }: Pick<MempoolStats, "fees">) {
  if (fees.length === 0) return <EmptyState>Nothing waits.</EmptyState>;
  return (
    <table class="mempool-bars">
      <caption class="unseen">Waiting transactions by fee, in base units of AUR a byte</caption>
      <thead>
        <tr>
          <th scope="col">Units a byte</th>
          <th scope="col">Bytes that wait</th>
          <th scope="col" class="number">
            Transactions
          </th>
        </tr>
      </thead>
      <tbody>
        {feeBars(fees).map(({ range, count, bytes, share }) => (
          <tr key={range}>
            <th scope="row">{range}</th>
            <td>
              <span class="mempool-bar" style={{ width: `${Math.max(1, 100 * share)}%` }} />
              <span class="unseen">{bytes.toLocaleString("en-GB")} bytes</span>
            </td>
            <td class="number">{count.toLocaleString("en-GB")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const columns: readonly Column<PendingTransaction>[] = [
  { title: "Transaction", cell: ({ id }) => <TransactionLink id={id} /> },
  {
    title: "Seen",
    cell: ({ firstSeenMs }) => (firstSeenMs === null ? "" : <AgeTime ms={firstSeenMs} />),
  },
  { title: "From", cell: ({ sender, senderName }) => <AccountLink address={sender} name={senderName} /> },
  { title: "What", cell: ({ payload }) => <PayloadText payload={payload} /> },
  { title: "Fee", isNumber: true, cell: ({ fee }) => <Amount value={fee} /> },
  {
    title: "Waits for",
    cell: ({ ready, queue, waitingFor }) =>
      ready && queue?.blocksAhead === 0 ? (
        <Badge kind="good">the next block</Badge>
      ) : (
        <span class="small">{waitingFor}</span>
      ),
  },
];
