/** What the block producer needs of an engine's sealer: a header and its transactions in, a sealed block out. */
import type { Block, ConsensusSection, Header } from "../protocol/block.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { SealOptions } from "./sealer.ts";

/** A block that lacks only its seal. */
export interface BlockDraft {
  readonly header: Header;
  readonly transactions: readonly DecodedTransaction[];
  readonly consensusSection: ConsensusSection;
}

/** An authority's sealer is one as it is; a miner's is the `WorkBoard`. */
export interface BlockSealer {
  /** The block that was sealed on this parent before, where the engine forbids a second one. */
  previousOn(parentHash: Uint8Array): Uint8Array | undefined;
  /** Resolves to undefined where `signal` aborted first. */
  sealBlock(draft: BlockDraft, options: SealOptions): Promise<Block | undefined>;
  /** Nothing is to be sealed for now; of use to one that shows its draft to searchers elsewhere. */
  pause?(): void;
  close(): Promise<void>;
}
