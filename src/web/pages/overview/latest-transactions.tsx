/** The newest transactions of the chain, with the block that each stands in. */
import { useRef } from "preact/hooks";
import { type BlockTransaction, getBlockTransactions } from "../../../api/blocks.ts";
import type { ApiClient } from "../../../client/index.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Amount } from "../../parts/amount.tsx";
import { Card } from "../../parts/card.tsx";
import { AccountLink, BlockLink, TransactionLink } from "../../parts/links.tsx";
import { pageItems } from "../../parts/page-items.ts";
import { PayloadText } from "../../parts/payload-text.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { useLink } from "../../shell/place.ts";
import type { StripBlock } from "./strip-layout.ts";

const shownTransactions = Math.min(8, pageItems() / 2);

interface Row extends BlockTransaction {
  readonly block: StripBlock;
}

export function LatestTransactions({ blocks }: { blocks: readonly StripBlock[] }) {
  const link = useLink();
  // A block's transactions never change, so each block is asked for once.
  const known = useRef(new Map<string, readonly BlockTransaction[]>());
  const { answer } = useAnswer(
    ({ api }, signal) => latestOf(blocks, known.current, api, signal),
    [blocks.find(({ transactionCount }) => transactionCount > 0)?.hash ?? ""],
  );
  const shown = useRef<readonly Row[]>([]);
  if (answer) shown.current = answer;
  // Before the first answer nothing is known, not even that there is nothing.
  const isKnown = shown.current.length > 0 || answer !== undefined;
  return (
    <Card title="Latest transactions" lead={<a href={link("send")}>Send one</a>}>
      {isKnown ? (
        <Table
          caption="The newest transactions"
          columns={columns}
          rows={shown.current}
          keyOf={({ id }) => id}
          empty="There is no transaction in the newest blocks."
        />
      ) : (
        <p class="loading">Loading …</p>
      )}
    </Card>
  );
}

/** From the newest blocks that have any, until there are enough. */
async function latestOf(
  blocks: readonly StripBlock[],
  known: Map<string, readonly BlockTransaction[]>,
  api: ApiClient,
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const used = new Set<string>();
  for (const block of blocks) {
    if (rows.length >= shownTransactions) break;
    if (block.transactionCount === 0) continue;
    used.add(block.hash);
    let items = known.get(block.hash);
    if (!items) {
      const input = { params: { reference: block.hash }, query: { limit: shownTransactions } };
      ({ items } = await api.call(getBlockTransactions, input, { signal }));
      known.set(block.hash, items);
    }
    rows.push(...items.map((item) => ({ ...item, block })));
  }
  for (const hash of known.keys()) if (!used.has(hash)) known.delete(hash);
  return rows.slice(0, shownTransactions);
}

const columns: readonly Column<Row>[] = [
  { title: "Transaction", cell: ({ id }) => <TransactionLink id={id} /> },
  { title: "Block", cell: ({ block }) => <BlockLink height={block.height} hash={block.hash} /> },
  { title: "When", cell: ({ block }) => <AgeTime ms={block.timestampMs} /> },
  { title: "From", cell: ({ sender, senderName }) => <AccountLink address={sender} name={senderName} /> },
  { title: "What", cell: ({ payload }) => <PayloadText payload={payload} /> },
  { title: "Fee", isNumber: true, cell: ({ fee }) => <Amount value={fee} /> },
];
