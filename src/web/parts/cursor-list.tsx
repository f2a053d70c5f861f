/** A list of the node, page by page: its first page follows the chain, and the others stay what they were. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { EventTopic } from "../../api/events.ts";
import { ApiProblem } from "../../client/index.ts";
import type { NodeView } from "../live/node-view.ts";
import { useAnswer } from "../live/use-answer.ts";
import { Note } from "./note.tsx";
import { OldNote } from "./old-note.tsx";
import { Pager, useCursorPages } from "./pager.tsx";
import { ProblemNote } from "./problem-note.tsx";
import { type Column, Table } from "./table.tsx";

interface ListPage<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
}

/** Rows of a list are what its answer says they are. */
type RowOf<Page extends ListPage<unknown>> = Page["items"][number];

interface CursorListProps<Page extends ListPage<unknown>> {
  /** Asks for the page behind `cursor`; undefined: the first one. First, as the rows' type comes from it. */
  readonly load: (node: NodeView, cursor: string | undefined, signal: AbortSignal) => Promise<Page>;
  /** Read aloud before the table. */
  readonly caption: string;
  readonly columns: readonly Column<RowOf<Page>>[];
  readonly keyOf: (row: RowOf<Page>) => string | number;
  /** In the place of rows. */
  readonly empty: string;
  /** Another list begins if one of them changes. */
  readonly keys?: readonly unknown[];
  /** The first page is loaded again after these. */
  readonly reloadOn?: readonly EventTopic[];
  /** Above the table: what the answer says of the whole list. */
  readonly lead?: (page: Page) => ComponentChildren;
  /** Called with the newest answer of the first page. */
  readonly onFirstPage?: (page: Page) => void;
}

export function CursorList<Page extends ListPage<unknown>>(props: CursorListProps<Page>) {
  // Another list is another component: its way through the pages begins anew.
  return <Pages key={(props.keys ?? []).join("\n")} {...props} />;
}

function Pages<Page extends ListPage<unknown>>(props: CursorListProps<Page>) {
  const { caption, columns, keyOf, empty, load, reloadOn = [], lead, onFirstPage } = props;
  const pages = useCursorPages();
  const { cursor, isFirst } = pages;
  const { answer, problem, isLoading } = useAnswer(
    (node, signal) => load(node, cursor, signal),
    [cursor ?? "", ...(props.keys ?? [])],
    { reloadOn: isFirst ? reloadOn : [] },
  );
  // While another page is on its way the old one stays: what is read must not jump.
  const shown = useRef<Page>(undefined);
  if (answer) shown.current = answer;
  const isUndone = problem instanceof ApiProblem && problem.code === "api/cursor-undone";
  const wasUndone = useRef(false);
  useEffect(() => {
    if (!isUndone) return;
    wasUndone.current = true;
    pages.first();
  }, [isUndone]);
  useEffect(() => {
    if (answer && isFirst) onFirstPage?.(answer);
    if (!isFirst) wasUndone.current = false;
  }, [answer, isFirst]);
  const page = shown.current;
  if (!page) {
    if (problem !== undefined && !isLoading && !isUndone) return <ProblemNote problem={problem} />;
    return <p class="loading">Loading …</p>;
  }
  return (
    <div class="stack" aria-busy={answer === undefined}>
      {wasUndone.current && isFirst && (
        <Note kind="warn" title="The chain was reorganized">
          The block at which this list was read has left the chain. This is the list from its beginning.
        </Note>
      )}
      {lead?.(page)}
      <OldNote problem={isUndone ? undefined : problem} />
      <Table caption={caption} columns={columns} rows={page.items} keyOf={keyOf} empty={empty} />
      <Pager pages={pages} next={page.next} />
    </div>
  );
}
