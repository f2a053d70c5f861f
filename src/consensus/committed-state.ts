/** The state that a block's header commits to. After a trust recovery the block's record may have another one. */
import { bytesEqual } from "../base/bytes.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import { sha256 } from "../protocol/hashing.ts";
import type { BlockContents, EngineState } from "./engine.ts";

export interface CommittedStateModules {
  parentOf(record: HeaderRecord): HeaderRecord | undefined;
  /** What the block says to the engine. */
  contentsOf(record: HeaderRecord): BlockContents | undefined;
  advance(contents: BlockContents, parent: HeaderRecord): EngineState | undefined;
}

/** False for a block that operators declared final, and for blocks above it that were sealed before that. */
export function isAsCommitted({ header, consensusState }: HeaderRecord): boolean {
  return header.height === 0 || bytesEqual(sha256(consensusState), header.consensusStateHash);
}

/**
 * The record as it would be without trust recovery: with the state that its header commits to. The state is computed
 * from the highest ancestor whose record has the state of its own header.
 *
 * @returns undefined if a block between the two is not stored
 */
export function committedRecord(
  record: HeaderRecord,
  { parentOf, contentsOf, advance }: CommittedStateModules,
): HeaderRecord | undefined {
  const restated: HeaderRecord[] = [];
  let at = record;
  while (!isAsCommitted(at)) {
    restated.push(at);
    const parent = parentOf(at);
    if (!parent) return undefined;
    at = parent;
  }
  for (const next of restated.reverse()) {
    const contents = contentsOf(next);
    const state = contents && advance(contents, at);
    if (!state) return undefined;
    at = { ...next, ...state };
  }
  return at;
}
