/** Holds headers against the engine's state, also for blocks that were sealed before operators declared a block below final (trust recovery). */
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, toHex } from "../base/bytes.ts";
import { committedRecord, isAsCommitted } from "../consensus/committed-state.ts";
import {
  type BlockContents,
  type ConsensusEngine,
  contentsOf,
  type EngineState,
} from "../consensus/engine.ts";
import type { Block, Header, HeaderRecord } from "../protocol/block.ts";
import type { BlockFault } from "../protocol/faults.ts";
import { sha256 } from "../protocol/hashing.ts";
import type { BlockTree } from "./block-tree.ts";
import type { ChainReader } from "./reader.ts";

const recordsKept = 64;

export interface CommittedStatesModules {
  readonly engine: Pick<ConsensusEngine, "advance">;
  readonly tree: BlockTree;
  readonly reader: ChainReader;
}

export class CommittedStates {
  readonly #modules: CommittedStatesModules;
  /** Committed records of restated blocks: without them, each block of a long row would walk the whole row again. */
  readonly #records = new BoundedMap<string, HeaderRecord>(recordsKept);

  constructor(modules: CommittedStatesModules) {
    this.#modules = modules;
  }

  /**
   * Why the header does not commit to the block's state; undefined if the header commits to this state, or to the state
   * that the block had before trust recovery. An authority that remains may not seal another block in its place, so its
   * old block has to count.
   *
   * @param state after the block, as this node has worked it out
   */
  faultOf(block: Block, parent: HeaderRecord, state: EngineState): BlockFault | undefined {
    const fault = consensusStateFault(block.header, state);
    if (!fault || isAsCommitted(parent)) return fault;
    const before = this.committedOf(parent);
    const earlier = before && this.#advance(contentsOf(block), before);
    if (!before || !earlier || consensusStateFault(block.header, earlier)) return fault;
    const { hash, hashHex, header, seal } = block;
    this.#records.set(hashHex, { ...before, hash, hashHex, header, seal, ...earlier });
    return undefined;
  }

  /** The record with the state that its header commits to; undefined if a block that is needed for this is not stored. */
  committedOf(record: HeaderRecord): HeaderRecord | undefined {
    const { tree, reader } = this.#modules;
    return committedRecord(record, {
      parentOf: ({ header }) => {
        const parent = tree.get(header.parentHash);
        return parent && (this.#records.get(parent.hashHex) ?? parent);
      },
      contentsOf: ({ hash }) => {
        const found = reader.block(hash);
        return found && contentsOf(found);
      },
      advance: (contents, parent) => this.#advance(contents, parent),
    });
  }

  #advance(contents: BlockContents, parent: HeaderRecord): EngineState | undefined {
    const { engine, tree } = this.#modules;
    const advanced = engine.advance(contents, parent, tree);
    return advanced.ok ? advanced.value : undefined;
  }
}

/** That the engine's state after the block is the one that the header commits to. */
function consensusStateFault(
  header: Pick<Header, "consensusStateHash">,
  { consensusState }: EngineState,
): BlockFault | undefined {
  const expected = sha256(consensusState);
  if (bytesEqual(header.consensusStateHash, expected)) return undefined;
  return {
    code: "block/consensus-state-wrong",
    expected: toHex(expected),
    actual: toHex(header.consensusStateHash),
  };
}
