/** The page of a user: the account that has registered the name. */
import { getSearch } from "../../../api/search.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { Note } from "../../parts/note.tsx";
import { UserText } from "../../parts/user-text.tsx";
import type { PageProps } from "../../shell/pages.ts";
import { useLink } from "../../shell/place.ts";
import { AccountView } from "../account/account-view.tsx";

export default function UserPage({ values: { name = "" } }: PageProps) {
  const link = useLink();
  // By the search: that a name is free is an answer, and no error in the browser's console. A reorganization can give a
  // name to somebody else, or to nobody.
  const found = useAnswer(
    ({ api }, signal) => api.call(getSearch, { query: { q: name } }, { signal }),
    [name],
    {
      reloadOn: ["head", "reorg"],
    },
  );
  return (
    <div class="stack">
      <h1>
        User <UserText text={name} />
      </h1>
      <Loaded of={found}>
        {({ items }) => {
          // What only begins with the name is another user.
          const wanted = name.trim().toLowerCase();
          const user = items.find((hit) => hit.type === "user" && hit.name === wanted);
          if (user?.type === "user") return <AccountView reference={user.address} />;
          return (
            <Note title="Nobody has registered this name">
              It is free: <a href={link("send")}>register it</a>. <a href={link("users")}>All names</a> are
              listed.
            </Note>
          );
        }}
      </Loaded>
    </div>
  );
}
