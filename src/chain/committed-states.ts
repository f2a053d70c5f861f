/** Holds headers against the engine's state, also for blocks that were sealed before operators declared a block below final (trust recovery). */
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

  /** The record with the state that its header commits to; undefined if a block that is needed for this is not stored. */
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
