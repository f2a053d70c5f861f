/** What a chain of blocks shows of its finality and its authorities, in words that no engine's own bytes are needed for. */
import type { Checkpoint } from "../../protocol/checkpoint.ts";

/** What a block's own chain shows of finality. Nodes may know more than it shows, from votes. */
export interface ChainFinality {
  /** The source of every vote for the block. */
  readonly justified: Checkpoint;
  readonly finalized: Checkpoint;
  /** The highest block that somebody waits for: empty blocks are worth sealing until it is final. */
  readonly unsettledHeight: number;
  /** A change of the authorities has passed; it is in force once the block that it passed in is final. */
  readonly inFlight: { readonly action: number; readonly authority: Uint8Array } | undefined;
  readonly banned: readonly Uint8Array[];
  /** False while the chain has had one authority ever and no user's transaction: nobody loses anything with it. */
  readonly established: boolean;
  /** By authority, in the order of the set. */
  readonly sealedHeights: readonly number[];
  readonly ballots: readonly OpenBallot[];
}

export interface OpenBallot {
  readonly voter: Uint8Array;
  readonly action: number;
  readonly authority: Uint8Array;
  readonly expiresAtHeight: number;
}
