/** Pages of the canonical chain: which blocks a page holds, and the cursor of the next one. */

import { Type } from "typebox";
import { type CursorCodec, cursorCodec } from "../api/cursor.ts";
import { Hash, Height } from "../api/shapes.ts";
import type { Chain } from "../chain/chain.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import { isOnChain } from "./chain-references.ts";
import { cursorUndone, positionOf } from "./serve-route.ts";

/** The last block of the page before, and which way the list goes. */
interface PagePosition {
  readonly height: number;
  readonly hash: string;
  readonly ascending: boolean;
}

export type PageCodec = CursorCodec<PagePosition>;

/** @param list the name of the list */
export function pageCodec(list: string): PageCodec {
  return cursorCodec(list, Type.Object({ height: Height, hash: Hash, ascending: Type.Boolean() }));
}

export interface PageWish {
  readonly limit: number;
  /** Of the page before. */
  readonly cursor?: string | undefined;
  /** Without a cursor: the height where the list begins, by default its end or block `lowest`. */
  readonly from?: number | undefined;
  /** Without a cursor. */
  readonly ascending?: boolean;
  /** Blocks below this height are not in the list; 0 by default. */
  readonly lowest?: number;
}

export interface BlockPage {
  readonly records: readonly HeaderRecord[];
  readonly next: string | null;
}

/**
 * Canonical blocks in the order of the list.
 *
 * @param isFull ends the page after a block before it has `limit` blocks
 * @throws ApiError for a cursor that is none of this list, or whose block has been undone
 */
export function blockPage(
  chain: Chain,
  codec: PageCodec,
  { limit, cursor, from, ascending = false, lowest = 0 }: PageWish,
  isFull: (record: HeaderRecord) => boolean = () => false,
): BlockPage {
  const headHeight = chain.head.header.height;
  const position = cursor === undefined ? undefined : positionOf(codec, cursor);
  if (position && !isOnChain(position, chain)) throw cursorUndone();
  const upward = position?.ascending ?? ascending;
  const step = upward ? 1 : -1;
  let height = position ? position.height + step : (from ?? (upward ? lowest : headHeight));
  // A list that goes down from above the head begins at the head.
  if (!upward) height = Math.min(height, headHeight);
  const records: HeaderRecord[] = [];
  for (; height >= lowest && height <= headHeight && records.length < limit; height += step) {
    const record = chain.headerAtHeight(height);
    if (!record) break;
    records.push(record);
    if (!isFull(record)) continue;
    height += step;
    break;
  }
  const last = records.at(-1);
  const isEnd = !last || height < lowest || height > headHeight;
  return {
    records,
    next: isEnd ? null : codec.encode({ height: last.header.height, hash: last.hashHex, ascending: upward }),
  };
}
