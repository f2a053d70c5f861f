/** Head and final block as every answer about the chain names them, and where a block stands to them. */
import { type BlockReference, isoTime } from "../api/shapes.ts";
import { toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import type { Header, HeaderRecord } from "../protocol/block.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";

/** Of a block or its record. */
export interface HeaderNamed {
  readonly header: Header;
  readonly hashHex: string;
}

export function referenceOf({ header, hashHex }: HeaderNamed): BlockReference {
  return { height: header.height, hash: hashHex };
}

export function referenceTo({ height, hash }: Checkpoint): BlockReference {
  return { height, hash: toHex(hash) };
}

export function headReference({ head }: Pick<Chain, "head">): BlockReference {
  return referenceOf(head);
}

/** Null where the engine has no finality. */
export function finalReference({ final }: Pick<Chain, "final">): BlockReference | null {
  return final ? referenceTo(final) : null;
}

/** Whether a block that an earlier answer has named still stands on the chain. */
export function isOnChain({ height, hash }: BlockReference, chain: Chain): boolean {
  const found = chain.hashAtHeight(height);
  return found !== undefined && toHex(found) === hash;
}

/** What every answer about a block begins with. */
export function headlineOf({ header, hashHex }: HeaderNamed) {
  return {
    ...referenceOf({ header, hashHex }),
    parentHash: toHex(header.parentHash),
    timestampMs: header.timestampMs,
    time: isoTime(header.timestampMs),
  };
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
