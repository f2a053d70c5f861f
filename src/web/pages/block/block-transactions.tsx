/** The transactions of a block in their order. */
import { useState } from "preact/hooks";
import type { BlockAnswer, BlockTransaction } from "../../../api/blocks.ts";
import { Amount } from "../../parts/amount.tsx";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { AccountLink, TransactionLink } from "../../parts/links.tsx";
import { PayloadText } from "../../parts/payload-text.tsx";
import { type Column, Table } from "../../parts/table.tsx";

/** A block may hold thousands. */
const pageItems = 25;

const columns: readonly Column<BlockTransaction>[] = [
  { title: "#", isNumber: true, cell: ({ position }) => position },
  { title: "Id", cell: ({ id }) => <TransactionLink id={id} /> },
  { title: "From", cell: ({ sender, senderName }) => <AccountLink address={sender} name={senderName} /> },
  { title: "What it does", cell: ({ payload }) => <PayloadText payload={payload} /> },
  { title: "Fee", isNumber: true, cell: ({ fee }) => <Amount value={fee} /> },
];

export function BlockTransactions({ block: { transactions, height } }: { block: BlockAnswer }) {
  const [shown, setShown] = useState(pageItems);
  const rest = transactions.length - shown;
  return (
    <Card title="Transactions" class="block-list" lead={transactions.length.toLocaleString("en-GB")}>
      <Table
        caption={`Transactions of block ${height}`}
        columns={columns}
        rows={transactions.slice(0, shown)}
        keyOf={({ id }) => id}
        empty="It holds none. Authorities seal empty blocks to make the blocks below them final; miners, because each block is paid."
      />
      {rest > 0 && (
        <div class="pager">
          <Button onClick={() => setShown(shown + 4 * pageItems)}>
            Show {Math.min(rest, 4 * pageItems)} more of {rest.toLocaleString("en-GB")}
          </Button>
        </div>
      )}
    </Card>
  );
}
