/** The head that an answer was read at. */
import type { BlockReference } from "../api/shapes.ts";
import type { Chain } from "../chain/chain.ts";

export function headReference({ head }: Chain): BlockReference {
  return { height: head.header.height, hash: head.hashHex };
}
