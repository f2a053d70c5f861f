/** What a chain of blocks shows about its finality and its authorities. No engine's own bytes are needed to read it. */
import type { Checkpoint } from "../../protocol/checkpoint.ts";

/** What a block's own chain shows about finality. From votes a node may know more. */
export interface ChainFinality {
  /** The source of every vote for the block. */
  readonly justified: Checkpoint;
  readonly finalized: Checkpoint;
  /** Somebody waits until this block is final. Until then empty blocks are worth sealing. */
  readonly unsettledHeight: number;
  /** A change of the authorities that has passed. It comes into force once the block in which it passed is final. */
  readonly inFlight: { readonly action: number; readonly authority: Uint8Array } | undefined;
  readonly banned: readonly Uint8Array[];
  /** False if the chain has only ever had one authority and no user's transaction: giving it up costs nobody anything. */
  readonly established: boolean;
  /** The height at which the set came into force; 0 for the genesis. */
  readonly authoritiesSinceHeight: number;
  /** By authority, in the order of the set: its last block, or its admission if it has sealed none. */
  readonly sealedHeights: readonly number[];
  readonly ballots: readonly OpenBallot[];
}

export interface OpenBallot {
  readonly voter: Uint8Array;
  readonly action: number;
  readonly authority: Uint8Array;
  readonly expiresAtHeight: number;
}
