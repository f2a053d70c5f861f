/** The page of a user: the account that has registered the name. */
import { getUser } from "../../../api/accounts.ts";
import { ApiProblem } from "../../../client/index.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { Note } from "../../parts/note.tsx";
import { UserText } from "../../parts/user-text.tsx";
import type { PageProps } from "../../shell/page-loaders.ts";
import { useLink } from "../../shell/place.ts";
import { AccountView } from "../account/account-view.tsx";

export default function UserPage({ values: { name = "" } }: PageProps) {
  const link = useLink();
  // A reorganization can give a name to somebody else, or to nobody.
  const user = useAnswer(({ api }, signal) => api.call(getUser, { params: { name } }, { signal }), [name], {
    reloadOn: ["reorg"],
  });
  const isFree = user.problem instanceof ApiProblem && user.problem.status === 404;
  return (
    <div class="stack">
      <h1>
        User <UserText text={name} />
      </h1>
      {isFree ? (
        <Note title="Nobody has registered this name">
          It is free: <a href={link("send")}>register it</a>. <a href={link("users")}>All names</a> are
          listed.
        </Note>
      ) : (
        <Loaded of={user}>{({ address }) => <AccountView reference={address} />}</Loaded>
      )}
    </div>
  );
}
