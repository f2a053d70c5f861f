/** The page of all registered names. */
import { getUsers, type UsersPage as UsersAnswer } from "../../../api/accounts.ts";
import { Card } from "../../parts/card.tsx";
import { CursorList } from "../../parts/cursor-list.tsx";
import { AccountLink } from "../../parts/links.tsx";
import { pageItems } from "../../parts/page-items.ts";
import type { Column } from "../../parts/table.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { useLink } from "../../shell/place.ts";

export default function UsersPage() {
  const link = useLink();
  return (
    <div class="stack">
      <h1>Users</h1>
      <Card title="Registered names" lead={<a href={link("send")}>Register a name</a>}>
        <CursorList<UsersAnswer>
          load={({ api }, cursor, signal) =>
            api.call(
              getUsers,
              { query: { limit: pageItems(), ...(cursor === undefined ? {} : { cursor }) } },
              { signal },
            )
          }
          caption="Registered names"
          columns={columns}
          keyOf={({ name }) => name}
          empty="Nobody has registered a name yet."
          reloadOn={["head"]}
          lead={({ count }) =>
            count > 0 && (
              <p class="soft">{count.toLocaleString("en-GB")} names, in the order of the alphabet.</p>
            )
          }
        />
      </Card>
    </div>
  );
}

const columns: readonly Column<UsersAnswer["items"][number]>[] = [
  { title: "Name", cell: ({ name }) => <NameLink name={name} /> },
  { title: "Account", cell: ({ address }) => <AccountLink address={address} /> },
];

function NameLink({ name }: { name: string }) {
  const link = useLink();
  return (
    <a href={link("user", { name })}>
      <UserText text={name} />
    </a>
  );
}
