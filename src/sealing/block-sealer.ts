/** What the block producer needs of an engine's sealer: a header and its transactions in, a sealed block out. */
import { assembleBlock, type Block, type Header } from "../protocol/block.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { Sealer, SealOptions } from "./sealer.ts";

/** An authority's sealer is one as it is; a miner's is made by {@link blockSealerOf}. */
export interface BlockSealer {
  /** The block that was sealed on this parent before, where the engine forbids a second one. */
  previousOn(parentHash: Uint8Array): Uint8Array | undefined;
  /** Resolves to undefined where `signal` aborted first. */
  sealBlock(
    header: Header,
    transactions: readonly DecodedTransaction[],
    options: SealOptions,
  ): Promise<Block | undefined>;
  close(): Promise<void>;
}

export function blockSealerOf(sealer: Sealer): BlockSealer {
  return {
    previousOn: () => undefined,
    async sealBlock(header, transactions, options) {
      const seal = await sealer.seal(header, options);
      return seal && assembleBlock(header, seal, transactions);
    },
    close: () => sealer.close(),
  };
}
