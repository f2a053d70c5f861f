/** One page of a list that is kept in order. */
import type { CursorCodec } from "../api/cursor.ts";
import { limitOf } from "../api/shapes.ts";
import { positionOf } from "./serve-route.ts";

export interface SortedPage<Item> {
  readonly shown: readonly Item[];
  /** The cursor behind the last one shown; null if nothing follows. */
  readonly next: string | null;
}

/**
 * @param read so many items of the list, after a position if it is given
 * @param placeOf the position of an item
 * @throws ApiError for a text that is no cursor of this list
 */
export function sortedPage<Item, Position>(
  query: { readonly limit?: string | undefined; readonly cursor?: string | undefined },
  codec: CursorCodec<Position>,
  read: (max: number, after: Position | undefined) => readonly Item[],
  placeOf: (item: Item) => Position,
): SortedPage<Item> {
  const after = query.cursor === undefined ? undefined : positionOf(codec, query.cursor);
  const limit = limitOf(query.limit);
  // One more than is shown tells whether there is a next page.
  const found = read(limit + 1, after);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return { shown, next: last !== undefined && found.length > limit ? codec.encode(placeOf(last)) : null };
}
