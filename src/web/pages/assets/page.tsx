/** The page of all issued assets. */
import { type AssetsPage as AssetsAnswer, getAssets } from "../../../api/assets.ts";
import { Amount } from "../../parts/amount.tsx";
import { Card } from "../../parts/card.tsx";
import { CursorList } from "../../parts/cursor-list.tsx";
import { Hash } from "../../parts/hash.tsx";
import { AccountLink, AssetLink } from "../../parts/links.tsx";
import { pageItems } from "../../parts/page-items.ts";
import type { Column } from "../../parts/table.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { useLink } from "../../shell/place.ts";

export default function AssetsPage() {
  const link = useLink();
  return (
    <div class="stack">
      <h1>Assets</h1>
      <Card
        title="By symbol"
        lead={
          <>
            Two assets may have one symbol: only the id tells them apart.{" "}
            <a href={link("asset", { id: "AUR" })}>AUR, the chain's own</a>
          </>
        }
      >
        <CursorList<AssetsAnswer>
          load={({ api }, cursor, signal) =>
            api.call(
              getAssets,
              { query: { limit: pageItems(), ...(cursor === undefined ? {} : { cursor }) } },
              { signal },
            )
          }
          caption="Issued assets, by symbol"
          columns={columns}
          keyOf={({ assetId }) => assetId}
          empty="Nobody has issued an asset yet."
          reloadOn={["head"]}
        />
      </Card>
    </div>
  );
}

const columns: readonly Column<AssetsAnswer["items"][number]>[] = [
  { title: "Symbol", cell: ({ assetId, symbol }) => <AssetLink id={assetId} symbol={symbol} /> },
  { title: "Name", cell: ({ name }) => <UserText text={name} /> },
  { title: "Id", cell: ({ assetId }) => <IdLink id={assetId} /> },
  {
    title: "Issued by",
    cell: ({ issuer, issuerName }) =>
      issuer === null ? "the chain" : <AccountLink address={issuer} name={issuerName} />,
  },
  {
    title: "Supply",
    isNumber: true,
    cell: ({ supply, symbol }) => <Amount value={supply} unit={symbol} />,
  },
];

function IdLink({ id }: { id: string }) {
  const link = useLink();
  return <Hash value={id} href={link("asset", { id })} copy={false} />;
}
