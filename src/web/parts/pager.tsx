/** Leads through a list that the node gives page by page. */
import { useState } from "preact/hooks";
import { Button } from "./button.tsx";

export interface CursorPages {
  /** Undefined: the first page. */
  readonly cursor: string | undefined;
  readonly isFirst: boolean;
  readonly next: (cursor: string) => void;
  readonly back: () => void;
  readonly first: () => void;
}

/** The way that was gone, so that one can go back: cursors lead forward only. */
export function useCursorPages(): CursorPages {
  const [way, setWay] = useState<readonly string[]>([]);
  return {
    cursor: way.at(-1),
    isFirst: way.length === 0,
    next: (cursor) => setWay([...way, cursor]),
    back: () => setWay(way.slice(0, -1)),
    first: () => setWay([]),
  };
}

/** @param next of the list's answer: null at its end */
export function Pager({ pages, next }: { pages: CursorPages; next: string | null }) {
  if (pages.isFirst && next === null) return null;
  return (
    <nav class="pager" aria-label="Pages of this list">
      <Button disabled={pages.isFirst} onClick={pages.first}>
        First
      </Button>
      <Button disabled={pages.isFirst} onClick={pages.back}>
        Back
      </Button>
      <Button disabled={next === null} onClick={() => next !== null && pages.next(next)}>
        Next
      </Button>
    </nav>
  );
}
