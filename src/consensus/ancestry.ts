/** Which block descends from which: all that an engine and finality ask about the chain below a block. */
import { bytesEqual } from "../base/bytes.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";

export interface Ancestry {
  /** The record of a block; undefined if the block is not known. */
  get(hash: Uint8Array): HeaderRecord | undefined;
  /** The ancestor of `tip` at a height, or `tip` itself if it is of that height; undefined if that block is not known. */
  ancestorAt(tip: HeaderRecord, height: number): HeaderRecord | undefined;
  /** Whether `tip` stands on the block `of`. A block descends from itself. */
  isDescendant(tip: HeaderRecord, of: Checkpoint): boolean;
}

/**
 * Walks from parent to parent: for a short chain, or one that is read once. A running node asks its `BlockTree`.
 *
 * @param get the record of a block by its hash
 */
export function ancestryOf(get: Ancestry["get"]): Ancestry {
  const ancestorAt: Ancestry["ancestorAt"] = (tip, height) => {
    let ancestor: HeaderRecord | undefined = tip;
    while (ancestor && ancestor.header.height > height) ancestor = get(ancestor.header.parentHash);
    return ancestor?.header.height === height ? ancestor : undefined;
  };
  const isDescendant: Ancestry["isDescendant"] = (tip, { height, hash }) => {
    const ancestor = ancestorAt(tip, height);
    return ancestor !== undefined && bytesEqual(ancestor.hash, hash);
  };
  return { get, ancestorAt, isDescendant };
}
