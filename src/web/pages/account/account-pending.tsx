/** What waits for a block and is of an account: its own by sequence, then what is sent to it. */
import { type AccountAnswer, type AccountPendingPage, getAccountPending } from "../../../api/accounts.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Amount } from "../../parts/amount.tsx";
import { Card } from "../../parts/card.tsx";
import { AccountLink, TransactionLink } from "../../parts/links.tsx";
import { pageItems } from "../../parts/page-items.ts";
import { PayloadText } from "../../parts/payload-text.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { useLink } from "../../shell/place.ts";
import { Direction } from "./direction.tsx";

/** Only there while something waits. */
export function AccountPending({ account: { address } }: { account: AccountAnswer }) {
  const link = useLink();
  const { answer } = useAnswer(
    ({ api }, signal) =>
      api.call(
        getAccountPending,
        { params: { account: address }, query: { limit: pageItems() } },
        { signal },
      ),
    [address],
    { reloadOn: ["mempool", "head"] },
  );
  if (!answer || answer.items.length === 0) return null;
  const count = answer.outCount + answer.inCount;
  return (
    <Card
      title="Pending"
      lead={
        count > answer.items.length ? (
          <>
            The first {answer.items.length} of {count.toLocaleString("en-GB")};{" "}
            <a href={link("mempool")}>the mempool has all</a>.
          </>
        ) : undefined
      }
    >
      <Table
        caption="Waiting transactions of this account"
        columns={columns}
        rows={answer.items}
        keyOf={({ id }) => id}
        empty="Nothing waits."
      />
    </Card>
  );
}

const columns: readonly Column<AccountPendingPage["items"][number]>[] = [
  { title: "Way", cell: ({ direction }) => <Direction of={direction} /> },
  { title: "Transaction", cell: ({ id }) => <TransactionLink id={id} /> },
  {
    title: "What",
    cell: ({ payload, direction, sender, senderName }) => (
      <span>
        <PayloadText payload={payload} withoutTo={direction === "in"} />
        {direction === "in" && (
          <>
            {" from "}
            <AccountLink address={sender} name={senderName} />
          </>
        )}
      </span>
    ),
  },
  { title: "Sequence", isNumber: true, cell: ({ sequence }) => sequence },
  { title: "Fee", isNumber: true, cell: ({ fee }) => <Amount value={fee} /> },
  {
    title: "Seen",
    cell: ({ firstSeenMs }) => (firstSeenMs === null ? "" : <AgeTime ms={firstSeenMs} />),
  },
  { title: "Waits for", cell: ({ waitingFor }) => <span class="small">{waitingFor}</span> },
];
