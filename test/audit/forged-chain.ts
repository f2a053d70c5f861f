/** Blocks that no node would take, as the source of an export: what somebody with every tool of ours could write into a file. */
import { toHex } from "../../src/base/bytes.ts";
import type { LedgerSource } from "../../src/export/ledger-source.ts";
import type { Block } from "../../src/protocol/block.ts";
import type { Certificate } from "../../src/protocol/certificate.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import type { BlockBuilder, BuiltBlock } from "../chain/block-builder.ts";
import { exportOnce } from "../export/ledger-contents.ts";

export interface ForgedClaims {
  readonly final?: Checkpoint;
  readonly finalCertificate?: Certificate;
  /** What the source says of a block's weight instead of the truth. */
  readonly weight?: (truth: bigint) => bigint;
}

/** Says of its blocks what their builder says; judges nothing. */
class ForgedChain implements LedgerSource {
  readonly #builder: BlockBuilder;
  readonly #blocks: readonly BuiltBlock[];
  readonly #byHash: ReadonlyMap<string, BuiltBlock>;
  readonly #claims: ForgedClaims;

  constructor(builder: BlockBuilder, blocks: readonly BuiltBlock[], claims: ForgedClaims) {
    this.#builder = builder;
    this.#blocks = blocks;
    this.#byHash = new Map(blocks.map((built) => [built.block.hashHex, built]));
    this.#claims = claims;
  }

  get spec() {
    return this.#builder.spec;
  }

  get head() {
    return (this.#blocks.at(-1) as BuiltBlock).record;
  }

  get final() {
    return this.#claims.final;
  }

  finalCertificate() {
    return this.#claims.finalCertificate;
  }

  hashAtHeight(height: number): Uint8Array | undefined {
    return this.#blocks[height]?.block.hash;
  }

  block(hash: Uint8Array): Block | undefined {
    return this.#byHash.get(toHex(hash))?.block;
  }

  headerOf(hash: Uint8Array): { cumulativeWeight: bigint } | undefined {
    const truth = this.#byHash.get(toHex(hash))?.record.cumulativeWeight;
    if (truth === undefined) return undefined;
    return { cumulativeWeight: this.#claims.weight?.(truth) ?? truth };
  }

  authorityChanges(block: Block) {
    const of = (hash: Uint8Array) => this.#byHash.get(toHex(hash))?.record;
    const after = of(block.hash);
    const { height, parentHash } = block.header;
    if (!after || this.spec.consensus === "pow") return [];
    const before = height === 0 ? undefined : (of(parentHash) ?? this.#blocks[height - 1]?.record);
    return this.#builder.engine.authority!.changes(before, after, block.consensusSection);
  }
}

/** Writes a chain of any blocks, genesis first, as the job would write a real one. */
export async function exportForged(
  file: string,
  builder: BlockBuilder,
  blocks: readonly BuiltBlock[],
  claims: ForgedClaims = {},
): Promise<void> {
  await exportOnce(file, new ForgedChain(builder, blocks, claims));
}
