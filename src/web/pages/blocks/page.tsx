/** The page of all blocks of the chain, newest first. */
import { type BlockSummary, type BlocksAnswer, getBlocks } from "../../../api/blocks.ts";
import { useNamesOfKeys } from "../../live/use-names-of-keys.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Card } from "../../parts/card.tsx";
import { CursorList } from "../../parts/cursor-list.tsx";
import { Hash } from "../../parts/hash.tsx";
import { AccountLink, BlockLink } from "../../parts/links.tsx";
import { pageItems } from "../../parts/page-items.ts";
import type { Column } from "../../parts/table.tsx";
import { useLink } from "../../shell/place.ts";

export default function BlocksPage() {
  const names = useNamesOfKeys();
  return (
    <div class="stack">
      <h1>Blocks</h1>
      <Card title="The chain" lead="Newest first. The first page follows the chain.">
        <CursorList<BlocksAnswer>
          load={({ api }, cursor, signal) =>
            api.call(
              getBlocks,
              { query: { limit: pageItems(), ...(cursor === undefined ? {} : { cursor }) } },
              { signal },
            )
          }
          caption="Blocks of the chain, newest first"
          columns={columnsWith(names)}
          keyOf={({ hash }) => hash}
          empty="There is no block yet."
          reloadOn={["head", "final"]}
        />
      </Card>
    </div>
  );
}

function columnsWith(names: ReadonlyMap<string, string>): readonly Column<BlockSummary>[] {
  return [
    { title: "Height", cell: ({ height, hash }) => <BlockLink height={height} hash={hash} /> },
    { title: "Age", cell: ({ timestampMs }) => <AgeTime ms={timestampMs} /> },
    { title: "Hash", cell: ({ hash }) => <BlockHash hash={hash} /> },
    {
      title: "Made by",
      cell: ({ producer, producerName }) =>
        producer === null ? (
          "the chain's beginning"
        ) : (
          <AccountLink address={producer} name={producerName ?? names.get(producer) ?? null} />
        ),
    },
    { title: "Transactions", isNumber: true, cell: ({ transactionCount }) => transactionCount },
    { title: "Bytes", isNumber: true, cell: ({ bytes }) => bytes.toLocaleString("en-GB") },
    {
      title: "State",
      cell: ({ final, confirmations }) =>
        final ? <Badge kind="good">final</Badge> : <Badge>{confirmations} deep</Badge>,
    },
  ];
}

function BlockHash({ hash }: { hash: string }) {
  const link = useLink();
  return <Hash value={hash} href={link("block", { reference: hash })} copy={false} />;
}
