/** Finds the block that operators declared final after a lost quorum: no block names it, but the states after it show it. */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { type Ancestry, ancestryOf } from "../../consensus/ancestry.ts";
import type { BlockContents, ConsensusEngine, EngineState } from "../../consensus/engine.ts";
import type { Header, HeaderRecord } from "../../protocol/block.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import { sha256 } from "../../protocol/hashing.ts";

/** A block that was followed, and what it says to the engine. */
export interface PastBlock {
  readonly record: HeaderRecord;
  readonly contents: BlockContents;
}

export interface FoundRecovery {
  /** The block that operators declared final. */
  readonly recovery: Checkpoint;
  /** The records from that block on, as they are with it. */
  readonly restated: readonly HeaderRecord[];
  /** The last of them. */
  readonly parent: HeaderRecord;
  /** After the block that was asked about. */
  readonly state: EngineState;
}

/** Blocks that are judged again in one search: a block is declared final near the head, and a forged chain must not cost more. */
const restatedMax = 4_000;

/**
 * The newest block whose recovery makes a header valid on the blocks before it.
 *
 * @param header of a block whose authorities the chain alone does not explain
 * @param past the blocks up to its parent, in order
 */
export function searchRecovery(
  header: Header,
  contents: BlockContents,
  past: readonly PastBlock[],
  engine: ConsensusEngine,
  ancestry: Ancestry,
): FoundRecovery | undefined {
  const { authority } = engine;
  if (!authority) return undefined;
  let left = restatedMax;
  for (let from = past.length - 1; from >= 0 && left > 0; from -= 1) {
    left -= past.length - from;
    const { record } = past[from] as PastBlock;
    if (authority.finality(record).finalized.height >= record.header.height) return undefined;
    const recovered = authority.recoveredState(record);
    if (bytesEqual(recovered.consensusState, record.consensusState)) continue;
    const restated = restate(past.slice(from), recovered, engine, ancestry);
    const parent = restated?.at(-1);
    if (!restated || !parent || engine.verifyHeader(header, parent)) continue;
    const next = engine.advance(contents, parent, over(restated, ancestry));
    if (!next.ok || !bytesEqual(sha256(next.value.consensusState), header.consensusStateHash)) continue;
    const recovery = { height: record.header.height, hash: record.hash };
    return { recovery, restated, parent, state: next.value };
  }
  return undefined;
}

/** The blocks from the recovered one on with the states that they then have; undefined if one of them is not valid then. */
function restate(
  [first, ...above]: readonly PastBlock[],
  recovered: EngineState,
  engine: ConsensusEngine,
  ancestry: Ancestry,
): HeaderRecord[] | undefined {
  if (!first) return undefined;
  const restated: HeaderRecord[] = [{ ...first.record, ...recovered }];
  for (const { record, contents } of above) {
    const next = engine.advance(contents, restated.at(-1) as HeaderRecord, over(restated, ancestry));
    if (!next.ok) return undefined;
    restated.push({ ...record, ...next.value });
  }
  return restated;
}

function over(restated: readonly HeaderRecord[], ancestry: Ancestry): Ancestry {
  const byHash = new Map(restated.map((record) => [record.hashHex, record]));
  return ancestryOf((hash) => byHash.get(toHex(hash)) ?? ancestry.get(hash));
}
