/** Votes that tests can tell apart, signed by one authority. */
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { signVote, type Vote } from "../../src/protocol/vote.ts";

export const voterKeys = keyPairFromSeed(new Uint8Array(32).fill(5));
export const voteChainId = new Uint8Array(32).fill(0xc1);

/** @param variant another block of the same height */
export function checkpointOf(height: number, variant = 0): Checkpoint {
  return { height, hash: sha256(Uint8Array.of(height % 256, height >> 8, variant)) };
}

export function voteOf(sourceHeight: number, targetHeight: number, variant = 0): Vote {
  return signVote(voteChainId, checkpointOf(sourceHeight), checkpointOf(targetHeight, variant), voterKeys);
}
