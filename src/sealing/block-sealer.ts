/** What the block producer needs of a sealer: a draft in, a sealed block out. */
import type { Block, ConsensusSection, Header } from "../protocol/block.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { SealOptions } from "./sealer.ts";

/** A block that lacks only its seal. */
export interface BlockDraft {
  readonly header: Header;
  readonly transactions: readonly DecodedTransaction[];
  readonly consensusSection: ConsensusSection;
}

/** Two sealers do this: an authority's (`poa/`) and a miner's `WorkBoard` (`pow/`). */
export interface BlockSealer {
  /** The block that was sealed on this parent before, if the engine forbids a second one. */
  previousOn(parentHash: Uint8Array): Uint8Array | undefined;
  /** Resolves to undefined if `signal` aborts first. */
  sealBlock(draft: BlockDraft, options: SealOptions): Promise<Block | undefined>;
  /** Nothing is to be sealed for now. A sealer that shows its draft to searchers outside withdraws the draft. */
  pause?(): void;
  close(): Promise<void>;
}
