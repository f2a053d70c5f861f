/** Every block of a run, judged once by the real rules: the verdict follows from the block and its ancestors alone. */
import { toHex } from "../../../src/base/bytes.ts";
import { placeBlock } from "../../../src/chain/stages/judge.ts";
import { saneBlock } from "../../../src/chain/stages/sanity.ts";
import { ancestryOf } from "../../../src/consensus/ancestry.ts";
import type { Block, HeaderRecord } from "../../../src/protocol/block.ts";
import type { BlockFault } from "../../../src/protocol/faults.ts";
import type { Founding } from "./founding.ts";

export interface Verdict {
  /** Set where seal, body and header are good: two such blocks of one producer on one parent are evidence. */
  readonly isSealed: boolean;
  /** Set where everything is. */
  readonly record: HeaderRecord | undefined;
  readonly fault: BlockFault | undefined;
}

export class BlockJudge {
  readonly #founding: Founding;
  readonly #records = new Map<string, HeaderRecord>();
  readonly #blocks = new Map<string, Block>();
  readonly #verdicts = new Map<string, Verdict>();
  readonly recordOf = (hash: Uint8Array): HeaderRecord | undefined => this.#records.get(toHex(hash));

  readonly #ancestry = ancestryOf(this.recordOf);

  constructor(founding: Founding) {
    this.#founding = founding;
    this.#records.set(founding.record.hashHex, founding.record);
    this.#blocks.set(founding.record.hashHex, founding.block);
  }

  /** How many there are, without block 0. */
  get goodBlocks(): number {
    return this.#records.size - 1;
  }

  blockOf({ hashHex }: HeaderRecord): Block {
    return this.#blocks.get(hashHex) as Block;
  }

  parentOf(record: HeaderRecord): HeaderRecord | undefined {
    return this.recordOf(record.header.parentHash);
  }

  /** @param block whose parent is good */
  judge(block: Block): Verdict {
    const known = this.#verdicts.get(block.hashHex);
    if (known) return known;
    const verdict = this.#judge(block);
    this.#verdicts.set(block.hashHex, verdict);
    if (verdict.record) {
      this.#records.set(block.hashHex, verdict.record);
      this.#blocks.set(block.hashHex, block);
    }
    return verdict;
  }

  #judge(block: Block): Verdict {
    const { engine, spec } = this.#founding;
    const { header, seal, hash, hashHex } = block;
    const parent = this.recordOf(header.parentHash);
    if (!parent) throw new Error("a block is judged on a good parent");
    const sane = saneBlock(block, { spec, engine, knownFault: () => undefined });
    const placed = sane.ok ? placeBlock(sane.value, parent, engine) : sane;
    if (!placed.ok) return { isSealed: false, record: undefined, fault: placed.fault };
    const { height, timestampMs, producer } = header;
    const state = engine.advance({ ...block, height, timestampMs, producer }, parent, this.#ancestry);
    if (!state.ok) return { isSealed: true, record: undefined, fault: state.fault };
    const cumulativeWeight = parent.cumulativeWeight + engine.weight(header, parent);
    return {
      isSealed: true,
      record: { hash, hashHex, header, seal, cumulativeWeight, ...state.value },
      fault: undefined,
    };
  }
}
