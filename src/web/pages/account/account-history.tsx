/** What has happened to an account: page by page, both ways, by direction; and all of it as CSV. */
import { useState } from "preact/hooks";
import {
  type AccountAnswer,
  getAccountTransactions,
  type HistoryItem,
  type HistoryPage,
} from "../../../api/accounts.ts";
import { useNode } from "../../live/node-view.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Card } from "../../parts/card.tsx";
import { CursorList } from "../../parts/cursor-list.tsx";
import { AccountLink, BlockLink, TransactionLink } from "../../parts/links.tsx";
import { pageItems } from "../../parts/page-items.ts";
import { PayloadText } from "../../parts/payload-text.tsx";
import type { Column } from "../../parts/table.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { BalanceChange } from "./balance-change.tsx";
import { isDust } from "./balance-line.ts";
import { CsvDownload } from "./csv-download.tsx";
import { Direction } from "./direction.tsx";

type Order = "newest" | "oldest";
type Wanted = "all" | HistoryItem["direction"];

const directions: readonly (readonly [Wanted, string])[] = [
  ["all", "everything"],
  ["in", "what came in"],
  ["out", "what went out"],
  ["self", "what it sent to itself"],
  ["credit", "what its blocks earned"],
  ["about", "votes about it"],
];

export function AccountHistory({ account }: { account: AccountAnswer }) {
  const { address, itemCount } = account;
  const [order, setOrder] = useState<Order>("newest");
  const [wanted, setWanted] = useState<Wanted>("all");
  const minimumFeeUnits = useNode().status?.minimumFeeUnits ?? "0";
  return (
    <Card
      title="History"
      lead={itemCount === null ? undefined : `${itemCount.toLocaleString("en-GB")} entries`}
    >
      <div class="stack">
        <div class="row spread">
          <div class="row">
            <label class="row">
              Order
              <select
                class="input account-select"
                value={order}
                onChange={({ currentTarget }) => setOrder(currentTarget.value as Order)}
              >
                <option value="newest">newest first</option>
                <option value="oldest">oldest first</option>
              </select>
            </label>
            <label class="row">
              Show
              <select
                class="input account-select"
                value={wanted}
                onChange={({ currentTarget }) => setWanted(currentTarget.value as Wanted)}
              >
                {directions.map(([name, text]) => (
                  <option key={name} value={name}>
                    {text}
                  </option>
                ))}
              </select>
            </label>
          </div>
          {itemCount !== null && itemCount > 0 && <CsvDownload account={account} />}
        </div>
        <CursorList<HistoryPage>
          load={({ api }, cursor, signal) =>
            api.call(
              getAccountTransactions,
              {
                params: { account: address },
                query: {
                  limit: pageItems(),
                  order,
                  ...(wanted === "all" ? {} : { direction: wanted }),
                  ...(cursor === undefined ? {} : { cursor }),
                },
              },
              { signal },
            )
          }
          caption={`History of this account, the ${order} first`}
          columns={columnsFor(minimumFeeUnits)}
          keyOf={({ number }) => number}
          empty={wanted === "all" ? "Nothing has happened to this account yet." : "Nothing of this kind."}
          keys={[address, order, wanted]}
          reloadOn={["head", "final", "reorg"]}
        />
      </div>
    </Card>
  );
}

function columnsFor(minimumFeeUnits: string): readonly Column<HistoryItem>[] {
  return [
    { title: "Way", cell: ({ direction }) => <Direction of={direction} /> },
    { title: "Block", cell: ({ block: { height, hash } }) => <BlockLink height={height} hash={hash} /> },
    { title: "When", cell: ({ block: { timestampMs } }) => <AgeTime ms={timestampMs} /> },
    { title: "What", cell: (item) => <What item={item} minimumFeeUnits={minimumFeeUnits} /> },
    {
      title: "With",
      cell: ({ counterparty, counterpartyName }) =>
        counterparty === null ? "" : <AccountLink address={counterparty} name={counterpartyName} />,
    },
    { title: "Change", isNumber: true, cell: ({ changes }) => <BalanceChange changes={changes} /> },
    {
      title: "Balance after",
      isNumber: true,
      cell: ({ changes }) => <BalanceChange changes={changes} isAfter />,
    },
    {
      title: "State",
      cell: ({ final, confirmations }) =>
        final ? <Badge kind="good">final</Badge> : <Badge>{confirmations} deep</Badge>,
    },
  ];
}

function What({ item, minimumFeeUnits }: { item: HistoryItem; minimumFeeUnits: string }) {
  const { id, transaction, kind, reward, direction } = item;
  const payload = transaction?.payload;
  const memo = payload?.kind === "transfer" ? payload.memo : "";
  return (
    <span class="account-what">
      {payload ? (
        // Amounts and the other side have columns of their own.
        payload.kind === "transfer" ? (
          <span>Transfer</span>
        ) : (
          <PayloadText payload={payload} />
        )
      ) : kind === "reward" ? (
        <span>Reward of block {reward ? <BlockLink height={reward.earnedAtHeight} /> : ""}</span>
      ) : (
        <span>Given at the chain's beginning</span>
      )}{" "}
      {isDust(item, minimumFeeUnits) && (
        <Badge kind="warn">dust: beware of what its sender wants you to copy</Badge>
      )}
      {id !== null && <TransactionLink id={id} />}
      {transaction && direction !== "in" && <span class="soft small">sequence {transaction.sequence}</span>}
      {/* Never with a button that copies: a stranger may have written it. */}
      {memo !== "" && (
        <q class="account-memo">
          <UserText text={memo} />
        </q>
      )}
    </span>
  );
}
