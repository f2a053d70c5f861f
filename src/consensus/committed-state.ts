/** The state under a block's header, where trust recovery has put another one into its record. */
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

/** False for a block that operators declared final, and for those above it that were sealed before they did so. */
export function isAsCommitted({ header, consensusState }: HeaderRecord): boolean {
  return header.height === 0 || bytesEqual(sha256(consensusState), header.consensusStateHash);
}

/**
 * The record as it would be without trust recovery: with the state that its producer made and put under the header.
 * Worked out from the highest ancestor whose record still has it.
 *
 * @returns undefined if a block between is not at hand
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
