/** Judges what a header says of the engine's state, also of blocks that were sealed before operators recovered trust below them. */
import { BoundedMap } from "../base/bounded-map.ts";
import { committedRecord, isAsCommitted } from "../consensus/committed-state.ts";
import { type BlockContents, contentsOf, type EngineState } from "../consensus/engine.ts";
import type { Block, HeaderRecord } from "../protocol/block.ts";
import type { BlockFault } from "../protocol/faults.ts";
import { consensusStateFault } from "./stages/judge.ts";

const recordsKept = 64;

export interface CommittedStatesModules {
  recordOf(hash: Uint8Array): HeaderRecord | undefined;
  block(hash: Uint8Array): Block | undefined;
  advance(contents: BlockContents, parent: HeaderRecord): EngineState | undefined;
}

export class CommittedStates {
  readonly #modules: CommittedStatesModules;
  /** Committed records of restated blocks, so that a long row of them is not walked for each one. */
  readonly #records = new BoundedMap<string, HeaderRecord>(recordsKept);

  constructor(modules: CommittedStatesModules) {
    this.#modules = modules;
  }

  /**
   * Why a block cannot be taken for what its header says; undefined if the header commits to the block's state, or to
   * the state that it had before trust recovery: whoever remains may not seal another block in its place.
   *
   * @param state after the block, as this node has it
   */
  faultOf(block: Block, parent: HeaderRecord, state: EngineState): BlockFault | undefined {
    const fault = consensusStateFault(block.header, state);
    if (!fault || isAsCommitted(parent)) return fault;
    const before = this.committedOf(parent);
    const earlier = before && this.#modules.advance(contentsOf(block), before);
    if (!before || !earlier || consensusStateFault(block.header, earlier)) return fault;
    const { hash, hashHex, header, seal } = block;
    this.#records.set(hashHex, { ...before, hash, hashHex, header, seal, ...earlier });
    return undefined;
  }

  /** The record with the state that its header commits to; undefined if a block that this takes is not at hand. */
  committedOf(record: HeaderRecord): HeaderRecord | undefined {
    const { recordOf, block, advance } = this.#modules;
    return committedRecord(record, {
      parentOf: ({ header }) => {
        const parent = recordOf(header.parentHash);
        return parent && (this.#records.get(parent.hashHex) ?? parent);
      },
      contentsOf: ({ hash }) => {
        const found = block(hash);
        return found && contentsOf(found);
      },
      advance,
    });
  }
}
