/** What the export reads a chain through; a `Chain` fits as it is. */
import type { AuthorityChange } from "../consensus/engine.ts";
import type { Block, HeaderRecord } from "../protocol/block.ts";
import type { Certificate } from "../protocol/certificate.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { ChainSpec } from "../protocol/genesis.ts";

/** Every read must see one head: between two awaits nothing here may change. */
export interface LedgerSource {
  readonly spec: ChainSpec;
  readonly head: Pick<HeaderRecord, "header">;
  /** The highest canonical block that nothing can replace any more; undefined where the source does not know. */
  readonly final: Checkpoint | undefined;
  /** A quorum's votes for a canonical block above `final`, which make that one final; undefined where the source does not know. */
  finalCertificate(): Certificate | undefined;
  /** Of the canonical chain; undefined above the head. */
  hashAtHeight(height: number): Uint8Array | undefined;
  /** Throws if the block is damaged. */
  block(hash: Uint8Array): Block | undefined;
  /** The encoded block, where that costs less than {@link block}: its contents are not checked. */
  blockBytes?(hash: Uint8Array): Uint8Array | undefined;
  headerOf(
    hash: Uint8Array,
  ): (Pick<HeaderRecord, "cumulativeWeight"> & Partial<Pick<HeaderRecord, "header" | "seal">>) | undefined;
  /** What a canonical block changed in the set of authorities; of block 0 the set itself; empty in Proof of Work. */
  authorityChanges(block: Pick<Block, "hash" | "header" | "consensusSection">): readonly AuthorityChange[];
}
