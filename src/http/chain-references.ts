/** Head and final block as every answer about the chain names them, and where a block stands to them. */
import type { BlockReference } from "../api/shapes.ts";
import { toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import type { HeaderRecord } from "../protocol/block.ts";

/** Null where the engine has no finality. */
export function finalReference({ final }: Chain): BlockReference | null {
  return final ? { height: final.height, hash: toHex(final.hash) } : null;
}

export interface Standing {
  readonly canonical: boolean;
  readonly final: boolean;
  /** 1 for the head, one more with each block on it; 0 for a block beside the chain. */
  readonly confirmations: number;
}

/** @param record of a stored block */
export function standingOf(record: HeaderRecord, chain: Chain): Standing {
  const { height } = record.header;
  const canonical = chain.isCanonical(record);
  return {
    canonical,
    final: canonical && height <= (chain.final?.height ?? -1),
    confirmations: canonical ? chain.head.header.height - height + 1 : 0,
  };
}
