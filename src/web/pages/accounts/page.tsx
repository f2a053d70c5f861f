/** The page of all accounts, those with most AUR first. */
import { type AccountsPage as AccountsAnswer, getAccounts } from "../../../api/accounts.ts";
import { Amount } from "../../parts/amount.tsx";
import { Card } from "../../parts/card.tsx";
import { CursorList } from "../../parts/cursor-list.tsx";
import { AccountLink } from "../../parts/links.tsx";
import { pageItems } from "../../parts/page-items.ts";
import type { Column } from "../../parts/table.tsx";

export default function AccountsPage() {
  return (
    <div class="stack">
      <h1>Accounts</h1>
      <Card title="By balance" lead="Who holds most AUR stands first.">
        <CursorList<AccountsAnswer>
          load={({ api }, cursor, signal) =>
            api.call(
              getAccounts,
              {
                query: { limit: pageItems(), order: "balance", ...(cursor === undefined ? {} : { cursor }) },
              },
              { signal },
            )
          }
          caption="Accounts, those with most AUR first"
          columns={columns}
          keyOf={({ address }) => address}
          empty="No account has anything yet."
          reloadOn={["head"]}
          lead={({ count }) => <p class="soft">{count.toLocaleString("en-GB")} accounts in all.</p>}
        />
      </Card>
    </div>
  );
}

const columns: readonly Column<AccountsAnswer["items"][number]>[] = [
  { title: "Account", cell: ({ address, name }) => <AccountLink address={address} name={name} /> },
  { title: "Sent", isNumber: true, cell: ({ sequence }) => sequence.toLocaleString("en-GB") },
  { title: "Balance", isNumber: true, cell: ({ balance }) => <Amount value={balance} /> },
];
