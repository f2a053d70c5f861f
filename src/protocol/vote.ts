/** Finality votes: an authority's signed link from the highest certified block of a chain to that chain's head. */
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { concatBytes } from "../base/bytes.ts";
import type { Result } from "../base/result.ts";
import { type Checkpoint, CheckpointType } from "./checkpoint.ts";
import { Bytes32, Bytes64, decode } from "./codec.ts";
import type { CodecFault } from "./faults.ts";
import { voteDomain } from "./hashing.ts";
import { type KeyPair, sign, verifySignature } from "./signing.ts";

/** What a vote says; the signature covers it together with the chain id. */
export const LinkType = new ContainerType({ source: CheckpointType, target: CheckpointType });
export type Link = ValueOf<typeof LinkType>;

export const VoteType = new ContainerType({
  source: CheckpointType,
  target: CheckpointType,
  /** Public key. */
  voter: Bytes32,
  signature: Bytes64,
});
export type Vote = ValueOf<typeof VoteType>;
/** Every vote has this many bytes. */
export const voteBytes = 40 + 40 + 32 + 64;

/** "aurex/vote/1" ‖ chainId ‖ sourceHeight ‖ sourceHash ‖ targetHeight ‖ targetHash: SSZ has just these bytes. */
export function voteMessage(chainId: Uint8Array, { source, target }: Link): Uint8Array {
  return concatBytes([voteDomain, chainId, LinkType.serialize({ source, target })]);
}

export function signVote(
  chainId: Uint8Array,
  source: Checkpoint,
  target: Checkpoint,
  keyPair: KeyPair,
): Vote {
  const signature = sign(voteMessage(chainId, { source, target }), keyPair);
  return { source, target, voter: keyPair.publicKey, signature };
}

export function verifyVote(chainId: Uint8Array, vote: Vote): boolean {
  return verifySignature(voteMessage(chainId, vote), vote.signature, vote.voter);
}

export function encodeVote(vote: Vote): Uint8Array {
  return VoteType.serialize(vote);
}

/** Strict; nothing of the vote is verified. */
export function decodeVote(bytes: Uint8Array): Result<Vote, CodecFault> {
  return decode(VoteType, bytes, "vote");
}
