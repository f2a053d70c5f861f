/** The page of one asset: what its issuer says of it, and who holds it. */
import { type AssetAnswer, getAsset, getHolders, type HoldersPage } from "../../../api/assets.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Amount } from "../../parts/amount.tsx";
import { Card } from "../../parts/card.tsx";
import { CursorList } from "../../parts/cursor-list.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Hash } from "../../parts/hash.tsx";
import { AccountLink, TransactionLink } from "../../parts/links.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { pageItems } from "../../parts/page-items.ts";
import { UserText } from "../../parts/user-text.tsx";
import type { PageProps } from "../../shell/pages.ts";
import { shareText } from "./share-text.ts";

export default function AssetPage({ values: { id = "" } }: PageProps) {
  const asset = useAnswer(({ api }, signal) => api.call(getAsset, { params: { id } }, { signal }), [id], {
    reloadOn: ["head"],
  });
  return (
    <div class="stack">
      <h1>Asset {asset.answer && <UserText text={asset.answer.symbol} />}</h1>
      <Loaded of={asset}>{(answer) => <Said asset={answer} />}</Loaded>
      {asset.answer && <Holders id={id} asset={asset.answer} />}
    </div>
  );
}

function Said({ asset }: { asset: AssetAnswer }) {
  const { assetId, symbol, name, decimals, supply, issuer, issuerName, metadata } = asset;
  return (
    <Card title="What it is">
      <Facts>
        <Fact
          label="Symbol"
          meaning="What its issuer calls a unit. Others may issue an asset with the same symbol."
        >
          <UserText text={symbol} />
        </Fact>
        <Fact label="Name">
          <UserText text={name} />
        </Fact>
        <Fact label="Id" meaning="The id of the transaction that issued it: no other asset has the same.">
          {issuer === null ? assetId : <Hash value={assetId} whole />}
        </Fact>
        <Fact label="Issued by">
          {issuer === null ? (
            "the chain itself, as rewards and at its beginning"
          ) : (
            <AccountLink address={issuer} name={issuerName} />
          )}
        </Fact>
        {issuer !== null && (
          <Fact label="Issued in">
            <TransactionLink id={assetId} />
          </Fact>
        )}
        <Fact
          label="Supply"
          meaning={
            issuer === null
              ? "All AUR that there is now, rewards that cannot be spent yet included."
              : "All that there is of it. An issuer cannot make more later."
          }
        >
          <Amount value={supply} unit={symbol} />
        </Fact>
        <Fact label="Decimals" meaning="Into how many decimal places a unit can be divided.">
          {decimals}
        </Fact>
        <Fact label="Metadata" meaning="A text of the issuer. Nobody has checked what it says.">
          {metadata === "" ? <span class="soft">none</span> : <UserText text={metadata} />}
        </Fact>
      </Facts>
    </Card>
  );
}

function Holders({ id, asset }: { id: string; asset: AssetAnswer }) {
  return (
    <Card title="Who holds it" lead="Those with most of it stand first.">
      <CursorList<HoldersPage>
        load={({ api }, cursor, signal) =>
          api.call(
            getHolders,
            { params: { id }, query: { limit: pageItems(), ...(cursor === undefined ? {} : { cursor }) } },
            { signal },
          )
        }
        caption="Holders, those with most of the asset first"
        columns={[
          { title: "Account", cell: ({ address, name }) => <AccountLink address={address} name={name} /> },
          {
            title: "Holds",
            isNumber: true,
            cell: ({ balance }) => <Amount value={balance} unit={asset.symbol} />,
          },
          {
            title: "Share",
            isNumber: true,
            cell: ({ balanceUnits }) => shareText(balanceUnits, asset.supplyUnits),
          },
        ]}
        keyOf={({ address }) => address}
        empty="Nobody holds any of it."
        keys={[id]}
        reloadOn={["head"]}
      />
    </Card>
  );
}
