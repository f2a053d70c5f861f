/** The page of a search: everything that a text may mean. */

import type { SearchHit } from "../../../api/search.ts";
import { getSearch } from "../../../api/search.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Badge } from "../../parts/badge.tsx";
import { Card } from "../../parts/card.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { hitLink, hitText, searchText } from "../../search/hit-text.ts";
import type { PageProps } from "../../shell/pages.ts";
import { useLink } from "../../shell/place.ts";

export default function SearchPage({ query }: PageProps) {
  const text = searchText(query.get("q") ?? "");
  return (
    <div class="stack">
      <h1>Search {text !== undefined && <UserText text={text} />}</h1>
      {text === undefined ? (
        <EmptyState>
          Write a height, a hash, a transaction's id, an address, a name or a symbol into the field above. It
          may have 192 characters.
        </EmptyState>
      ) : (
        <Hits text={text} />
      )}
    </div>
  );
}

function Hits({ text }: { text: string }) {
  const found = useAnswer(
    ({ api }, signal) => api.call(getSearch, { query: { q: text } }, { signal }),
    [text],
  );
  return (
    <Loaded of={found}>
      {({ items, more }) => (
        <Card title="What it may mean" lead={more ? "There is more: a longer text finds it." : undefined}>
          <Table
            caption={`Hits for ${text}`}
            columns={columns}
            rows={items}
            keyOf={(hit) => `${hit.type}${hitText(hit).reference}`}
            empty="Nothing found. The beginning is enough, from 4 characters on; of an address, 4 behind aurex1."
          />
        </Card>
      )}
    </Loaded>
  );
}

const columns: readonly Column<SearchHit>[] = [
  { title: "Kind", cell: (hit) => <Badge>{hitText(hit).kind}</Badge> },
  { title: "What", cell: (hit) => <HitLink hit={hit} /> },
  { title: "More", cell: (hit) => <UserText text={hitText(hit).detail} /> },
];

function HitLink({ hit }: { hit: SearchHit }) {
  const link = useLink();
  return (
    <a href={link(...hitLink(hit))}>
      <UserText text={hitText(hit).title} />
    </a>
  );
}
