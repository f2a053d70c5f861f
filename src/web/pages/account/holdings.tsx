/** The assets that an account has ever held beside AUR. */

import { type AccountAnswer, type AccountAssetsPage, getAccountAssets } from "../../../api/accounts.ts";
import { Amount } from "../../parts/amount.tsx";
import { Card } from "../../parts/card.tsx";
import { CursorList } from "../../parts/cursor-list.tsx";
import { Hash } from "../../parts/hash.tsx";
import { AssetLink } from "../../parts/links.tsx";
import type { Column } from "../../parts/table.tsx";

const pageAssets = 10;

export function Holdings({ account: { address } }: { account: AccountAnswer }) {
  return (
    <Card title="Holdings" lead="In the order in which it had them first.">
      <CursorList<AccountAssetsPage>
        load={({ api }, cursor, signal) =>
          api.call(
            getAccountAssets,
            {
              params: { account: address },
              query: { limit: pageAssets, ...(cursor === undefined ? {} : { cursor }) },
            },
            { signal },
          )
        }
        caption="Assets of this account"
        columns={columns}
        keyOf={({ assetId }) => assetId}
        empty="It holds nothing but AUR."
        keys={[address]}
        reloadOn={["head", "reorg"]}
      />
    </Card>
  );
}

const columns: readonly Column<AccountAssetsPage["items"][number]>[] = [
  { title: "Asset", cell: ({ assetId, symbol }) => <AssetLink id={assetId} symbol={symbol} /> },
  { title: "Id", cell: ({ assetId }) => <Hash value={assetId} copy={false} /> },
  { title: "Holds", isNumber: true, cell: ({ balance, symbol }) => <Amount value={balance} unit={symbol} /> },
];
